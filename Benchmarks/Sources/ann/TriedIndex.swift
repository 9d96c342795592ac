import VectorIndex
import VectorMath

/// An index that is made, changed and read, whatever its structure.
protocol TriedIndex: Sendable {
    static func empty(dimension: Int, metric: Metric) -> Self
    /// A file's snapshot.
    static func open(_ path: String) throws -> any VectorSearching
    /// Reads every byte of a file.
    static func verify(_ path: String) throws

    func add(ids: [UInt64], vectors: MatrixView<Float>) throws
    func remove(_ ids: [UInt64]) throws
    func publish() throws
    /// How much a search does for a recall.
    func effort(recall: Double) -> Int
    func reader(effort: Int) -> any VectorSearching
    func write(to path: String) throws
}

extension TriedIndex {
    /// An index of all rows, whose numbers are their ids.
    static func of(_ vectors: Matrix<Float>, metric: Metric) throws -> Self {
        let index = empty(dimension: vectors.columns, metric: metric)
        try index.add(ids: (0..<UInt64(vectors.rows)).map { $0 }, vectors: vectors.view)
        try index.publish()
        return index
    }
}

extension ExactIndex: TriedIndex {
    static func empty(dimension: Int, metric: Metric) -> ExactIndex { ExactIndex(dimension: dimension, metric: metric) }
    static func open(_ path: String) throws -> any VectorSearching { try ExactSnapshot(path: path) }
    static func verify(_ path: String) throws { try ExactSnapshot(path: path).verify() }
    func remove(_ ids: [UInt64]) throws { try delete(ids: ids) }
    func publish() throws { try commit() }
    func effort(recall: Double) -> Int { 0 }
    func reader(effort: Int) -> any VectorSearching { snapshot() }
    func write(to path: String) throws { try snapshot().write(to: path, force: true) }
}

extension GraphIndex: TriedIndex {
    static func empty(dimension: Int, metric: Metric) -> GraphIndex { GraphIndex(dimension: dimension, metric: metric) }
    static func open(_ path: String) throws -> any VectorSearching { try GraphSnapshot(path: path) }
    static func verify(_ path: String) throws { try GraphSnapshot(path: path).verify() }
    func remove(_ ids: [UInt64]) throws { delete(ids: ids) }
    func publish() throws { try commit() }
    func effort(recall: Double) -> Int { snapshot().searching(recall: recall).beam }
    func reader(effort: Int) -> any VectorSearching { snapshot().searching(beam: effort) }
    func write(to path: String) throws { try snapshot().write(to: path) }
}

extension PartitionIndex: TriedIndex {
    static func empty(dimension: Int, metric: Metric) -> PartitionIndex {
        PartitionIndex(dimension: dimension, metric: metric)
    }
    static func open(_ path: String) throws -> any VectorSearching { try PartitionSnapshot(path: path) }
    static func verify(_ path: String) throws { try PartitionSnapshot(path: path).verify() }
    func remove(_ ids: [UInt64]) throws { delete(ids: ids) }
    func publish() throws { try commit() }
    func effort(recall: Double) -> Int { snapshot().searching(recall: recall).probes }
    func reader(effort: Int) -> any VectorSearching { snapshot().searching(probes: effort) }
    func write(to path: String) throws { try snapshot().write(to: path) }
}
