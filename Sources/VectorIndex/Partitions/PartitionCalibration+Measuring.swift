internal import VectorMath

extension PartitionCalibration {
    static let neighbours = 10
    /// Beyond this no more probes are measured.
    private static let enough = 0.9985
    private static let mostPoints = 60

    /// Asks an index for vectors that it does not hold.
    ///
    /// - Parameters:
    ///   - exact: The vectors that it does hold, where they are at hand; else all partitions are the truth, less what codes are known to
    ///     lose.
    ///   - queries: `[Q, D]`, prepared.
    static func measure(
        _ state: PartitionState, against exact: ExactSnapshot?, queries: MatrixView<Float>
    ) throws(VectorIndexError) -> PartitionCalibration {
        let all = PartitionSnapshot(state, probes: max(1, state.bodies.count))
        let byCodes = try all.search(queries, k: 2 * neighbours)
        let truth = RecallTruth(try exact?.search(queries, k: 2 * neighbours) ?? byCodes, k: neighbours)
        let codeRecall =
            exact == nil
            ? state.calibration?.codeRecall ?? 1
            : Double(truth.hits(in: byCodes.map { Array($0.prefix(neighbours)) })) / Double(truth.total)
        let share = exact == nil ? codeRecall : 1
        var points: [Point] = []
        var probes = 1
        while points.count < mostPoints {
            let hits = truth.hits(
                in: try PartitionSnapshot(state, probes: probes).search(queries, k: neighbours))
            let (lower, upper) = GraphCalibration.interval(hits: hits, of: truth.total)
            let recall = Double(hits) / Double(truth.total)
            points.append(Point(probes: probes, recall: recall * share, lower: lower * share, upper: upper * share))
            if recall >= enough || probes >= state.bodies.count { break }
            probes = min(state.bodies.count, probes + max(1, probes / 5))
        }
        return PartitionCalibration(
            k: neighbours, queryCount: queries.rows, vectorCount: state.count, codeRecall: codeRecall, points: points)
    }
}

extension PartitionChanges {
    /// Makes changes and, where the index begins or has doubled since probes were measured, measures them: some of the new vectors go in
    /// last, when the others were asked for them.
    mutating func applyMeasuring(
        deleting deleted: [UInt64], adding ids: [UInt64], _ vectors: Matrix<Float>
    ) throws(VectorIndexError) {
        let heldOut = GraphCalibration.heldOut(of: ids.count, seed: state.settings.seed)
        let isDue = state.calibration?.isOutgrown(by: state.count + ids.count) ?? true
        guard isDue, !heldOut.isEmpty else { return try apply(deleting: deleted, adding: ids, vectors) }
        let isFirst = state.count == 0
        let isHeldOut = Set(heldOut)
        let rest = ids.indices.filter { !isHeldOut.contains($0) }
        let base = vectors.rows(at: rest)
        try apply(deleting: deleted, adding: rest.map { ids[$0] }, base)
        try check(.calibrating, 0, of: heldOut.count)
        let exact =
            isFirst
            ? ExactSnapshot(
                metric: state.metric, dimension: state.dimension, tag: [],
                segments: [VectorSegment(ids: rest.map { ids[$0] }, vectors: base)], codePolicy: .never,
                comparesAll: true) : nil
        let queries = vectors.rows(at: heldOut)
        // What is in memory and was checked has no errors.
        calibrate(try? PartitionCalibration.measure(state, against: exact, queries: queries.view))
        try apply(deleting: [], adding: heldOut.map { ids[$0] }, queries)
    }
}
