public import Corpora
public import Files
public import VectorIndex
public import VectorMath

/// A searchable collection of passages: a folder with `collection.sqlite` and `vectors.index`.
///
/// The database keeps what must not be lost. The index is derived from it: it carries the space and the database's state,
/// and is used as it is, brought up to date, or built anew; another process's changes are found by the next search. The
/// vectors' space is part of the collection, and a query of another space is refused: two models of the same dimension give
/// numbers that compare and mean nothing.
///
/// Searches are exact unless the identity names a recall that is enough (`CollectionIdentity.targetRecall`): a large collection is
/// then searched by a graph. Which of both it is follows the collection's size; every hit says what its search promises.
///
/// Safe to use from several threads, and from several processes.
public final class Collection: Sendable {
    /// The folder.
    public let path: String
    let store: any CollectionStore
    let index: DerivedIndex

    /// What the collection was embedded with.
    public var identity: CollectionIdentity { store.identity }

    /// Opens a collection. An index that is missing, behind or damaged is made good, and written where the folder allows it.
    ///
    /// - Parameter choice: When a collection with a target recall is searched by a graph; looked at when the index follows a change.
    /// - Throws: `notACollection`, `unsupportedSchema`, `damaged`, `database`, `index`.
    public init(path: String, choice: StructureChoice = StructureChoice()) throws(RetrievalError) {
        let store = try Self.openStore(path)
        self.path = path
        self.store = store
        index = DerivedIndex(folder: path, identity: store.identity, choice: choice)
        _ = try index.current(store)
        index.save()
    }

    /// Makes a collection of passages and their vectors `[N, D]`; the folder appears complete or not at all.
    ///
    /// - Parameters:
    ///   - force: Whether what stands under the path may be replaced, if it is a collection or empty.
    ///   - choice: When a collection with a target recall is searched by a graph.
    ///   - report: Is told how far the index is; an exact one takes no time that would be worth telling.
    /// - Throws: `noPassages`, `wrongTargetRecall`, `duplicatePassage`, `countMismatch`, `index`, `notACollection`, `file`.
    public static func create(
        at path: String, identity: CollectionIdentity, passages: [Passage], vectors: MatrixView<Float>,
        force: Bool = false, choice: StructureChoice = StructureChoice(), report: CollectionReport? = nil
    ) throws(RetrievalError) -> Collection {
        guard !passages.isEmpty else { throw .noPassages }
        guard identity.hasProperRecall else { throw .wrongTargetRecall(identity.targetRecall ?? 0) }
        if force { try refuseToReplaceOther(path) }
        let folder = try filing { () throws(FilesError) in try AtomicFolder(replacing: path, force: force) }
        let store = try SQLiteStore(
            creating: FileSystem.joined(folder.temporaryPath, databaseName), identity: identity)
        try store.add(passages, vectors: vectors)
        _ = try DerivedIndex(folder: folder.temporaryPath, identity: identity, choice: choice)
            .rebuilt(store, report: report)
        try store.close()
        try filing { () throws(FilesError) in try folder.commit() }
        return try Collection(path: path, choice: choice)
    }

    /// Writes the index where it is behind, and lets go of the files. The collection is not to be used afterwards.
    public func close() throws(RetrievalError) {
        _ = try index.current(store)
        index.save()
        try store.close()
    }

    static let databaseName = "collection.sqlite"

    /// The number of passages when the collection was opened, last changed or last searched here.
    public var count: Int { index.count }

    /// Refuses vectors of another space than the collection's.
    public func check(_ space: SpaceIdentity) throws(RetrievalError) {
        guard space == identity.space else {
            throw .spaceMismatch(path: path, expected: identity.space, found: space)
        }
    }

    // MARK: Changing

    /// Adds passages with their vectors `[N, D]` of a space, finite; a passage whose id is there is replaced. All or none.
    ///
    /// The index in memory follows at once, its file when the collection is closed or next opened.
    public func add(
        _ passages: [Passage], vectors: MatrixView<Float>, space: SpaceIdentity
    ) throws(RetrievalError) {
        try check(space)
        try store.add(passages, vectors: vectors)
        _ = try index.current(store)
    }

    /// Takes passages out by their ids; returns how many were there.
    @discardableResult
    public func delete(ids: [String]) throws(RetrievalError) -> Int {
        let count = try store.delete(ids: ids)
        _ = try index.current(store)
        return count
    }

    // MARK: Parts

    private static func openStore(_ path: String) throws(RetrievalError) -> SQLiteStore {
        guard FileSystem.isDirectory(path) else {
            throw .notACollection(path: path, reason: "there is no such folder")
        }
        let file = FileSystem.joined(path, databaseName)
        guard FileSystem.isFile(file) else {
            throw .notACollection(path: path, reason: "it has no \(databaseName)")
        }
        return try SQLiteStore(path: file)
    }

    /// A wrong path and `--force` must not cost a folder of something else.
    private static func refuseToReplaceOther(_ path: String) throws(RetrievalError) {
        guard FileSystem.exists(path), !FileSystem.isFile(FileSystem.joined(path, databaseName)) else { return }
        guard FileSystem.isDirectory(path) else {
            throw .notACollection(path: path, reason: "it is a file, and not replaced")
        }
        let names = try filing { () throws(FilesError) in try FileSystem.names(in: path) }
        if !names.isEmpty { throw .notACollection(path: path, reason: "it holds \(names[0]), and is not replaced") }
    }
}
