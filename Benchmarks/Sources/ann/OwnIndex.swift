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
        /// As `bounded` and `exact`, with vectors in fewer bits.
        case boundedBFloat16 = "bounded-bf16"
        case boundedInt8 = "bounded-int8"
        case exactBFloat16 = "exact-bf16"
        case exactInt8 = "exact-int8"

        static var names: String { allCases.map(\.rawValue).joined(separator: ", ") }

        var storage: VectorStorage {
            rawValue.hasSuffix("bf16") ? .bfloat16 : rawValue.hasSuffix("int8") ? .int8 : .float32
        }
        var codes: CodePolicy { rawValue.hasPrefix("bounded") ? .always : .never }
    }

    /// Beams of a graph that are measured.
    private static let beams = [10, 12, 14, 16, 20, 24, 32, 40, 48, 64, 80, 96, 128, 160, 200, 260, 320]

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
        let index = ExactIndex(
            dimension: vectors.base.columns, metric: vectors.metric, storage: structure.storage, codes: structure.codes)
        buildSeconds = try Timing.seconds {
            try index.add(ids: ids, vectors: vectors.base.view)
            try index.commit()
        }
        let snapshot = index.snapshot()
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("attune-ann-\(getpid())").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try snapshot.write(to: path, force: true)
        let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
        bytesPerVector = Double(size) / Double(vectors.base.rows)
        settings = [("default", snapshot)]
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
