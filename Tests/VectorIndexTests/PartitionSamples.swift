import VectorIndex
import VectorMath

/// Indexes of partitions for tests.
enum PartitionSamples {
    static func index(
        _ vectors: Matrix<Float>, ids: [UInt64]? = nil, metric: Metric = .squaredL2,
        settings: PartitionSettings = PartitionSettings()
    ) throws -> PartitionIndex {
        let index = PartitionIndex(dimension: vectors.columns, metric: metric, settings: settings)
        try index.add(ids: ids ?? (0..<UInt64(vectors.rows)).map { $0 }, vectors: vectors.view)
        try index.commit()
        return index
    }
}
