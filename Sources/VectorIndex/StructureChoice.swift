internal import VectorMath

/// Decides what a collection of vectors is searched by: the exact index as long as that is fast, above it the graph where a
/// recall below 1 is enough.
///
/// The exact index needs 1,600 bytes a vector of 384 dimensions and a tenth of a second of build for 100,000 of them, and
/// misses nothing; its time grows with the number of vectors. On a Zen 4 CPU the graph answers 33,800 queries a second there at
/// a recall of 0.95 and 10,100 at 0.99, where the exact index answers 1,606, and its time hardly grows; it takes 2,580 bytes a
/// vector and 16 seconds of build on two cores. So a collection has to be large for the graph to be worth them.
public struct StructureChoice: Equatable, Sendable {
    /// The longest that an exact search may take, in seconds on one core, as ``exactSearchTime(count:dimension:metric:)``
    /// estimates it; where it takes longer, the graph is chosen. With the default and 384 dimensions from 160,715 vectors on.
    public var longestExactSearch: Double

    /// The highest recall that a graph is trusted with: what is measured of it ends at 0.9985.
    public static let highestRecall = 0.998

    /// A graph is kept until an exact search would take less than this part of the longest. Without it a collection that
    /// shrinks and grows about the limit would build a graph each time.
    static let keptPart = 0.5

    public init(longestExactSearch: Double = 1e-3) {
        precondition(longestExactSearch >= 0, "a search of \(longestExactSearch) seconds")
        self.longestExactSearch = longestExactSearch
    }

    /// What to search vectors by.
    ///
    /// - Parameters:
    ///   - count: N, how many vectors there are.
    ///   - dimension: D, 1...65536.
    ///   - targetRecall: The part of the ten nearest that is enough; nil where nothing may be missed.
    ///   - current: What they are searched by at present, nil for nothing: a graph is left later than it is made.
    ///   - fellShortAt: How many vectors there were when a graph of them was measured not to reach the recall, nil where
    ///     none was: before they are twice as many, no other is tried.
    public func structure(
        count: Int, dimension: Int, metric: Metric = .cosine, targetRecall: Double?, current: IndexStructure? = nil,
        fellShortAt: Int? = nil
    ) -> IndexStructure {
        guard let targetRecall, targetRecall <= Self.highestRecall else { return .exact }
        if let fellShortAt, count / 2 < fellShortAt { return .exact }
        let limit = current == .graph ? longestExactSearch * Self.keptPart : longestExactSearch
        return Self.exactSearchTime(count: count, dimension: dimension, metric: metric) > limit ? .graph : .exact
    }

    /// How long an exact search takes on one core, in seconds, by the bytes that it reads.
    ///
    /// Of codes 9 bytes a nanosecond: measured are 1,606 queries a second of 100,000 vectors of 384 dimensions (56 bytes
    /// each), and 3,669 of 60,000 vectors of 784 (112 bytes), which is faster, because fewer of them are left in doubt. Below
    /// 32 dimensions there are no codes, and vectors are read at 22 bytes a nanosecond.
    public static func exactSearchTime(count: Int, dimension: Int, metric: Metric = .cosine) -> Double {
        precondition((1...IndexFileLayout.maximumDimension).contains(dimension), "vectors of \(dimension) dimensions")
        let (size, rate) =
            CodePolicy.automatic.makesCodes(count: .max / dimension, dimension: dimension)
            ? (CodeEncoding.codeSize(metric: metric, dimension: dimension), 9e9)
            : (4 * IndexFileLayout.stride(dimension), 22e9)
        return Double(count) * Double(size) / rate
    }
}

extension CodeEncoding {
    /// The bytes of one vector's code.
    static func codeSize(metric: Metric, dimension: Int) -> Int {
        blockSize(metric: metric, dimension: dimension) / CodeKernels.blockCount
    }
}

extension ExactSnapshot {
    /// What a vector takes in memory, its code included; beside it stands its id in 8 bytes.
    public var bytesPerVector: Int {
        let hasCodes = segments.contains { $0.codes != nil }
        return storage.rowSize(dimension: dimension)
            + (hasCodes ? CodeEncoding.codeSize(metric: storage.codedMetric(metric), dimension: dimension) : 0)
    }
}
