public import Corpora

/// A passage that was found, with its source and bytes, and how near it is: the cosine of its vector and the query's.
public struct Hit: Equatable, Sendable {
    public let passage: Passage
    public let score: Float

    public init(passage: Passage, score: Float) {
        self.passage = passage
        self.score = score
    }
}
