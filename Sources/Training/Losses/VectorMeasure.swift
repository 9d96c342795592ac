/// What compares two vectors.
public enum VectorMeasure: String, Sendable, Codable, CaseIterable {
    /// The cosine of the angle between them; as a distance 1 − cosine, from 0 to 2.
    case cosine
    /// Their dot product; no distance.
    case dot
    /// The length of their difference.
    case euclidean
    /// The sum of the absolute differences.
    case manhattan

    /// Whether it is a distance, or makes one.
    public var isDistance: Bool { self != .dot }
}
