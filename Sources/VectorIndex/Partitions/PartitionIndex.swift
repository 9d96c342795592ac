internal import Files
public import VectorMath

/// An approximate nearest-neighbour index that one writer changes while others read its snapshots: partitions.
///
/// Changes gather until `commit`, which publishes them in a new snapshot and, for an index in a file, replaces the file. Between
/// processes a lock beside the file (`PATH.lock`) lets one writer in. A commit copies only partitions that gain or lose vectors, and
/// leaves nothing of deleted ones behind. Calls are safe from several threads: they take turns.
public final class PartitionIndex: Sendable {
    public let metric: Metric
    public let dimension: Int
    public let settings: PartitionSettings

    /// The file that `commit()` replaces; nil for an index in memory.
    public let path: String?

    private let lock: FileLock?
    private let state: Guarded<Writing>

    private struct Writing: Sendable {
        var committed: PartitionState
        var tag: [UInt8] = []
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
    public convenience init(dimension: Int, metric: Metric, settings: PartitionSettings = PartitionSettings()) {
        self.init(Self.empty(dimension: dimension, metric: metric, settings: settings), path: nil, lock: nil)
    }

    /// An empty index in a new file, which is there when this returns.
    ///
    /// - Parameters:
    ///   - tag: At most 64 KiB that the owner wants to find again.
    ///   - force: Whether a file of that name may be replaced.
    /// - Throws: `file` with `alreadyExists`, with `locked` while another writer is at work, or with what the disk says.
    public convenience init(
        creating path: String, dimension: Int, metric: Metric, settings: PartitionSettings = PartitionSettings(),
        tag: [UInt8] = [], force: Bool = false
    ) throws(VectorIndexError) {
        let lock = try lockIndex(path)
        var writing = Self.empty(dimension: dimension, metric: metric, settings: settings)
        writing.tag = tag
        try PartitionSnapshot(writing.committed).write(to: path, tag: tag, force: force)
        self.init(writing, path: path, lock: lock)
    }

    /// Opens the index of a file to change it: all of the file is read and verified.
    ///
    /// - Throws: what opening a snapshot and verifying it throws; `file` with `locked` while another writer is at work.
    public convenience init(path: String) throws(VectorIndexError) {
        // First the file: a path without an index should not gain a lock.
        _ = try PartitionSnapshot(path: path)
        let lock = try lockIndex(path)
        self.init(try Self.writing(from: PartitionSnapshot(path: path)), path: path, lock: lock)
    }

    /// An index in memory that begins with a snapshot's content: all of the file behind it is read and verified.
    ///
    /// - Throws: what verifying the snapshot throws.
    public convenience init(continuing snapshot: PartitionSnapshot) throws(VectorIndexError) {
        self.init(try Self.writing(from: snapshot), path: nil, lock: nil)
    }

    /// A snapshot's content, verified, with a table of ids that can change.
    private static func writing(from snapshot: PartitionSnapshot) throws(VectorIndexError) -> Writing {
        try snapshot.verify()
        var state = snapshot.state
        state.file = nil
        state.table = VertexTable()
        for (partition, body) in state.bodies.enumerated() {
            for slot in 0..<body.count { state.table.set(body.id(slot), to: UInt32(partition)) }
        }
        return Writing(committed: state, tag: snapshot.tag)
    }

    private static func empty(dimension: Int, metric: Metric, settings: PartitionSettings) -> Writing {
        precondition(
            (1...IndexFileLayout.maximumDimension).contains(dimension), "an index of \(dimension) dimensions")
        return Writing(committed: PartitionState(metric: metric, dimension: dimension, settings: settings))
    }

    /// What was last committed.
    public func snapshot() -> PartitionSnapshot { state.withLock { PartitionSnapshot($0.committed) } }

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
    /// same partitions, for any number of threads.
    ///
    /// When it throws, nothing has changed, on the disk or in memory; the changes wait for another commit.
    /// - Parameters:
    ///   - tag: What to write beside the partitions, at most 64 KiB; nil leaves it.
    ///   - progress: Is told how far the commit is; where it returns false, the commit ends.
    /// - Throws: `cancelled` by `progress`; `file`.
    public func commit(
        tag: [UInt8]? = nil, progress: @escaping (IndexProgress) -> Bool = { _ in true }
    ) throws(VectorIndexError) {
        try state.withLock { (writing) throws(VectorIndexError) in
            let tag = tag ?? writing.tag
            guard !writing.pending.isEmpty || tag != writing.tag else { return }
            var changes = PartitionChanges(writing.committed, report: progress)
            let deleted = writing.pending.ids.filter { writing.committed.table[$0] != nil }.sorted()
            let added = writing.pending.addedRows(dimension: dimension)
            try changes.applyMeasuring(deleting: deleted, adding: added.ids, added.vectors)
            if let path { try PartitionSnapshot(changes.state).write(to: path, tag: tag) }
            writing.committed = changes.state
            writing.tag = tag
            writing.pending = PendingChanges()
        }
    }
}
