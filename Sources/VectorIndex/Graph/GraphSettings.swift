internal import VectorMath

/// What a graph keeps of each vector in the row that a search reads.
public enum GraphProfile: String, CaseIterable, Codable, Sendable {
    /// Half precision: 2 bytes a dimension.
    case fast
    /// 8 bits with a step and a lowest value for each vector: 1 byte a dimension.
    case small
}

/// How a graph is built. A graph keeps what it began with.
public struct GraphSettings: Equatable, Sendable {
    public var profile: GraphProfile
    /// Neighbours a vertex, a multiple of 32.
    public var degree: Int
    /// The width of the beam that looks for a new vector's neighbours, at least 1; half of it does before a refinement. Nil
    /// stands for what suits the dimension, 64 to 160: an index's own settings say how wide that is.
    public var buildBeam: Int?
    /// How often a new vector's neighbours are chosen again once its batch is in.
    public var refinements: Int
    /// Whether the vectors are kept in float32 too (4 bytes a dimension more): scores are exact then, and the best
    /// candidates are put in their exact order.
    public var keepsVectors: Bool
    /// Determines the rotation and the entries.
    public var seed: UInt64

    public init(
        profile: GraphProfile = .fast, degree: Int = 32, buildBeam: Int? = nil, refinements: Int = 1,
        keepsVectors: Bool = false, seed: UInt64 = 0x5eed_0002
    ) {
        precondition(degree > 0 && degree <= 1024 && degree % 32 == 0, "\(degree) neighbours a vertex")
        precondition(buildBeam ?? 1 >= 1 && refinements >= 0, "a beam of \(buildBeam ?? 0), \(refinements) refinements")
        self.profile = profile
        self.degree = degree
        self.buildBeam = buildBeam
        self.refinements = refinements
        self.keepsVectors = keepsVectors
        self.seed = seed
    }

    /// The beam that builds. Few dimensions leave few directions to look in: on 128 a beam of 64 made as good a graph as one of
    /// 160, in two thirds of the time; on 384 it lost half a point of recall at the widest beams.
    func buildBeam(dimension: Int) -> Int { buildBeam ?? min(160, max(64, 40 + 5 * dimension / 16)) }

    /// The bytes that a graph of these settings keeps for each vector; beside them stand its id, in 8 bytes here and some 20
    /// in the table that finds it.
    public func bytesPerVector(dimension: Int, metric: Metric) -> Int {
        GraphSpace.layout(dimension: dimension, metric: metric, settings: self).rowSize
            + (keepsVectors ? RowStore.vectorSize(dimension: dimension) : 0)
    }
}
