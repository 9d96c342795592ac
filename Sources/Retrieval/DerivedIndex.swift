internal import Files
internal import Synchronization
internal import VectorIndex
internal import VectorMath

/// The index beside a collection's database: trusted only where its tag says that it is of the same space, and brought up to
/// the store's state by the changes since its own.
///
/// It is exact, or a graph where the collection asks for a recall and is large: decided anew whenever it follows the store. One that
/// is not exact is searched from its file; what changes it is made when there is something to change.
final class DerivedIndex: Sendable {
    static let fileName = "vectors.index"

    let path: String
    /// What was wrong with the file when it was taken up; nil where nothing was, or where there was none.
    let openingProblem: String?
    private let identity: CollectionIdentity
    private let choice: StructureChoice
    private let state: Mutex<State>

    private struct State: Sendable {
        /// As it is searched.
        var snapshot: DerivedSnapshot
        /// What `snapshot` is of, where it was changed since it was read from a file.
        var writer: DerivedWriter?
        /// The state of the store that the index is of; nil before the first.
        var revision: CollectionRevision?
        /// The state that the file is of, as far as this object knows.
        var savedRevision: CollectionRevision?
        /// How many vectors there were when a graph of them did not reach the recall that is asked for.
        var fellShortAt: Int?

        /// Empty.
        init(_ structure: IndexStructure, dimension: Int, fellShortAt: Int? = nil) {
            let writer = DerivedWriter(structure, dimension: dimension)
            (snapshot, self.writer, self.fellShortAt) = (writer.snapshot(), writer, fellShortAt)
        }

        /// As a file has it.
        init(_ snapshot: DerivedSnapshot, tag: DerivedTag) {
            (self.snapshot, revision, savedRevision) = (snapshot, tag.revision, tag.revision)
            fellShortAt = tag.fellShortAt
        }

        var tag: DerivedTag? { revision.map { DerivedTag(revision: $0, fellShortAt: fellShortAt) } }
    }

    /// Takes up the file, where there is one of this space that is not damaged.
    init(folder: String, identity: CollectionIdentity, choice: StructureChoice) {
        path = FileSystem.joined(folder, Self.fileName)
        self.identity = identity
        self.choice = choice
        var state = State(.exact, dimension: identity.dimension)
        var problem: String?
        do throws(VectorIndexError) {
            if FileSystem.exists(path) {
                let snapshot = try DerivedSnapshot(path: path)
                if let tag = Self.tag(of: snapshot, for: identity) {
                    state = State(Self.searched(snapshot, for: identity), tag: tag)
                } else {
                    problem = Self.foreign(snapshot, path, for: identity)
                }
            }
        } catch { problem = error.description }
        openingProblem = problem
        self.state = Mutex(state)
    }

    /// How many vectors there were when the index was last brought up to date.
    var count: Int { state.withLock { $0.snapshot.searching.count } }

    /// The index of the store's present state.
    func current(_ store: any CollectionStore) throws(RetrievalError) -> DerivedSnapshot {
        let revision = try store.revision()
        return try state.withLock { (state) throws(RetrievalError) in
            if state.revision == revision { return state.snapshot }
            // To change a graph, all of its file is read: one that another handle has written is taken as it is.
            if state.writer == nil, takeUpFile(of: revision, &state) { return state.snapshot }
            do throws(RetrievalError) {
                try bringUpToDate(store, &state)
            } catch .index {
                // The file is damaged where a change had to read it: the store has everything.
                try startAnew(store, &state)
            }
            return state.snapshot
        }
    }

    /// Forgets the index and its file, and makes it from the store: what a damaged one asks for.
    func rebuilt(
        _ store: any CollectionStore, report: CollectionReport? = nil
    ) throws(RetrievalError) -> DerivedSnapshot {
        try state.withLock { (state) throws(RetrievalError) in
            try startAnew(store, &state, report: report)
            save(&state)
            return state.snapshot
        }
    }

    /// Writes the file where it is not of the index's state.
    ///
    /// Where the folder cannot be written nothing happens: a collection on a read-only disk is still searched, and the index
    /// is brought up to date again whenever it is opened.
    func save() {
        state.withLock { save(&$0) }
    }

    // MARK: Which structure

    private func structure(
        _ count: Int, current: IndexStructure?, fellShortAt: Int?
    ) -> IndexStructure {
        identity.structure
            ?? choice.structure(
                count: count, dimension: identity.dimension, targetRecall: identity.targetRecall, current: current,
                fellShortAt: fellShortAt)
    }

