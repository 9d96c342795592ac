internal import VectorMath

extension GraphCalibration {
    /// The most vectors that are held out, and the smallest part of the others that they may be.
    static let mostQueries = 256
    private static let smallestPart = 8
    static let neighbours = 10
    /// A narrowest beam, and each of the next about a fifth wider.
    private static let narrowest = 10
    private static let widest = 600
    /// Beyond this no wider beam is measured.
    private static let enough = 0.9985

    /// Which rows of a batch are held out to measure: none where there are too few.
    static func heldOut(of count: Int, seed: UInt64) -> [Int] {
        guard count >= GraphRound.fewest * 2 else { return [] }
        var generator = RandomGenerator(seed: seed, stream: 2)
        var chosen = Set<Int>()
        while chosen.count < min(mostQueries, count / smallestPart) { chosen.insert(generator.below(count)) }
        return chosen.sorted()
    }

    /// Whether a graph has grown so much that another beam may be right.
    func isOutgrown(by count: Int) -> Bool { count >= 2 * vectorCount }

    /// Asks a graph for vectors that it does not hold.
    ///
    /// What a whole scan finds is measured once, when all vectors are at hand in float32; later a scan is one of the rows, and what
    /// these are known to lose is taken off.
    ///
    /// - Parameters:
    ///   - exact: The vectors that it does hold, where they are at hand.
    ///   - queries: `[Q, D]`, prepared.
    static func measure(
        _ state: GraphState, against exact: ExactSnapshot?, queries: MatrixView<Float>
    ) throws(VectorIndexError) -> GraphCalibration {
        let byRows = try GraphSnapshot(state).nearestByRows(queries, k: 2 * neighbours)
        let truth = RecallTruth(try exact?.search(queries, k: 2 * neighbours) ?? byRows, k: neighbours)
        let rowRecall =
            exact == nil
            ? state.calibration?.rowRecall ?? 1
            : Double(truth.hits(in: byRows.map { Array($0.prefix(neighbours)) })) / Double(truth.total)
        // Against exact answers what the rows lose is missed already.
        let share = exact == nil ? rowRecall : 1
        var points: [Point] = []
        var beam = narrowest
        while beam <= widest {
            let hits = truth.hits(in: try GraphSnapshot(state, beam: beam).search(queries, k: neighbours))
            let (lower, upper) = interval(hits: hits, of: truth.total)
            let recall = Double(hits) / Double(truth.total)
            points.append(Point(beam: beam, recall: recall * share, lower: lower * share, upper: upper * share))
            if recall >= enough { break }
            beam += max(2, beam / 5)
        }
        return GraphCalibration(
            k: neighbours, queryCount: queries.rows, vectorCount: state.count, rowRecall: rowRecall, points: points)
    }
}

extension GraphChanges {
    /// Adds vectors and, where the graph begins or has doubled since beams were measured, measures them: some of the vectors go in last,
    /// when the graph of the others was asked for them.
    mutating func addMeasuring(ids: [UInt64], vectors: Matrix<Float>) throws(VectorIndexError) {
        let heldOut = GraphCalibration.heldOut(of: ids.count, seed: state.settings.seed)
        let isDue = state.calibration?.isOutgrown(by: state.count + ids.count) ?? true
        guard isDue, !heldOut.isEmpty else { return try add(ids: ids, vectors: vectors.view) }
        let isFirst = state.count == 0
        let isHeldOut = Set(heldOut)
        let rest = ids.indices.filter { !isHeldOut.contains($0) }
        let base = vectors.rows(at: rest)
        try add(ids: rest.map { ids[$0] }, vectors: base.view)
        reachAll()
        try check(.calibrating, 0, of: heldOut.count)
        let exact =
            isFirst
            ? ExactSnapshot(
                metric: state.metric, dimension: state.dimension, tag: [],
                segments: [VectorSegment(ids: rest.map { ids[$0] }, vectors: base)], codePolicy: .never,
                comparesAll: true) : nil
        let queries = vectors.rows(at: heldOut)
        // What is in memory and was checked has no errors.
        calibrate(try? GraphCalibration.measure(state, against: exact, queries: queries.view))
        try add(ids: heldOut.map { ids[$0] }, vectors: queries.view)
    }
}

extension Matrix<Float> {
    /// A copy of some rows.
    func rows(at rows: [Int]) -> Matrix<Float> {
        var copy = Matrix<Float>(uninitializedRows: rows.count, columns: columns)
        for (place, row) in rows.enumerated() { copy.copyRow(row, of: view, to: place) }
        return copy
    }
}
