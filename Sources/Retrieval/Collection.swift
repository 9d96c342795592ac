public import Corpora
public import Files
internal import Synchronization
internal import VectorIndex
public import VectorMath

/// A searchable collection of passages: a folder with `collection.sqlite` and `vectors.index`.
///
/// The database keeps what must not be lost. The index is derived from it: it carries the space and the database's
/// generation, and is used as it is, or built anew, when the collection is opened. The vectors' space is part of the collection,
/// and a query of another space is refused: two models of the same dimension give numbers that compare and mean nothing.
///
/// Safe to use from several threads.
public final class Collection: Sendable {
    /// The folder.
    public let path: String
    let store: any CollectionStore
    private let snapshot: Mutex<ExactSnapshot>

    /// What the collection was embedded with.
    public var identity: CollectionIdentity { store.identity }

    /// Opens a collection.
    ///
    /// - Throws: `notACollection`, `unsupportedSchema`, `database`, `index`.
    public init(path: String) throws(RetrievalError) {
        guard FileSystem.isDirectory(path) else {
            throw .notACollection(path: path, reason: "there is no such folder")
        }
        let file = FileSystem.joined(path, Self.databaseName)
        guard FileSystem.isFile(file) else {
            throw .notACollection(path: path, reason: "it has no \(Self.databaseName)")
        }
        let store = try SQLiteStore(path: file)
        self.path = path
        self.store = store
        snapshot = Mutex(try DerivedIndex(folder: path, identity: store.identity).current(store))
    }

    /// Makes a collection of passages and their vectors `[N, D]`; the folder appears complete or not at all.
    ///
    /// - Parameter force: Whether what stands under the path may be replaced.
    public static func create(
        at path: String, identity: CollectionIdentity, passages: [Passage], vectors: MatrixView<Float>,
        force: Bool = false
    ) throws(RetrievalError) -> Collection {
        guard !passages.isEmpty else { throw .noPassages }
        let folder = try filing { () throws(FilesError) in try AtomicFolder(replacing: path, force: force) }
        let store = try SQLiteStore(
            creating: FileSystem.joined(folder.temporaryPath, databaseName), identity: identity)
        try store.add(passages, vectors: vectors)
        _ = try DerivedIndex(folder: folder.temporaryPath, identity: identity).rebuilt(store)
        try filing { () throws(FilesError) in try folder.commit() }
        return try Collection(path: path)
    }

    static let databaseName = "collection.sqlite"

    /// The number of passages.
    public var count: Int { snapshot.withLock { $0.count } }

    /// Refuses vectors of another space than the collection's.
    public func check(_ space: SpaceIdentity) throws(RetrievalError) {
        guard space == identity.space else {
            throw .spaceMismatch(path: path, expected: identity.space, found: space)
        }
    }

    // MARK: Changing

    /// Adds passages with their vectors `[N, D]` of a space; a passage whose id is there is replaced.
    public func add(
        _ passages: [Passage], vectors: MatrixView<Float>, space: SpaceIdentity
    ) throws(RetrievalError) {
        try check(space)
        try store.add(passages, vectors: vectors)
        try refresh()
    }

    /// Takes passages out by their ids; returns how many were there.
    public func delete(ids: [String]) throws(RetrievalError) -> Int {
        let count = try store.delete(ids: ids)
        if count > 0 { try refresh() }
        return count
    }

    private func refresh() throws(RetrievalError) {
        let current = try DerivedIndex(folder: path, identity: identity).current(store)
        snapshot.withLock { $0 = current }
    }

    // MARK: Searching

    /// The `k` passages nearest to a query vector `[D]` of a space, nearest first.
    ///
    /// - Throws: `spaceMismatch` where the vector is of another space than the collection's.
    public func search(_ query: [Float], space: SpaceIdentity, k: Int = 10) throws(RetrievalError) -> [Hit] {
        try check(space)
        let index = snapshot.withLock { $0 }
        let neighbours: [Neighbour]
        do throws(VectorIndexError) {
            neighbours = try index.search(query, k: k)
        } catch {
            throw .index(error)
        }
        let scores = Dictionary(uniqueKeysWithValues: neighbours.map { ($0.id, $0.score) })
        return try store.passages(numbers: neighbours.map(\.id)).map { number, passage in
            Hit(passage: passage, score: scores[number] ?? 0)
        }
    }

    /// What is wrong with the collection; empty where nothing is. Reads everything.
    public func verify() throws(RetrievalError) -> [String] {
        try store.problems() + DerivedIndex(folder: path, identity: identity).problems(store)
    }
}

/// A passage that was found, and how near it is: the cosine of its vector and the query's.
public struct Hit: Equatable, Sendable {
    public let passage: Passage
    public let score: Float

    public init(passage: Passage, score: Float) {
        self.passage = passage
        self.score = score
    }
}
