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

    /// Asks a graph for vectors that it does not hold.
    ///
    /// - Parameters:
    ///   - exact: The vectors that it does hold.
    ///   - queries: `[Q, D]`, prepared.
    static func measure(
        _ state: GraphState, against exact: ExactSnapshot, queries: MatrixView<Float>
    ) throws(VectorIndexError) -> GraphCalibration {
        // Twice as many: of equally near ones each is right.
        let truth = try exact.search(queries, k: 2 * neighbours).map { found -> Set<UInt64> in
            guard found.count > neighbours else { return Set(found.map(\.id)) }
            let last = found[neighbours - 1].score
            return Set(found.prefix(neighbours).map(\.id) + found.filter { $0.score == last }.map(\.id))
        }
        let total = queries.rows * min(neighbours, exact.count)
        var points: [Point] = []
        var beam = narrowest
        while beam <= widest {
            let found = try GraphSnapshot(state, beam: beam).search(queries, k: neighbours)
            let hits = zip(found, truth).reduce(0) { hits, pair in
                hits + min(neighbours, pair.0.count { pair.1.contains($0.id) })
            }
            let (lower, upper) = interval(hits: hits, of: total)
            points.append(Point(beam: beam, recall: Double(hits) / Double(total), lower: lower, upper: upper))
            if points[points.count - 1].recall >= enough { break }
            beam += max(2, beam / 5)
        }
        return GraphCalibration(k: neighbours, queryCount: queries.rows, points: points)
    }
}

extension GraphChanges {
    /// Adds the first vectors of a graph: some of them last, when the graph of the others was asked for them.
    mutating func addFirst(ids: [UInt64], vectors: Matrix<Float>) throws(GraphCommitCancelled) {
        let heldOut = GraphCalibration.heldOut(of: ids.count, seed: state.settings.seed)
        guard !heldOut.isEmpty else { return try add(ids: ids, vectors: vectors.view) }
        let isHeldOut = Set(heldOut)
        let rest = ids.indices.filter { !isHeldOut.contains($0) }
        let base = vectors.rows(at: rest)
        try add(ids: rest.map { ids[$0] }, vectors: base.view)
        reachAll()
        try check(.calibrating, 0, of: heldOut.count)
        let segment = VectorSegment(ids: rest.map { ids[$0] }, vectors: base)
        let exact = ExactSnapshot(
            metric: state.metric, dimension: state.dimension, tag: [], segments: [segment], codePolicy: .never,
            comparesAll: true)
        let queries = vectors.rows(at: heldOut)
        // What is in memory and was checked has no errors.
        calibrate(try? GraphCalibration.measure(state, against: exact, queries: queries.view))
        try add(ids: heldOut.map { ids[$0] }, vectors: queries.view)
    }
}

extension Matrix<Float> {
    /// A copy of some rows.
    fileprivate func rows(at rows: [Int]) -> Matrix<Float> {
        var copy = Matrix<Float>(uninitializedRows: rows.count, columns: columns)
        for (place, row) in rows.enumerated() { copy.copyRow(row, of: view, to: place) }
        return copy
    }
}
