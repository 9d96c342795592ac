/// How many partitions have to be probed for a recall: measured on vectors of the index, against a whole scan.
public struct PartitionCalibration: Equatable, Codable, Sendable {
    /// What a number of probes reaches.
    public struct Point: Equatable, Codable, Sendable {
        public var probes: Int
        /// Recall at ``PartitionCalibration/k``: the part of the true neighbours that were found.
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
    /// The recall of probing all partitions: what codes lose. No number of probes reaches more.
    public var codeRecall: Double
    /// By ascending probes.
    public var points: [Point]

    /// The fewest measured probes that reach a recall, or the most where none do.
    public func probes(recall: Double) -> Int {
        points.first { $0.recall >= recall }?.probes ?? points.last?.probes ?? 1
    }

    /// Whether a number of probes was measured to reach a recall.
    public func reaches(_ recall: Double) -> Bool { points.contains { $0.recall >= recall } }

    /// What a number of probes is measured to reach; of one between two the lower, nil of one below all.
    public func recall(probes: Int) -> Double? {
        points.last { $0.probes <= probes }?.recall
    }

    /// Whether an index has grown so much that another number may be right.
    func isOutgrown(by count: Int) -> Bool { count >= 2 * vectorCount }
}
