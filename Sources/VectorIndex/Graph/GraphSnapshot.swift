internal import VectorMath

/// The content of a graph at one moment: immutable, and searched from any number of threads.
///
/// A search walks from vertex to vertex, always to the nearest that it knows, and reads the codes of all neighbours there; it
/// ends when the ``beam`` nearest are walked. Results are approximate: how complete they are depends on the beam.
public struct GraphSnapshot: VectorSearching {
    let state: GraphState

    /// How many of the nearest known vertices a search expands, at least 1; a search for more neighbours expands as many.
    public let beam: Int

    /// The beam where nothing was measured.
    static let plainBeam = 64

    init(_ state: GraphState, beam: Int? = nil) {
        self.state = state
        self.beam = beam ?? state.calibration?.effort(recall: 0.95) ?? Self.plainBeam
    }

    public var metric: Metric { state.metric }
    public var dimension: Int { state.dimension }
    public var count: Int { state.count }
    public var settings: GraphSettings { state.settings }

    /// What a vector takes in memory; see ``GraphSettings/bytesPerVector(dimension:metric:)``.
    public var bytesPerVector: Int { settings.bytesPerVector(dimension: dimension, metric: metric) }

    /// What the beam was measured to reach, where the graph was calibrated. Scores are exact where vectors are kept, else those of
    /// the vectors as the profile keeps them.
    public var guarantee: SearchGuarantee { .approximate(recall: state.calibration?.recall(effort: beam)) }

    /// Beams and the recall that they were measured to reach; nil where a graph was not calibrated.
    public var calibration: RecallCalibration? { state.calibration }

    /// Whether there are so many more vectors than when beams were measured, if they were, that a graph that is made anew is worth its
    /// time: small commits are not measured.
    public var isOutgrown: Bool { state.calibration?.isOutgrown(by: count) ?? (count >= HeldOutVectors.fewest) }

    /// The same content, searched with another beam.
    public func searching(beam: Int) -> GraphSnapshot {
        precondition(beam >= 1, "a beam of \(beam)")
        return GraphSnapshot(state, beam: beam)
    }

    /// The same content, searched with the narrowest beam that was measured to reach a recall; where none does, with the widest.
    public func searching(recall: Double) -> GraphSnapshot {
        precondition((0...1).contains(recall), "a recall of \(recall)")
        return GraphSnapshot(state, beam: state.calibration?.effort(recall: recall))
    }

    public func contains(_ id: UInt64) throws(VectorIndexError) -> Bool {
        try state.file?.checkTable()
        return state.table[id] != nil
    }

    /// The vector of an id, or nil: as it was added where the graph keeps vectors, else as near as the profile keeps it.
    public func vector(of id: UInt64) throws(VectorIndexError) -> [Float]? {
        try state.file?.checkTable()
        guard let vertex = state.table[id] else { return nil }
        try state.file?.check(row: vertex)
        if state.vectors != nil { try state.file?.check(vector: vertex) }
        return state.vector(vertex)
    }

    /// All ids, ascending.
    public func ids() throws(VectorIndexError) -> [UInt64] {
        try state.file?.checkTable()
        return state.table.ids
    }
}
