/// How near two vectors are.
public enum Metric: String, CaseIterable, Codable, Sendable {
    /// The cosine of the angle, from -1 to 1, larger is nearer. With a zero vector it is 0 by definition.
    case cosine
    /// The inner product, larger is nearer.
    case innerProduct
    /// The square of the Euclidean distance, smaller is nearer.
    case squaredL2

    /// Whether a larger score is a nearer vector.
    public var largerIsNearer: Bool { self != .squaredL2 }
}
