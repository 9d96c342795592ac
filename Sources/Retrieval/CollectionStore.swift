public import Corpora
public import VectorMath

/// Where a collection keeps what must not be lost: texts, sources, metadata and vectors, and what they were embedded with.
///
/// Each passage has a number that is never given again; the index knows passages by it. Every change is one transaction that
/// ends in a new revision, which is how an index finds out that it is behind.
public protocol CollectionStore: Sendable {
    var identity: CollectionIdentity { get }

    /// The state that the last change left.
    func revision() throws(RetrievalError) -> CollectionRevision

    func count() throws(RetrievalError) -> Int

    /// When the collection was made, and by which version.
    func origin() throws(RetrievalError) -> (created: String, version: String)

    /// Adds passages with their vectors `[N, D]`, finite; a passage whose id is there is replaced, under a new number.
    func add(_ passages: [Passage], vectors: MatrixView<Float>) throws(RetrievalError)

    /// Takes passages out by their ids; returns how many were there.
    func delete(ids: [String]) throws(RetrievalError) -> Int

    /// The passages of numbers, in their order; numbers that are gone are left out.
    func passages(numbers: [UInt64]) throws(RetrievalError) -> [(number: UInt64, passage: Passage)]

    /// The passage of an id.
    func passage(id: String) throws(RetrievalError) -> Passage?

    /// Calls `body` with every passage by ascending number, as of one moment.
    func forEach(
        _ body: (_ number: UInt64, _ passage: Passage, _ vector: [Float]) throws -> Void
    ) throws(RetrievalError)

    /// Tells an index, as of one moment, what it has to change.
    ///
    /// - Parameters:
    ///   - revision: The state that the index is of; nil for none.
    ///   - known: The numbers that it holds, ascending.
    ///   - apply: Gets the changes one by one.
    /// - Returns: The state that the index is of when all changes are made.
    func changes(
        since revision: CollectionRevision?, known: [UInt64], apply: (StoreChange) throws -> Void
    ) throws(RetrievalError) -> CollectionRevision

    /// What is wrong with the store itself; empty where nothing is.
    func problems() throws(RetrievalError) -> [String]

    /// Lets go of the store; using it afterwards is an error.
    func close() throws(RetrievalError)
}

/// A state of a store: how many changes made it, and a random word that no other change has.
///
/// The word tells apart two copies of a store that went different ways, as a backup that was put back does.
public struct CollectionRevision: Hashable, Sendable {
    public let generation: Int
    public let word: String

    public init(generation: Int, word: String) {
        self.generation = generation
        self.word = word
    }
}

/// What an index has to change to follow its store.
public enum StoreChange {
    /// It is of another history: forget everything.
    case reset
    /// Numbers that are gone.
    case delete([UInt64])
    /// Numbers that are new, and their vectors `[N, D]`.
    case add([UInt64], MatrixView<Float>)
}
