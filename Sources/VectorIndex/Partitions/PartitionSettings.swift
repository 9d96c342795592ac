internal import VectorMath

/// What partitions keep of each vector beside its code, for the last ranking.
public enum PartitionVectors: String, CaseIterable, Codable, Sendable {
    /// Nothing: scores are estimates from the codes.
    case none
    /// Half precision, 2 bytes a dimension.
    case float16
    /// As they were added, 4 bytes a dimension: scores are exact.
    case float32
}

/// How vectors are kept in partitions. An index keeps what it began with.
public struct PartitionSettings: Equatable, Sendable {
    /// How many partitions are made; nil for some that grow with the root of the number of vectors.
    public var partitions: Int?
    /// Bits of a code a coordinate, 1...8.
    public var bits: Int
    /// What is kept for the last ranking.
    public var vectors: PartitionVectors
    /// Determines the rotation and the clusters.
    public var seed: UInt64

    /// - Parameters:
    ///   - partitions: At least 1.
    ///   - bits: 1...8; where nothing else is kept, it decides how well the nearest are told apart.
    public init(
        partitions: Int? = nil, bits: Int = 4, vectors: PartitionVectors = .float16, seed: UInt64 = 0x5eed_0003
    ) {
        precondition((1...1 + ExtendedLayout.mostBits).contains(bits), "codes of \(bits) bits")
        precondition(partitions.map { (1...Self.mostPartitions).contains($0) } ?? true, "partitions without number")
        self.partitions = partitions
        self.bits = bits
        self.vectors = vectors
        self.seed = seed
    }

    /// Codes of 4 bits and vectors in half precision: about 2.6 bytes a dimension.
    public static let fast = PartitionSettings()
    /// Codes of 7 bits and nothing else: less than a byte a dimension, ids and all.
    public static let small = PartitionSettings(bits: 7, vectors: .none)

    static let mostPartitions = 1 << 24
    /// Partitions are as many as so many times the root of the number of vectors,
    private static let partsPerRoot = 2.0
    /// but each has about so many vectors at least.
    private static let fewestVectors = 48

    /// How many partitions `count` vectors begin with.
    func partitionCount(_ count: Int) -> Int {
        let most = max(1, min(count, Self.mostPartitions))
        if let partitions { return min(partitions, most) }
        let wanted = Int(Self.partsPerRoot * Double(count).squareRoot())
        return max(1, min(wanted, most / Self.fewestVectors))
    }

    /// About the bytes that an index of these settings keeps for each of many vectors: code, factors, vector and id, places
    /// that stay empty in blocks of 32, and centres. The table that finds an id takes 12 more in a file.
    public func bytesPerVector(dimension: Int, metric: Metric) -> Int {
        let layout = PartitionLayout(dimension: dimension, metric: metric, settings: self)
        let typical = 160
        return (layout.size(typical) + layout.codes.blockSize / 2 + 2 * layout.codes.width) / typical
    }
}
