import Foundation
import Harness
import VectorIndex
import VectorMath

/// An index of our own that is measured.
struct OwnIndex {
    /// How the vectors are searched, and what is kept of them.
    enum Structure: String, CaseIterable {
        /// Codes first, exact distances where their bound leaves doubt.
        case bounded
        case boundedBFloat16 = "bounded-bf16"
        case boundedInt8 = "bounded-int8"
        /// Every vector compared with the query.
        case exact
        case exactBFloat16 = "exact-bf16"
        case exactInt8 = "exact-int8"
        /// From vertex to vertex of a graph, vectors in half precision.
        case graph
        /// The nearest clusters, codes of 4 bits and vectors in half precision.
        case partitions
        /// The nearest clusters, codes of 7 bits and nothing else.
        case smallPartitions = "partitions-small"

        static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }
    }

    /// Beams of a graph that are measured.
    private static let beams = [10, 12, 14, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 160, 200, 260, 320]

    /// Numbers of clusters that are measured.
    private static let probes = [
        2, 3, 4, 5, 6, 8, 10, 13, 16, 20, 25, 32, 40, 50, 60, 70, 80, 100, 128, 160, 200, 256, 320,
    ]

    let name: String
    private(set) var buildSeconds = 0.0
    let bytesPerVector: Double
    /// What is measured: a snapshot a setting.
    let settings: [(name: String, snapshot: any VectorSearching)]

    /// - Parameter buildBeam: A graph's; nil for the usual one.
    init(_ structure: Structure, _ vectors: Vectors, buildBeam: Int? = nil) throws {
        name = "Attune " + structure.rawValue
        let (dimension, metric) = (vectors.base.columns, vectors.metric)
        func exact(_ storage: VectorStorage, _ codes: CodePolicy) -> ExactIndex {
            ExactIndex(dimension: dimension, metric: metric, storage: storage, codes: codes)
        }
        var graph = GraphSettings()
        if let buildBeam { graph.buildBeam = buildBeam }
        let index: any TriedIndex =
            switch structure {
            case .bounded: exact(.float32, .always)
            case .boundedBFloat16: exact(.bfloat16, .always)
            case .boundedInt8: exact(.int8, .always)
            case .exact: exact(.float32, .never)
            case .exactBFloat16: exact(.bfloat16, .never)
            case .exactInt8: exact(.int8, .never)
            case .graph: GraphIndex(dimension: dimension, metric: metric, settings: graph)
            case .partitions: PartitionIndex(dimension: dimension, metric: metric, settings: .fast)
            case .smallPartitions: PartitionIndex(dimension: dimension, metric: metric, settings: .small)
            }
        let seconds = try Timing.seconds {
            try index.add(ids: (0..<UInt64(vectors.base.rows)).map { $0 }, vectors: vectors.base.view)
            try index.publish()
        }
        bytesPerVector = try Double(Self.fileSize(index)) / Double(vectors.base.rows)
        let efforts =
            switch structure {
            case .graph: Self.beams
            case .partitions, .smallPartitions: Self.probes
            default: [0]
            }
        settings = efforts.map { ("\($0)", index.reader(effort: $0)) }
        buildSeconds = seconds
    }

    /// The bytes of the file that an index is written to.
    private static func fileSize(_ index: any TriedIndex) throws -> Int {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("attune-ann-\(getpid())").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try index.write(to: path)
        return try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
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
