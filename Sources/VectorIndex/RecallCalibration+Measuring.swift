internal import VectorMath

extension RecallCalibration {
    static let neighbours = 10
    /// Beyond this nothing more is measured.
    private static let enough = 0.9985

    /// Asks an index for vectors that it does not hold.
    ///
    /// What a whole scan finds is measured once, when all vectors are at hand in float32; later the truth is what comparing with every
    /// vector as it is kept finds, and what that is known to lose is taken off.
    ///
    /// - Parameters:
    ///   - exact: More than ``neighbours`` true neighbours of each query, where they are known.
    ///   - kept: As many, found by comparing with every vector as the index keeps it.
    ///   - before: What was measured last.
    ///   - efforts: Ascending.
    ///   - search: Finds the nearest ``neighbours`` of each query.
    static func measure(
        against exact: [[Neighbour]]?, kept: [[Neighbour]], before: RecallCalibration?, vectorCount: Int,
        efforts: some Sequence<Int>, search: (Int) throws(VectorIndexError) -> [[Neighbour]]
    ) throws(VectorIndexError) -> RecallCalibration {
        let truth = RecallTruth(exact ?? kept, k: neighbours)
        let keptRecall =
            exact == nil
            ? before?.keptRecall ?? 1
            : Double(truth.hits(in: kept.map { Array($0.prefix(neighbours)) })) / Double(truth.total)
        // Against exact answers what keeping them loses is missed already.
        let share = exact == nil ? keptRecall : 1
        var points: [Point] = []
        for effort in efforts {
            let hits = truth.hits(in: try search(effort))
            let (lower, upper) = interval(hits: hits, of: truth.total)
            let recall = Double(hits) / Double(truth.total)
            points.append(Point(effort: effort, recall: recall * share, lower: lower * share, upper: upper * share))
            if recall >= enough { break }
        }
        return RecallCalibration(
            k: neighbours, queryCount: kept.count, vectorCount: vectorCount, keptRecall: keptRecall, points: points)
    }
}

/// A batch of which some vectors are held out: the index of the others is asked for them before they go in.
struct HeldOutVectors {
    /// The most vectors that are held out, and the smallest part of the others that they may be.
    private static let most = 256
    private static let smallestPart = 8
    /// Of fewer vectors none are held out.
    static let fewest = 2 * GraphRound.fewest

    let ids: [UInt64]
    let vectors: Matrix<Float>
    let otherIDs: [UInt64]
    let others: Matrix<Float>

    /// Nil where there are too few.
    init?(ids: [UInt64], vectors: Matrix<Float>, seed: UInt64) {
        guard ids.count >= Self.fewest else { return nil }
        var generator = RandomGenerator(seed: seed, stream: 2)
        var chosen = Set<Int>()
        while chosen.count < min(Self.most, ids.count / Self.smallestPart) { chosen.insert(generator.below(ids.count)) }
        let (rows, rest) = (chosen.sorted(), ids.indices.filter { !chosen.contains($0) })
        (self.ids, self.vectors) = (rows.map { ids[$0] }, vectors.rows(at: rows))
        (otherIDs, others) = (rest.map { ids[$0] }, vectors.rows(at: rest))
    }

    /// The true neighbours of the vectors held out among the others.
    func neighbours(metric: Metric) throws(VectorIndexError) -> [[Neighbour]] {
        try ExactSnapshot(
            metric: metric, dimension: others.columns, tag: [],
            segments: [VectorSegment(ids: otherIDs, vectors: others)], codePolicy: .never, comparesAll: true
        ).search(vectors.view, k: 2 * RecallCalibration.neighbours)
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
