internal import VectorMath

/// Each anchor of a batch with its positive and its negatives, one after the other: what losses over a teacher's scores
/// compare.
struct ScoredCandidates {
    /// For each tuple, the places of its pairs among the values.
    let places: [Range<Int>]
    /// The similarity of each pair.
    let pairs: MeasuredPairs

    init(_ measure: VectorMeasure, _ rows: TupleRows, of embeddings: MatrixView<Float>) {
        precondition(measure == .cosine || measure == .dot, "scores are compared with cosines or dot products")
        var (first, second): ([Int], [Int]) = ([], [])
        places = (0..<rows.count).map { tuple in
            let start = first.count
            second.append(rows.positives[tuple])
            second += rows.negatives[tuple]
            first += Array(repeating: rows.anchors[tuple], count: rows.negatives[tuple].count + 1)
            return start..<first.count
        }
        pairs = MeasuredPairs(.init(measure), of: embeddings, first: first, second: second)
    }
}
