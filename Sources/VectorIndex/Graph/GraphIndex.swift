internal import Files
public import VectorMath

/// An approximate nearest-neighbour index that one writer changes while others read its snapshots: a graph.
///
/// Changes gather until `commit`, which publishes them in a new snapshot and, for an index in a file, replaces the file. Between
/// processes a lock beside the file (`PATH.lock`) lets one writer in. A new vector is seen only when its links are there; a
/// deleted one's neighbours are linked with one another before it goes. Calls are safe from several threads: they take turns.
public final class GraphIndex: Sendable {
    public let metric: Metric
    public let dimension: Int
    public let settings: GraphSettings

    /// The file that `commit()` replaces; nil for an index in memory.
    public let path: String?

    private let lock: FileLock?
    private let state: Guarded<Writing>

    private struct Writing: Sendable {
        var committed: GraphState
        var tag: [UInt8] = []
        var digests: [UInt64: UInt32] = [:]
        var pending = PendingChanges<Matrix<Float>>()
    }

    private init(_ writing: Writing, path: String?, lock: FileLock?) {
        (metric, dimension) = (writing.committed.metric, writing.committed.dimension)
        settings = writing.committed.settings
        (self.path, self.lock) = (path, lock)
        state = Guarded(writing)
    }

    /// An empty index in memory.
    ///
    /// - Parameter dimension: D, 1...65536.
    public convenience init(dimension: Int, metric: Metric, settings: GraphSettings = GraphSettings()) {
        self.init(Self.empty(dimension: dimension, metric: metric, settings: settings), path: nil, lock: nil)
    }

    /// An empty index in a new file, which is there when this returns.
    ///
    /// - Parameters:
    ///   - tag: At most 64 KiB that the owner wants to find again.
    ///   - force: Whether a file of that name may be replaced.
    /// - Throws: `file` with `alreadyExists`, with `locked` while another writer is at work, or with what the disk says.
    public convenience init(
        creating path: String, dimension: Int, metric: Metric, settings: GraphSettings = GraphSettings(),
        tag: [UInt8] = [], force: Bool = false
    ) throws(VectorIndexError) {
        let lock = try lockIndex(path)
        var writing = Self.empty(dimension: dimension, metric: metric, settings: settings)
        writing.tag = tag
        try GraphSnapshot(writing.committed).write(to: path, tag: tag, force: force)
        self.init(writing, path: path, lock: lock)
    }

    /// Opens the index of a file to change it: all of the file is read and verified.
    ///
    /// - Throws: what opening a snapshot and verifying it throws; `file` with `locked` while another writer is at work.
    public convenience init(path: String) throws(VectorIndexError) {
        // First the file: a path without an index should not gain a lock.
        _ = try GraphSnapshot(path: path)
        let lock = try lockIndex(path)
        self.init(try Self.writing(from: GraphSnapshot(path: path)), path: path, lock: lock)
    }

    /// An index in memory that begins with a snapshot's content: all of the file behind it is read and verified.
    ///
    /// - Throws: what verifying the snapshot throws.
    public convenience init(continuing snapshot: GraphSnapshot) throws(VectorIndexError) {
        self.init(try Self.writing(from: snapshot), path: nil, lock: nil)
    }

    /// A snapshot's content, verified, with what changing it needs: a table of ids that can change, and which vector each vertex has.
    private static func writing(from snapshot: GraphSnapshot) throws(VectorIndexError) -> Writing {
        try snapshot.verify()
        var state = snapshot.state
        state.file = nil
        state.table = VertexTable()
        for vertex in 0..<UInt32(state.vertexEnd) where state.isLive(vertex) {
            for id in state.allIDs(vertex) { state.table.set(id, to: vertex) }
        }
        let filed = state
        let found = parallelMap(state.vertexEnd, grain: 64) { filed.digest(of: UInt32($0)) }
        var writing = Writing(committed: state, tag: snapshot.tag)
        for vertex in 0..<state.vertexEnd where state.isLive(UInt32(vertex)) {
            writing.digests[found[vertex]] = UInt32(vertex)
        }
        return writing
    }

    private static func empty(dimension: Int, metric: Metric, settings: GraphSettings) -> Writing {
        precondition(
            (1...IndexFileLayout.maximumDimension).contains(dimension), "an index of \(dimension) dimensions")
        return Writing(committed: GraphState(metric: metric, dimension: dimension, settings: settings))
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
        state.withLock { $0.pending.add(ids: ids, batch: prepared) }
    }

    /// Takes vectors out; an id that is not there is no error.
    ///
    /// - Returns: How many of the ids were there, be it committed or only added.
    @discardableResult
    public func delete(ids: some Sequence<UInt64>) -> Int {
        let ids = Array(ids)
        return state.withLock { state in
            ids.count { state.pending.delete($0, isCommitted: state.committed.table[$0] != nil) }
        }
    }

    /// Forgets what was changed since the last commit.
    public func rollback() { state.withLock { $0.pending = PendingChanges() } }

    /// Publishes the changes: the next `snapshot()` has them, and the file if there is one. The same changes in the same order give the
    /// same graph, for any number of threads.
    ///
    /// When it throws, nothing has changed, on the disk or in memory; the changes wait for another commit.
    /// - Parameters:
    ///   - tag: What to write beside the graph, at most 64 KiB; nil leaves it.
    ///   - progress: Is told how far the commit is; where it returns false, the commit ends.
    /// - Throws: `cancelled` by `progress`; `file`.
    public func commit(
        tag: [UInt8]? = nil, progress: @escaping (IndexProgress) -> Bool = { _ in true }
    ) throws(VectorIndexError) {
        try state.withLock { (writing) throws(VectorIndexError) in
            let tag = tag ?? writing.tag
            guard !writing.pending.isEmpty || tag != writing.tag else { return }
            var changes = GraphChanges(writing.committed, digests: writing.digests, report: progress)
            try changes.delete(writing.pending.ids.filter { writing.committed.table[$0] != nil }.sorted())
            let added = writing.pending.addedRows(dimension: dimension)
            try changes.addMeasuring(ids: added.ids, vectors: added.vectors)
            changes.reachAll(isLast: true)
            if let path { try GraphSnapshot(changes.state).write(to: path, tag: tag) }
            writing.committed = changes.state
            (writing.digests, writing.tag) = (changes.digests, tag)
            writing.pending = PendingChanges()
        }
    }
}
