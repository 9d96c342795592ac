import ArgumentParser
import Files
import Foundation
import Harness
import VectorIndex
import VectorMath

/// Attune's indexes beside the libraries', the same vectors, the same core, the same run.
struct Race: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "race",
        abstract: "Recall against queries a second, beside the peers that ATTUNE_PEERS names a Python of.",
        discussion: """
            Queries go in one at a time, pinned to one core; indexes take turns, and each figure is the median of the rounds. A \
            neighbour counts as found where it is as near as the k-th true one.
            """)

    @Option(help: "The vectors: .npy, .fvecs or .bvecs.") var base: String
    @Option(help: "The queries.") var queries: String
    @Option(help: "The true neighbours' numbers, .npy (default: found by a full scan).") var truth: String?
    @Option(help: "l2, ip or cosine.") var metric = "l2"
    @Option(name: .short, help: "Neighbours a query.") var k = 10
    @Option(help: "Queries that are asked, evenly spread over the file.") var count = 1000
    @Option(help: "Rounds.") var rounds = 5
    @Option(help: "Threads that build; searches use one.") var threads = ThreadPool.availableCores
    @Option(help: "Indexes of our own, separated by commas: \(OwnIndex.Structure.names).") var own =
        "graph,bounded,exact"
    @Option(help: "The beam that builds our graph (default: the library's).") var buildBeam: Int?
    @Option(help: "Peers, separated by commas, or `none`.")
    var peers = "hnswlib,faiss-flat,faiss-rabitq-refined,faiss-hnsw-sq8,usearch-bf16,svs-vamana-f16"
    @Option(help: "Write what our first index finds: PREFIX-ids.npy and PREFIX-scores.npy, for check_nearest.py.")
    var results: String?
    @Flag(help: "Print one JSON document.") var json = false

    private var metricKind: Metric? { Metric(benchmarkName: metric) }

    func validate() throws {
        guard metricKind != nil else { throw ValidationError("--metric is \(metric); it takes l2, ip and cosine") }
        for name in own.split(separator: ",") where OwnIndex.Structure(rawValue: String(name)) == nil {
            throw ValidationError("--own names \(name); there are \(OwnIndex.Structure.names)")
        }
    }

    func run() throws {
        ThreadPool.setDefaultWidth(threads)
        let vectors = try Vectors(
            base: base, queries: queries, truth: truth, metric: metricKind!, k: k, count: count)
        let mine = try own.split(separator: ",").map {
            try OwnIndex(OwnIndex.Structure(rawValue: String($0))!, vectors, buildBeam: buildBeam)
        }
        if let results, let first = mine.first { try write(first.search(0, vectors.queries, k: k), to: results) }
        let others = try startPeers(vectors)
        let machine = Machine.measure()
        ThreadPool.setDefaultWidth(1)
        let core = Machine.pinToOneCore()
        var curves = try measure(vectors, mine, others)
        curves.sort { ($0.rate(atRecall: 0.95) ?? 0) > ($1.rate(atRecall: 0.95) ?? 0) }
        if json {
            var document = curves.first { $0.name == mine.first?.name }?.fields ?? [:]
            document["machine"] = machine.fields
            document["indexes"] = curves.map(\.fields)
            return try printJSON(document)
        }
        print(machine.summary)
        print(
            "\(vectors.base.rows) × \(vectors.base.columns), \(metric), k \(k), \(vectors.queries.rows) queries, one thread on core "
                + "\(core), median of \(rounds) rounds\n")
        report(curves)
    }

    private func write(_ found: [[Neighbour]], to prefix: String) throws {
        let shape = [found.count, k]
        let ids = try NumpyWriter(replacing: prefix + "-ids.npy", type: .int32, shape: shape)
        let scores = try NumpyWriter(replacing: prefix + "-scores.npy", type: .float32, shape: shape)
        for neighbours in found {
            try ids.append(neighbours.map { Int32($0.id) })
            try scores.append(neighbours.map(\.score))
        }
        try ids.commit()
        try scores.commit()
    }

    private func startPeers(_ vectors: Vectors) throws -> [RunningPeer] {
        guard peers != "none", Peer.interpreter != nil else { return [] }
        let folder = FileManager.default.temporaryDirectory
        let truth = folder.appendingPathComponent("attune-truth-\(getpid()).npy").path
        let asked = folder.appendingPathComponent("attune-queries-\(getpid()).npy").path
        defer { for path in [truth, asked] { try? FileManager.default.removeItem(atPath: path) } }
        let writer = try NumpyWriter(replacing: truth, type: .int32, shape: [vectors.truth.count, k])
        for ids in vectors.truth { try writer.append(ids.map(Int32.init)) }
        try writer.commit()
        let (rows, columns) = (vectors.queries.rows, vectors.queries.columns)
        let queryWriter = try NumpyWriter(replacing: asked, type: .float32, shape: [rows, columns])
        for row in 0..<rows { try queryWriter.append(vectors.queries.row(row)) }
        try queryWriter.commit()
        return try peers.split(separator: ",").compactMap { name in
            try RunningPeer(
                String(name),
                arguments: [
                    "--base", base, "--queries", asked, "--truth", truth, "--metric", metric, "-k", "\(k)",
                    "--count", "\(vectors.queries.rows)",
                ])
        }
    }

    private func measure(_ vectors: Vectors, _ mine: [OwnIndex], _ others: [RunningPeer]) throws -> [Curve] {
        var curves =
            mine.map { Curve(name: $0.name, buildSeconds: $0.buildSeconds, bytesPerVector: $0.bytesPerVector) }
            + others.map { Curve(name: $0.name, buildSeconds: $0.buildSeconds, bytesPerVector: $0.bytesPerVector) }
        for (place, index) in mine.enumerated() {
            curves[place].points = try index.settings.indices.map { setting in
                let recall = vectors.recall(try index.search(setting, vectors.queries, k: k))
                return Curve.Point(setting: index.settings[setting].name, recall: recall, rates: [])
            }
        }
        for _ in 0..<rounds {
            for (place, index) in mine.enumerated() {
                for setting in index.settings.indices {
                    let seconds = try Timing.seconds { _ = try index.search(setting, vectors.queries, k: k) }
                    curves[place].points[setting].rates.append(Double(vectors.queries.rows) / seconds)
                }
            }
            for (place, peer) in others.enumerated() {
                for (number, point) in peer.measure().enumerated() {
                    if curves[mine.count + place].points.count <= number {
                        curves[mine.count + place].points.append(
                            Curve.Point(setting: point.setting, recall: point.recall, rates: []))
                    }
                    curves[mine.count + place].points[number].rates.append(point.rate)
                }
            }
        }
        return curves
    }

    private func report(_ curves: [Curve]) {
        var table = Table(["index", "q/s at .95", "at .99", "best recall", "its q/s", "bytes a vector", "build s"])
        for curve in curves {
            func text(_ rate: Double?) -> String { rate.map { fixed($0, 0) } ?? "never" }
            let best = curve.points.max { ($0.recall, $0.rate) < ($1.recall, $1.rate) }
            table.add([
                curve.name, text(curve.rate(atRecall: 0.95)), text(curve.rate(atRecall: 0.99)),
                fixed(best?.recall ?? .nan, 4), fixed(best?.rate ?? .nan, 0), fixed(curve.bytesPerVector, 0),
                fixed(curve.buildSeconds, 1),
            ])
        }
        print(table.text)
    }
}
