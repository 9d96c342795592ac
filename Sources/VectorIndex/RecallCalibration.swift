/// How much an approximate search has to do for a recall: measured on vectors of the index, against a whole scan.
public struct RecallCalibration: Equatable, Codable, Sendable {
    /// What one effort reaches.
    public struct Point: Equatable, Codable, Sendable {
        /// The beam of a graph, or how many partitions are probed.
        public var effort: Int
        /// Recall at ``RecallCalibration/k``: the part of the true neighbours that were found.
        public var recall: Double
        /// Wilson's interval of that recall, at 95 %.
        public var lower: Double
        public var upper: Double
    }

    /// K of the measurement.
    public var k: Int
    /// How many queries were asked.
    public var queryCount: Int
    /// How many vectors the index had then.
    public var vectorCount: Int
    /// The recall of comparing a query with every vector as the index keeps it: no effort reaches more.
    public var keptRecall: Double
    /// By ascending effort.
    public var points: [Point]

    /// The least measured effort that reaches a recall, or the greatest where none does.
    public func effort(recall: Double) -> Int {
        points.first { $0.recall >= recall }?.effort ?? points.last?.effort ?? 1
    }

    /// Whether an effort was measured to reach a recall.
    public func reaches(_ recall: Double) -> Bool { points.contains { $0.recall >= recall } }

    /// What an effort is measured to reach; of one between two the lower, nil of one below all.
    public func recall(effort: Int) -> Double? {
        points.last { $0.effort <= effort }?.recall
    }

    /// Whether an index has grown so much that another effort may be right.
    func isOutgrown(by count: Int) -> Bool { count >= 2 * vectorCount }

    /// Wilson's interval of a proportion (1927, doi:10.1080/01621459.1927.10502953), at 95 %.
    static func interval(hits: Int, of count: Int) -> (lower: Double, upper: Double) {
        guard count > 0 else { return (0, 1) }
        let (z, n, p) = (1.959963984540054, Double(count), Double(hits) / Double(count))
        let middle = (p + z * z / (2 * n)) / (1 + z * z / n)
        let half = z / (1 + z * z / n) * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot()
        return (max(0, middle - half), min(1, middle + half))
    }
}
