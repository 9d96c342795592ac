internal import Files
public import VectorMath

/// An exact nearest-neighbour index that one writer changes while others read its snapshots.
///
/// Changes gather until `commit()`, which publishes them in a new snapshot and, for an index in a file, replaces the file. Calls
/// are safe from several threads: they take turns. Between processes a lock beside the file (`PATH.lock`) lets one writer in.
public final class ExactIndex: Sendable {
    public let metric: Metric
    public let dimension: Int
    /// In what the vectors are kept.
    public let storage: VectorStorage

    /// The file that `commit()` replaces; nil for an index in memory.
    public let path: String?

    private let lock: FileLock?
    private let state: Guarded<State>

    private struct State: Sendable {
        var committed: ExactSnapshot
        var pending = PendingChanges<StoredVectors>()
    }

    private init(_ snapshot: ExactSnapshot, path: String?, lock: FileLock?) {
        metric = snapshot.metric
        dimension = snapshot.dimension
        storage = snapshot.storage
        self.path = path
        self.lock = lock
        state = Guarded(State(committed: snapshot))
    }

    /// An empty index in memory.
    ///
    /// - Parameters:
    ///   - dimension: D, 1...65536.
    ///   - storage: In what the vectors are kept.
    ///   - codes: Whether codes are kept that make searches faster.
    public convenience init(
        dimension: Int, metric: Metric, storage: VectorStorage = .float32, codes: CodePolicy = .automatic
    ) {
        let snapshot = Self.empty(dimension: dimension, metric: metric, storage: storage, tag: [], codes: codes)
        self.init(snapshot, path: nil, lock: nil)
    }

    /// An index in memory that begins with a snapshot's content. What a file holds is not read until it is needed.
    public convenience init(continuing snapshot: ExactSnapshot) {
        self.init(snapshot, path: nil, lock: nil)
    }

    /// An empty index in a new file, which is there when this returns.
    ///
    /// - Parameters:
    ///   - storage: In what the vectors are kept, from now on.
    ///   - codes: Whether commits write codes that make searches faster.
    ///   - force: Whether a file of that name may be replaced.
    /// - Throws: `file` with `alreadyExists`, with `locked` while another writer is at work, or with what the disk says.
    public convenience init(
        creating path: String, dimension: Int, metric: Metric, storage: VectorStorage = .float32, tag: [UInt8] = [],
        codes: CodePolicy = .automatic, force: Bool = false
    ) throws(VectorIndexError) {
        let lock = try lockIndex(path)
        let snapshot = Self.empty(
            dimension: dimension, metric: metric, storage: storage, tag: tag, codes: codes)
        try snapshot.write(to: path, force: force)
        self.init(snapshot, path: path, lock: lock)
    }

    /// Opens the index of a file to change it.
    ///
    /// - Parameter codes: Whether commits write codes that make searches faster.
    /// - Throws: what opening a snapshot throws; `file` with `locked` while another writer is at work.
    public convenience init(path: String, codes: CodePolicy = .automatic) throws(VectorIndexError) {
        // First the file: a path without an index should not gain a lock.
        _ = try ExactSnapshot(path: path)
        let lock = try lockIndex(path)
        self.init(try ExactSnapshot(path: path, codes: codes), path: path, lock: lock)
    }

    /// Throws what `add` would throw for these vectors, `[N, D]`, in an index of that metric, dimension and storage.
    public static func check(
        _ vectors: MatrixView<Float>, metric: Metric, dimension: Int, storage: VectorStorage = .float32
    ) throws(VectorIndexError) {
        if storage == .float32 {
            _ = try VectorCheck.checked(vectors, metric: metric, dimension: dimension)
        } else {
            _ = try StoredVectors(vectors, storage: storage, metric: metric, dimension: dimension)
        }
    }

    // MARK: Reading

    /// What was last committed.
    public func snapshot() -> ExactSnapshot { state.withLock { $0.committed } }

    // MARK: Writing

    /// Adds vectors; an id that is there already gets its new vector. Of one id twice in a call, the later row stays.
    ///
    /// All of the call's rows are taken or, when it throws, none. They are found from the next commit on.
    /// - Parameter vectors: `[N, D]`, finite; for `innerProduct` and `squaredL2` with a squared length below 8.5e37.
    public func add(ids: [UInt64], vectors: MatrixView<Float>) throws(VectorIndexError) {
        guard ids.count == vectors.rows else { throw .countMismatch(ids: ids.count, vectors: vectors.rows) }
        let stored = try StoredVectors(vectors, storage: storage, metric: metric, dimension: dimension)
        state.withLock { $0.pending.add(ids: ids, batch: stored) }
    }

    /// Takes vectors out; an id that is not there is no error.
    ///
    /// - Returns: How many of the ids were there, be it committed or only added.
    @discardableResult
    public func delete(ids: some Sequence<UInt64>) throws(VectorIndexError) -> Int {
        let ids = Array(ids)
        return try state.withLock { (state) throws(VectorIndexError) in
            var count = 0
            // Every id is looked up before the first is deleted: a damaged file leaves the changes as they were.
            var isCommitted: [Bool] = []
            for id in ids { isCommitted.append(try state.committed.contains(id)) }
            for (id, isCommitted) in zip(ids, isCommitted) where state.pending.delete(id, isCommitted: isCommitted) {
                count += 1
            }
            return count
        }
    }

    /// Publishes the changes: the next `snapshot()` has them, and the file if there is one.
    ///
    /// When it throws, nothing has changed, on the disk or in memory; the changes wait for another commit.
    /// - Parameter tag: What to write beside the vectors, at most 64 KiB; nil leaves it.
    public func commit(tag: [UInt8]? = nil) throws(VectorIndexError) {
        try state.withLock { (state) throws(VectorIndexError) in
            let tag = tag ?? state.committed.tag
            guard !state.pending.isEmpty || tag != state.committed.tag else { return }
            let next = try state.pending.applied(to: state.committed, tag: tag, merging: path == nil)
            if let path {
                try next.write(to: path)
                state.committed = try ExactSnapshot(path: path, codes: next.codePolicy)
            } else {
                state.committed = next
            }
            state.pending = PendingChanges()
        }
    }

    /// Forgets what was changed since the last commit.
    public func rollback() { state.withLock { $0.pending = PendingChanges() } }

    // MARK: Parts

    private static func empty(
        dimension: Int, metric: Metric, storage: VectorStorage, tag: [UInt8], codes: CodePolicy
    ) -> ExactSnapshot {
        precondition(
            (1...IndexFileLayout.maximumDimension).contains(dimension), "an index of \(dimension) dimensions")
        return ExactSnapshot(
            metric: metric, dimension: dimension, storage: storage, tag: tag, segments: [], codePolicy: codes)
    }
}
