import Files
import VectorIndex
import VectorMath

/// Vectors and answers for tests, made from a seed.
enum TestVectors {
    static func random(_ count: Int, dimension: Int, seed: UInt64) -> Matrix<Float> {
        var generator = RandomGenerator(seed: seed)
        let elements = (0..<count * dimension).map { _ in generator.normal() }
        return Matrix(rows: count, columns: dimension, elements: elements)
    }

    /// Vectors with few distinct components: many equal scores.
    static func coarse(_ count: Int, dimension: Int, seed: UInt64) -> Matrix<Float> {
        var generator = RandomGenerator(seed: seed)
        let elements = (0..<count * dimension).map { _ in Float(generator.below(3)) - 1 }
        return Matrix(rows: count, columns: dimension, elements: elements)
    }

    /// Vectors around a few centres, which are the same for every seed.
    static func clustered(_ count: Int, dimension: Int, centres: Int = 20, spread: Float = 0.3, seed: UInt64) -> Matrix<
        Float
    > {
        let middles = random(centres, dimension: dimension, seed: 1000)
        var generator = RandomGenerator(seed: seed)
        var elements: [Float] = []
        elements.reserveCapacity(count * dimension)
        for _ in 0..<count {
            let middle = generator.below(centres)
            for column in 0..<dimension { elements.append(middles[middle, column] + spread * generator.normal()) }
        }
        return Matrix(rows: count, columns: dimension, elements: elements)
    }

    /// Distinct ids in no order.
    static func ids(_ count: Int, seed: UInt64) -> [UInt64] {
        var generator = RandomGenerator(seed: seed)
        var ids = (0..<UInt64(count)).map { $0 * 7 + ($0 % 3) << 40 }
        generator.shuffle(&ids)
        return ids
    }

    static func index(
        _ vectors: Matrix<Float>, ids: [UInt64], metric: Metric, storage: VectorStorage = .float32,
        codes: CodePolicy = .automatic
    ) throws -> ExactSnapshot {
        let index = ExactIndex(dimension: vectors.columns, metric: metric, storage: storage, codes: codes)
        try index.add(ids: ids, vectors: vectors.view)
        try index.commit()
        return index.snapshot()
    }
}

/// The definition of a search, in double precision: what the index is held against.
struct ReferenceIndex {
    var metric: Metric
    var vectors: [UInt64: [Float]] = [:]

    init(metric: Metric) { self.metric = metric }

    init(_ matrix: Matrix<Float>, ids: [UInt64], metric: Metric) {
        self.metric = metric
        for (row, id) in ids.enumerated() { vectors[id] = matrix.row(row) }
    }

    func score(_ query: [Float], _ vector: [Float]) -> Double {
        func dot(_ a: [Float], _ b: [Float]) -> Double { zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) } }
        switch metric {
        case .innerProduct: return dot(query, vector)
        case .squaredL2:
            return zip(query, vector).reduce(0) { $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1)) }
        case .cosine:
            let lengths = (dot(query, query) * dot(vector, vector)).squareRoot()
            return lengths == 0 ? 0 : dot(query, vector) / lengths
        }
    }

    func search(_ query: [Float], k: Int, among candidates: CandidateSet? = nil) -> [(id: UInt64, score: Double)] {
        let all = vectors.filter { candidates?.contains($0.key) ?? true }.map {
            (id: $0.key, score: score(query, $0.value))
        }
        let sorted = all.sorted { a, b in
            if a.score != b.score { return metric.largerIsNearer ? a.score > b.score : a.score < b.score }
            return a.id < b.id
        }
        return Array(sorted.prefix(k))
    }
}

/// A folder that is gone when the test is over.
final class TemporaryFolder {
    let path: String

    init() throws {
        path = FileSystem.joined(FileSystem.temporaryFolder, "attune-test-\(UInt64.random(in: .min ... .max))")
        try FileSystem.makeDirectory(path)
    }

    func file(_ name: String) -> String { FileSystem.joined(path, name) }

    deinit { try? FileSystem.remove(path) }
}
