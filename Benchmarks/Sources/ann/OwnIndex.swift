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
    }

    let name: String
    let buildSeconds: Double
    let bytesPerVector: Double
    private let snapshot: ExactSnapshot

    init(_ structure: Structure, _ vectors: Vectors) throws {
        name = "Attune " + structure.rawValue
        let ids = (0..<UInt64(vectors.base.rows)).map { $0 }
        let index = ExactIndex(
            dimension: vectors.base.columns, metric: vectors.metric, codes: structure == .bounded ? .always : .never)
        buildSeconds = try Timing.seconds {
            try index.add(ids: ids, vectors: vectors.base.view)
            try index.commit()
        }
        snapshot = index.snapshot()
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("attune-ann-\(getpid())").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try snapshot.write(to: path, force: true)
        let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
        bytesPerVector = Double(size) / Double(vectors.base.rows)
    }

    /// What it finds, one query after another.
    func search(_ queries: Matrix<Float>, k: Int) throws -> [[Neighbour]] {
        var found: [[Neighbour]] = []
        found.reserveCapacity(queries.rows)
        for query in 0..<queries.rows {
            found += try snapshot.search(queries.view.rows(query..<query + 1), k: k, among: nil)
        }
        return found
    }
}
