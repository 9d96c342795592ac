import Foundation
import Harness
import VectorIndex
import VectorMath

/// An index of our own that is measured.
struct OwnIndex {
    /// How the vectors are searched.
    enum Structure: String, CaseIterable {
        /// Codes first, exact distances where their bound leaves doubt.
        case bounded
        /// Every vector compared with the query.
        case exact
        /// From vertex to vertex of a graph, vectors in half precision.
        case graph
        /// The nearest clusters, codes of 4 bits and vectors in half precision.
        case partitions
        /// The nearest clusters, codes of 7 bits and nothing else.
        case smallPartitions = "partitions-small"
    }

    /// Beams of a graph that are measured.
    private static let beams = [10, 12, 14, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 160, 200, 260, 320]

    /// Numbers of clusters that are measured.
    private static let probes = [
        2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 32, 40, 50, 60, 70, 80, 100, 128, 160, 200, 256, 320,
    ]

    let name: String
    let buildSeconds: Double
    let bytesPerVector: Double
    /// What is measured: a snapshot a setting.
    let settings: [(name: String, snapshot: any VectorSearching)]

    init(_ structure: Structure, _ vectors: Vectors) throws {
        name = "Attune " + structure.rawValue
        let ids = (0..<UInt64(vectors.base.rows)).map { $0 }
        if structure == .graph {
            let index = GraphIndex(dimension: vectors.base.columns, metric: vectors.metric)
            buildSeconds = try Timing.seconds {
                try index.add(ids: ids, vectors: vectors.base.view)
                try index.commit()
            }
            let snapshot = index.snapshot()
            bytesPerVector = Double(snapshot.bytesPerVector)
            settings = Self.beams.map { ("beam \($0)", snapshot.searching(beam: $0)) }
            return
        }
        if structure == .partitions || structure == .smallPartitions {
            let index = PartitionIndex(
                dimension: vectors.base.columns, metric: vectors.metric,
                settings: structure == .partitions ? .fast : .small)
            buildSeconds = try Timing.seconds {
                try index.add(ids: ids, vectors: vectors.base.view)
                try index.commit()
            }
            let snapshot = index.snapshot()
            bytesPerVector = try Self.fileSize { try snapshot.write(to: $0) } / Double(vectors.base.rows)
            settings = Self.probes.map { ("probes \($0)", snapshot.searching(probes: $0)) }
            return
        }
        let index = ExactIndex(
            dimension: vectors.base.columns, metric: vectors.metric, codes: structure == .bounded ? .always : .never)
        buildSeconds = try Timing.seconds {
            try index.add(ids: ids, vectors: vectors.base.view)
            try index.commit()
        }
        let snapshot = index.snapshot()
        bytesPerVector = try Self.fileSize { try snapshot.write(to: $0, force: true) } / Double(vectors.base.rows)
        settings = [("default", snapshot)]
    }

    /// The bytes of the file that an index is written to.
    private static func fileSize(_ write: (String) throws -> Void) throws -> Double {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("attune-ann-\(getpid())").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try write(path)
        return Double(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0)
    }

    /// What a setting finds, one query after another.
    func search(_ setting: Int, _ queries: Matrix<Float>, k: Int) throws -> [[Neighbour]] {
        var found: [[Neighbour]] = []
        found.reserveCapacity(queries.rows)
        for query in 0..<queries.rows {
            found += try settings[setting].snapshot.search(queries.view.rows(query..<query + 1), k: k, among: nil)
        }
        return found
    }
}
