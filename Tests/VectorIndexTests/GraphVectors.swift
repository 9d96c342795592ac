import VectorIndex
import VectorMath

/// Vectors and graphs for tests of the graph index, made from a seed.
enum GraphVectors {
    /// Clusters in a subspace, with noise: near what embeddings look like.
    static func clustered(
        _ count: Int, dimension: Int, clusters: Int = 40, seed: UInt64, stream: UInt64 = 1
    ) -> Matrix<Float> {
        let rank = min(12, dimension)
        var shape = RandomGenerator(seed: seed)
        let basis = (0..<rank * dimension).map { _ in shape.normal() }
        let centres = (0..<clusters * rank).map { _ in shape.normal() }
        var generator = RandomGenerator(seed: seed, stream: stream)
        var vectors = Matrix<Float>(rows: count, columns: dimension)
        for row in 0..<count {
            let cluster = generator.below(clusters)
            var vector = (0..<dimension).map { _ in 0.2 * generator.normal() }
            for part in 0..<rank {
                let weight = centres[cluster * rank + part] + 0.6 * generator.normal()
                for column in 0..<dimension { vector[column] += weight * basis[part * dimension + column] }
            }
            vectors.setRow(row, to: vector)
        }
        return vectors
    }

    static func graph(
        _ vectors: Matrix<Float>, ids: [UInt64]? = nil, metric: Metric = .squaredL2,
        settings: GraphSettings = GraphSettings()
    ) throws -> GraphIndex {
        let index = GraphIndex(dimension: vectors.columns, metric: metric, settings: settings)
        try index.add(ids: ids ?? (0..<UInt64(vectors.rows)).map { $0 }, vectors: vectors.view)
        try index.commit()
        return index
    }

    static func exact(_ vectors: Matrix<Float>, ids: [UInt64]? = nil, metric: Metric) throws -> ExactSnapshot {
        try TestVectors.index(vectors, ids: ids ?? (0..<UInt64(vectors.rows)).map { $0 }, metric: metric).fullScan
    }

    /// The part of the true neighbours that were found; one as near as the last of them counts.
    static func recall(
        _ found: [[Neighbour]], of truth: [[Neighbour]], metric: Metric, slack: Float = 2e-3
    ) -> Double {
        var (hits, count) = (0, 0)
        for (found, truth) in zip(found, truth) {
            guard let last = truth.last?.score else { continue }
            let room = slack * max(1e-6, abs(last))
            hits += min(
                truth.count,
                found.filter { metric.largerIsNearer ? $0.score >= last - room : $0.score <= last + room }.count)
            count += truth.count
        }
        return count == 0 ? 1 : Double(hits) / Double(count)
    }
}
