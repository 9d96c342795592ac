public import Corpora
public import VectorIndex

/// A passage that was found, with its source and bytes, and how near it is: the cosine of its vector and the query's; where a graph
/// found it, of the vector in half precision, which differs by 1.5e-3 at most.
public struct Hit: Equatable, Sendable {
    public let passage: Passage
    public let score: Float
    /// What the search that found it promises.
    public let guarantee: SearchGuarantee

    public init(passage: Passage, score: Float, guarantee: SearchGuarantee = .exact) {
        self.passage = passage
        self.score = score
        self.guarantee = guarantee
    }
}
