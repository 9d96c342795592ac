internal import Files
internal import Synchronization
internal import VectorIndex
internal import VectorMath

/// The index beside a collection's database: trusted only where its tag says that it is of the same space, and brought up to
/// the store's state by the changes since its own.
final class DerivedIndex: Sendable {
    static let fileName = "vectors.index"

    let path: String
    /// What was wrong with the file when it was taken up; nil where nothing was, or where there was none.
    let openingProblem: String?
    private let identity: CollectionIdentity
    private let state: Mutex<State>

    private struct State: Sendable {
        var index: ExactIndex
        /// The state of the store that the index is of; nil before the first.
        var revision: CollectionRevision?
        /// The state that the file is of, as far as this object knows.
        var savedRevision: CollectionRevision?
    }

    /// Takes up the file, where there is one of this space that is not damaged.
    init(folder: String, identity: CollectionIdentity) {
        path = FileSystem.joined(folder, Self.fileName)
        self.identity = identity
        var state = State(index: ExactIndex(dimension: identity.dimension, metric: .cosine))
        var problem: String?
        do throws(VectorIndexError) {
            if FileSystem.exists(path) {
                let snapshot = try ExactSnapshot(path: path)
                if snapshot.dimension == identity.dimension, snapshot.metric == .cosine,
                    let revision = Self.revision(in: snapshot.tag, of: identity)
                {
                    state = State(index: ExactIndex(continuing: snapshot), revision: revision, savedRevision: revision)
                } else {
                    problem = "\(path): it is of another space than the database"
                }
            }
        } catch { problem = error.description }
        openingProblem = problem
        self.state = Mutex(state)
    }

    /// How many vectors there were when the index was last brought up to date.
    var count: Int { state.withLock { $0.index.snapshot().count } }

    /// The index of the store's present state.
    func current(_ store: any CollectionStore) throws(RetrievalError) -> ExactSnapshot {
        let revision = try store.revision()
        return try state.withLock { (state) throws(RetrievalError) in
            if state.revision == revision { return state.index.snapshot() }
            do throws(RetrievalError) {
                try follow(store, &state)
            } catch .index {
                // The file is damaged where a change had to read it: the store has everything.
                try startAnew(store, &state)
            }
            return state.index.snapshot()
        }
    }

    /// Forgets the index and its file, and makes it from the store: what a damaged one asks for.
    func rebuilt(_ store: any CollectionStore) throws(RetrievalError) -> ExactSnapshot {
        try state.withLock { (state) throws(RetrievalError) in
            try startAnew(store, &state)
            save(&state)
            return state.index.snapshot()
        }
    }

    /// Writes the file where it is not of the index's state.
    ///
    /// Where the folder cannot be written nothing happens: a collection on a read-only disk is still searched, and the index
    /// is brought up to date again whenever it is opened.
    func save() {
        state.withLock { save(&$0) }
    }

    // MARK: Parts

    private func startAnew(_ store: any CollectionStore, _ state: inout State) throws(RetrievalError) {
        state = State(index: ExactIndex(dimension: identity.dimension, metric: .cosine))
        try follow(store, &state)
    }

    private func follow(_ store: any CollectionStore, _ state: inout State) throws(RetrievalError) {
        let known = try indexing { () throws(VectorIndexError) in try state.index.snapshot().ids() }
        var index = state.index
        let revision: CollectionRevision
        do throws(RetrievalError) {
            revision = try store.changes(since: state.revision, known: known) { change in
                switch change {
                case .reset: index = ExactIndex(dimension: identity.dimension, metric: .cosine)
                case .delete(let numbers): try index.delete(ids: numbers)
                case .add(let numbers, let vectors): try index.add(ids: numbers, vectors: vectors)
                }
            }
            try indexing { () throws(VectorIndexError) in try index.commit() }
        } catch {
            index.rollback()
            throw error
        }
        (state.index, state.revision) = (index, revision)
    }

    private func save(_ state: inout State) {
        guard let revision = state.revision, revision != state.savedRevision else { return }
        let snapshot = state.index.snapshot()
        guard (try? snapshot.write(to: path, tag: Self.tag(revision, of: identity))) != nil else { return }
        state.savedRevision = revision
        // From now on the memory is the file's, which the system may take back.
        if let written = try? ExactSnapshot(path: path), written.tag == Self.tag(revision, of: identity) {
            state.index = ExactIndex(continuing: written)
        }
    }

    // MARK: Tags

    private static let mark = "attune-collection"

    static func tag(_ revision: CollectionRevision, of identity: CollectionIdentity) -> [UInt8] {
        Array("\(mark) \(identity.space.digest) \(revision.generation) \(revision.word)".utf8)
    }

    /// The state that a tag names; nil where it is of another space, or none.
    static func revision(in tag: [UInt8], of identity: CollectionIdentity) -> CollectionRevision? {
        let parts = String(decoding: tag, as: UTF8.self).split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == mark, parts[1] == identity.space.digest, let generation = Int(parts[2])
        else { return nil }
        return CollectionRevision(generation: generation, word: String(parts[3]))
    }
}
