/// A vector that a search found.
///
/// Results are ordered nearer first, equal scores by the lower id.
public struct Neighbour: Equatable, Hashable, Sendable {
    /// The id that the vector was added under.
    public var id: UInt64

    /// The metric's value: for `cosine` and `innerProduct` larger is nearer, for `squaredL2` smaller.
    public var score: Float

    public init(id: UInt64, score: Float) {
        self.id = id
        self.score = score
    }
}
