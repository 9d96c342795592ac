internal import Synchronization
public import VectorMath

/// An approximate nearest-neighbour index in memory that one writer changes while others read its snapshots: a graph.
///
/// Changes gather until `commit`, which publishes them in a new snapshot. A new vector is seen only when its links are there; a
/// deleted one's neighbours are linked with one another before it goes. Calls are safe from several threads: they take turns.
public final class GraphIndex: Sendable {
    public let metric: Metric
    public let dimension: Int
    public let settings: GraphSettings

    private let state: Mutex<Writing>

    private struct Writing: Sendable {
        var committed: GraphState
        var digests: [UInt64: UInt32] = [:]
        var batches: [Matrix<Float>] = []
        /// The last thing that happened to each id: where its new vector is, or nil where it was deleted.
        var changes: [UInt64: (batch: Int, row: Int)?] = [:]

        mutating func forget() { (batches, changes) = ([], [:]) }
    }

    /// An empty index.
    ///
    /// - Parameter dimension: D, 1...65536.
    public init(dimension: Int, metric: Metric, settings: GraphSettings = GraphSettings()) {
        precondition(
            (1...IndexFileLayout.maximumDimension).contains(dimension), "an index of \(dimension) dimensions")
        self.metric = metric
        self.dimension = dimension
        self.settings = settings
        state = Mutex(Writing(committed: GraphState(metric: metric, dimension: dimension, settings: settings)))
    }

    /// What was last committed.
    public func snapshot() -> GraphSnapshot { state.withLock { GraphSnapshot($0.committed) } }

    /// Adds vectors; an id that is there already gets its new vector. Of one id twice in a call, the later row stays.
    ///
    /// All of the call's rows are taken or, when it throws, none. They are found from the next commit on.
    /// - Parameter vectors: `[N, D]`, finite; for `innerProduct` and `squaredL2` with a squared length below 8.5e37.
    public func add(ids: [UInt64], vectors: MatrixView<Float>) throws(VectorIndexError) {
        guard ids.count == vectors.rows else { throw .countMismatch(ids: ids.count, vectors: vectors.rows) }
        let prepared = try VectorCheck.prepared(vectors, metric: metric, dimension: dimension)
        state.withLock { state in
            state.changes.reserveCapacity(state.changes.count + ids.count)
            for (row, id) in ids.enumerated() { state.changes[id] = .some((state.batches.count, row)) }
            state.batches.append(prepared)
        }
    }

    /// Takes vectors out; an id that is not there is no error.
    ///
    /// - Returns: How many of the ids were there, be it committed or only added.
    @discardableResult
    public func delete(ids: some Sequence<UInt64>) -> Int {
        let ids = Array(ids)
        return state.withLock { state in
            var count = 0
            for id in ids {
                let isCommitted = state.committed.table[id] != nil
                switch state.changes[id] {
                case .some(.some):
                    state.changes[id] = isCommitted ? .some(nil) : nil
                    count += 1
                case .some(.none): break
                case .none where isCommitted:
                    state.changes[id] = .some(nil)
                    count += 1
                case .none: break
                }
            }
            return count
        }
    }

    /// Forgets what was changed since the last commit.
    public func rollback() { state.withLock { $0.forget() } }

    /// Publishes the changes: the next `snapshot()` has them. The same changes in the same order give the same graph, for any
    /// number of threads.
    ///
    /// - Parameter progress: Is told how far the commit is; where it returns false, the commit ends.
    /// - Throws: `GraphCommitCancelled`; then nothing has changed, and the changes wait for another commit.
    public func commit(progress: @escaping (GraphProgress) -> Bool = { _ in true }) throws(GraphCommitCancelled) {
        try state.withLock { (writing) throws(GraphCommitCancelled) in
            guard !writing.changes.isEmpty else { return }
            var changes = GraphChanges(writing.committed, digests: writing.digests, report: progress)
            try changes.delete(writing.changes.keys.filter { writing.committed.table[$0] != nil }.sorted())
            var places = writing.changes.compactMap { id, place in place.map { (id: id, batch: $0.batch, row: $0.row) }
            }
            places.sort { $0.id < $1.id }
            var vectors = Matrix<Float>(uninitializedRows: places.count, columns: dimension)
            for (row, place) in places.enumerated() {
                vectors.copyRow(place.row, of: writing.batches[place.batch].view, to: row)
            }
            try changes.addMeasuring(ids: places.map(\.id), vectors: vectors)
            changes.reachAll()
            writing.committed = changes.state
            writing.digests = changes.digests
            writing.forget()
        }
    }
}
