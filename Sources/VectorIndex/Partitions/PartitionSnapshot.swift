internal import VectorMath

/// The content of an index of partitions at one moment: immutable, and searched from any number of threads.
///
/// Vectors stand in partitions around centres. A search goes through the ``probes`` partitions whose centres are nearest: a one-bit
/// code a vector says which of them may be among the nearest, codes of more bits rank these, and the best few are compared as the
/// settings keep them. Results are approximate: how complete they are depends on the number of probes.
public struct PartitionSnapshot: VectorSearching {
    let state: PartitionState

    /// How many partitions a search goes through, at least 1; for more than ten neighbours, or among candidates, more.
    public let probes: Int

    init(_ state: PartitionState, probes: Int? = nil) {
        self.state = state
        self.probes = probes ?? state.calibration?.effort(recall: 0.95) ?? Self.plainProbes(state.bodies.count)
    }

    /// The probes where nothing was measured.
    private static func plainProbes(_ partitions: Int) -> Int { max(1, partitions / 8 + min(partitions, 16)) }

    public var metric: Metric { state.metric }
    public var dimension: Int { state.dimension }
    public var count: Int { state.count }
    public var settings: PartitionSettings { state.settings }

    /// How many partitions there are.
    public var partitionCount: Int { state.bodies.count }

    /// What a vector takes in memory, measured: its part of the partitions with what is empty in them, its id and the centres;
    /// beside it the table that finds an id, 12 bytes in a file and some 20 in an index that changes.
    public var bytesPerVector: Int {
        let bodies = state.bodies.reduce(0) { $0 + state.layout.size($1.count) }
        let centres = state.centres.count * (2 * state.layout.codes.width + 4) + state.centres.roots.columns
        return (bodies + centres) / max(1, count)
    }

    /// What the probes were measured to reach, where the index was calibrated. Scores are exact where vectors are kept in float32, else
    /// those of the vectors as the settings keep them.
    public var guarantee: SearchGuarantee { .approximate(recall: state.calibration?.recall(effort: probes)) }

    /// Numbers of probes and the recall that they were measured to reach; nil where an index was not calibrated.
    public var calibration: RecallCalibration? { state.calibration }

    /// Whether there are so many more vectors than when probes were measured, if they were, that an index that is made anew is worth its
    /// time: small commits are not measured.
    public var isOutgrown: Bool { state.calibration?.isOutgrown(by: count) ?? (count >= HeldOutVectors.fewest) }

    /// The same content, searched with another number of probes.
    public func searching(probes: Int) -> PartitionSnapshot {
        precondition(probes >= 1, "\(probes) probes")
        return PartitionSnapshot(state, probes: probes)
    }

    /// The same content, searched with the fewest probes that were measured to reach a recall; where none do, with the most.
    public func searching(recall: Double) -> PartitionSnapshot {
        precondition((0...1).contains(recall), "a recall of \(recall)")
        return PartitionSnapshot(state, probes: state.calibration?.effort(recall: recall))
    }

    public func contains(_ id: UInt64) throws(VectorIndexError) -> Bool {
        try state.file?.checkTable()
        return state.table[id] != nil
    }

    /// The vector of an id, or nil: as it was added where the index keeps vectors in float32, else as near as it is kept.
    public func vector(of id: UInt64) throws(VectorIndexError) -> [Float]? {
        try state.file?.checkTable()
        guard let partition = state.table[id] else { return nil }
        try state.file?.check(partition: Int(partition))
        return state.bodies[Int(partition)].slot(of: id).map { state.vector($0, of: Int(partition)) }
    }

    /// All ids, ascending.
    public func ids() throws(VectorIndexError) -> [UInt64] {
        try state.file?.checkTable()
        return state.table.ids
    }
}
