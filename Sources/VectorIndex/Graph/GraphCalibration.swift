/// How wide a beam has to be for a recall: measured on vectors of the index, against a whole scan.
public struct GraphCalibration: Equatable, Codable, Sendable {
    /// What one beam reaches.
    public struct Point: Equatable, Codable, Sendable {
        public var beam: Int
        /// Recall at ``GraphCalibration/k``: the part of the true neighbours that were found.
        public var recall: Double
        /// Wilson's interval of that recall, at 95 %.
        public var lower: Double
        public var upper: Double
    }

    /// K of the measurement.
    public var k: Int
    /// How many queries were asked.
    public var queryCount: Int
    /// How many vectors the graph had then.
    public var vectorCount: Int
    /// The recall of comparing a query with every vector as the profile keeps it: no beam reaches more.
    public var rowRecall: Double
    /// By ascending beam.
    public var points: [Point]

    /// The narrowest measured beam that reaches a recall, or the widest where none does.
    public func beam(recall: Double) -> Int {
        points.first { $0.recall >= recall }?.beam ?? points.last?.beam ?? 1
    }

    /// Whether a beam was measured to reach a recall.
    public func reaches(_ recall: Double) -> Bool { points.contains { $0.recall >= recall } }

    /// What a beam is measured to reach; of one between two the lower, nil of one below all.
    public func recall(beam: Int) -> Double? {
        points.last { $0.beam <= beam }?.recall
    }

    /// Wilson's interval of a proportion (1927, doi:10.1080/01621459.1927.10502953), at 95 %.
    static func interval(hits: Int, of count: Int) -> (lower: Double, upper: Double) {
        guard count > 0 else { return (0, 1) }
        let (z, n, p) = (1.959963984540054, Double(count), Double(hits) / Double(count))
        let middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        let half = z / (1 + z * z / n) * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot()
        return (max(0, middle - half), min(1, middle + half))
    }
}
