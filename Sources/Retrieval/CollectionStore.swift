public import Corpora
public import VectorMath

/// Where a collection keeps what must not be lost: texts, sources, metadata and vectors, and what they were embedded with.
///
/// Each passage has a number that is never given again; the index knows passages by it. Every change is one transaction
/// and raises the generation by one, which is how an index finds out that it is behind.
public protocol CollectionStore: Sendable {
    var identity: CollectionIdentity { get }

    /// The number of changes so far.
    func generation() throws(RetrievalError) -> Int

    func count() throws(RetrievalError) -> Int

    /// Adds passages with their vectors `[N, D]`; a passage whose id is there is replaced, under a new number.
    func add(_ passages: [Passage], vectors: MatrixView<Float>) throws(RetrievalError)

    /// Takes passages out by their ids; returns how many were there.
    func delete(ids: [String]) throws(RetrievalError) -> Int

    /// The passages of numbers, in their order; numbers that are gone are left out.
    func passages(numbers: [UInt64]) throws(RetrievalError) -> [(number: UInt64, passage: Passage)]

    /// All numbers, ascending, and their vectors `[N, D]`, as of one moment, with its generation.
    func vectors() throws(RetrievalError) -> (generation: Int, numbers: [UInt64], vectors: Matrix<Float>)

    /// What is wrong with the store itself; empty where nothing is.
    func problems() throws(RetrievalError) -> [String]
}