    /// Whether a structure was measured to reach the recall that it was chosen for; one that the caller set is taken as it is.
    private func isGoodEnough(_ snapshot: DerivedSnapshot) -> Bool {
        guard identity.structure == nil, let recall = identity.targetRecall else { return true }
        return snapshot.reaches(recall)
    }

    /// A snapshot as a collection searches it.
    private static func searched(_ snapshot: DerivedSnapshot, for identity: CollectionIdentity) -> DerivedSnapshot {
        snapshot.searching(recall: identity.targetRecall ?? CollectionIdentity.usualRecall)
    }

    // MARK: Following the store

    private func bringUpToDate(_ store: any CollectionStore, _ state: inout State) throws(RetrievalError) {
        let structure = structure(
            try store.count(), current: state.revision.map { _ in state.snapshot.structure },
            fellShortAt: state.fellShortAt)
        guard state.revision != nil, structure == state.snapshot.structure else {
            if state.revision != nil, takeUpFile(of: try store.revision(), &state) { return }
            return try startAnew(store, &state)
        }
        try follow(store, &state)
        if state.snapshot.isOutgrown || !isGoodEnough(state.snapshot) { try startAnew(store, &state) }
    }

    /// Begins with the file where another handle has brought it to a state of the store.
    private func takeUpFile(of revision: CollectionRevision, _ state: inout State) -> Bool {
        guard let snapshot = try? DerivedSnapshot(path: path), let tag = Self.tag(of: snapshot, for: identity),
            tag.revision == revision
        else { return false }
        state = State(Self.searched(snapshot, for: identity), tag: tag)
        return true
    }

    private func startAnew(
        _ store: any CollectionStore, _ state: inout State, report: CollectionReport? = nil
    ) throws(RetrievalError) {
        let fellShortAt = state.fellShortAt
        let structure = structure(try store.count(), current: nil, fellShortAt: fellShortAt)
        state = State(structure, dimension: identity.dimension, fellShortAt: fellShortAt)
        try follow(store, &state, report: report)
        if !isGoodEnough(state.snapshot) {
            state = State(.exact, dimension: identity.dimension, fellShortAt: state.snapshot.searching.count)
            try follow(store, &state)
        }
    }

    private func follow(
        _ store: any CollectionStore, _ state: inout State, report: CollectionReport? = nil
    ) throws(RetrievalError) {
        let snapshot = state.snapshot
        let known = try indexing { () throws(VectorIndexError) in try snapshot.ids() }
        var writer: DerivedWriter
        if let present = state.writer {
            writer = present
        } else {
            writer = try indexing { () throws(VectorIndexError) in try DerivedWriter(continuing: snapshot) }
        }
        let revision: CollectionRevision
        do throws(RetrievalError) {
            revision = try store.changes(since: state.revision, known: known) { change in
                switch change {
                case .reset: writer = DerivedWriter(snapshot.structure, dimension: identity.dimension)
                case .delete(let numbers): try writer.delete(ids: numbers)
                case .add(let numbers, let vectors): try writer.add(ids: numbers, vectors: vectors)
                }
            }
            try indexing { () throws(VectorIndexError) in try writer.commit(report) }
        } catch {
            writer.rollback()
            throw error
        }
        (state.writer, state.revision) = (writer, revision)
        state.snapshot = Self.searched(writer.snapshot(), for: identity)
    }

    private func save(_ state: inout State) {
        guard let tag = state.tag, tag.revision != state.savedRevision else { return }
        let bytes = tag.bytes(of: identity)
        guard (try? state.snapshot.write(to: path, tag: bytes)) != nil else { return }
        state.savedRevision = tag.revision
        // From now on the memory is the file's, which the system may take back.
        if let written = try? DerivedSnapshot(path: path), written.tag == bytes {
            state = State(Self.searched(written, for: identity), tag: tag)
        }
    }

    // MARK: Which collection

    /// The tag of a file's content; nil where it is of another space than the collection's, or of a structure that the
    /// collection does not allow.
    static func tag(of snapshot: DerivedSnapshot, for identity: CollectionIdentity) -> DerivedTag? {
        let searching = snapshot.searching
        guard searching.dimension == identity.dimension, searching.metric == .cosine,
            identity.allows(snapshot.structure)
        else { return nil }
        return DerivedTag(snapshot.tag, of: identity)
    }

    /// What is said of a file that is of something else.
    static func foreign(_ snapshot: DerivedSnapshot, _ path: String, for identity: CollectionIdentity) -> String {
        identity.allows(snapshot.structure)
            ? "\(path): it is of another space than the database"
            : "\(path): its structure is \(snapshot.structure.rawValue), which the collection is not to be searched by"
    }
}
