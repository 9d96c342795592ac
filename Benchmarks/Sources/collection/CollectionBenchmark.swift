import ArgumentParser
import Corpora
import Files
import Foundation
import Harness
import Retrieval
import VectorIndex
import VectorMath

/// A collection searched exactly beside the same one searched by a graph, passages read and all.
@main
struct CollectionBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "collection",
        abstract:
            "Searches a second of a collection, exact beside graph: from a query's vector to ten passages with their texts."
    )

    @Option(help: "Vectors of the passages, .npy of float32.") var base: String
    @Option(help: "Vectors of queries.") var queries: String
    @Option(help: "The passages' texts, one a line.") var texts: String
    @Option(help: "How many of the passages (default: all).") var count: Int?
    @Option(help: "How many of the queries.") var questions = 1000
    @Option(help: "The recall that is enough.") var recall = 0.95
    @Option(help: "Threads that search, a query each.") var threads = 1
    @Option(help: "Interleaved rounds that the median is taken over.") var rounds = 5
    @Flag(help: "Print one JSON document.") var json = false

    /// What a collection of one structure costs and gives.
    private struct Row {
        let structure: IndexStructure
        let created: Double
        let opened: Double
        let info: CollectionInfo
        var rates: [Double] = []
        var found: [[String]] = []
    }

    func validate() throws {
        guard threads > 0, rounds > 0 else { throw ValidationError("--threads and --rounds must be at least 1") }
    }

    func run() throws {
        let (vectors, asked) = (try Self.vectors(base), try Self.vectors(queries, count: questions))
        let lines = try readLines(texts)
        let number = min(count ?? vectors.rows, vectors.rows, lines.count)
        let passages = (0..<number).map { Passage(id: "\($0)", text: lines[$0]) }
        let folder = try Folder()
        let space = SpaceIdentity(parts: [("benchmark", base)])
        var collections: [Collection] = []
        var rows: [Row] = []
        for structure in [IndexStructure.exact, .graph] {
            let path = folder.path + "/" + structure.rawValue
            let identity = CollectionIdentity(
                space: space, dimension: vectors.columns, model: "benchmark", targetRecall: recall, structure: structure
            )
            let created = try Timing.seconds {
                try Collection.create(
                    at: path, identity: identity, passages: passages, vectors: vectors[rows: 0..<number]
                ).close()
            }
            var collection: Collection?
            let opened = try Timing.seconds { collection = try Collection(path: path) }
            collections.append(collection!)
            rows.append(Row(structure: structure, created: created, opened: opened, info: try collection!.info()))
        }
        for round in 0...rounds {
            for (i, collection) in collections.enumerated() {
                let (seconds, found) = try search(collection, asked, space)
                if round > 0 { rows[i].rates.append(Double(asked.rows) / seconds) } else { rows[i].found = found }
            }
        }
        try show(rows, number)
    }

    private static func vectors(_ path: String, count: Int = .max) throws -> Matrix<Float> {
        let array = try NumpyArray.open(path)
        let rows = min(count, array.rows)
        return Matrix(rows: rows, columns: array.columns, elements: array.floats(rows: 0..<rows))
    }

    /// All queries, one a call; the ids that each finds.
    private func search(
        _ collection: Collection, _ queries: Matrix<Float>, _ space: SpaceIdentity
    ) throws -> (seconds: Double, found: [[String]]) {
        var found = [[String]](repeating: [], count: queries.rows)
        let failure = NSLock()
        nonisolated(unsafe) var error: (any Error)?
        let seconds = found.withUnsafeMutableBufferPointer { buffer in
            nonisolated(unsafe) let results = buffer
            return Timing.seconds {
                DispatchQueue.concurrentPerform(iterations: threads) { thread in
                    do {
                        for i in stride(from: thread, to: queries.rows, by: threads) {
                            results[i] = try collection.search(Array(queries.row(i)), space: space).map(\.passage.id)
                        }
                    } catch let caught {
                        failure.withLock { error = caught }
                    }
                }
            }
        }
        if let error { throw error }
        return (seconds, found)
    }

    private func show(_ rows: [Row], _ count: Int) throws {
        let exact = Timing.median(of: rows[0].rates)
        let recalls = rows.map { row in
            let kept = zip(row.found, rows[0].found).reduce(0) { $0 + Set($1.0).intersection($1.1).count }
            return Double(kept) / Double(rows[0].found.reduce(0) { $0 + $1.count })
        }
        let machine = Machine.measure()
        if json {
            return try printJSON([
                "machine": machine.fields, "passages": count, "threads": threads,
                "rows": zip(rows, recalls).map { row, recall in
                    [
                        "structure": row.structure.rawValue, "create_s": row.created, "open_s": row.opened,
                        "searches_per_s": Timing.median(of: row.rates), "recall": recall,
                        "bytes_per_vector": row.info.bytesPerVector, "index_bytes": row.info.indexSize,
                    ] as [String: Any]
                },
            ])
        }
        print(machine.summary)
        print("\(count) passages, \(rows[0].found.count) queries, \(threads) threads, ten passages each\n")
        var table = Table(
            "structure", "created s", "opened ms", "searches/s", "of exact", "recall@10", "bytes a vector")
        for (row, recall) in zip(rows, recalls) {
            let rate = Timing.median(of: row.rates)
            table.add(
                row.structure.rawValue, fixed(row.created), fixed(row.opened * 1e3), fixed(rate, 0),
                fixed(rate / exact, 2),
                fixed(recall, 4), "\(row.info.bytesPerVector)")
        }
        print(table.text)
    }
}

/// A folder of this run, gone with it.
private final class Folder {
    let path: String

    init() throws {
        path = NSTemporaryDirectory() + "attune-collection-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
