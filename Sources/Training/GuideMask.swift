internal import VectorMath

/// What a guide finds nearer to an anchor than the anchor's own positive: no negatives, as far as the guide is right.
///
/// The guide is a model that training does not change: its vectors of all texts are computed once.
struct GuideMask: Sendable {
    /// How much nearer than the positive a candidate must be.
    enum Margin: Sendable, Equatable {
        /// Above the positive's cosine − this.
        case absolute(Float)
        /// Above the positive's cosine − this part of it.
        case relative(Float)
    }

    private let unit: Matrix<Float>
    private let rows: [Int]
    let margin: Margin

    /// - Parameters:
    ///   - unit: the guide's vectors, each of length 1, `[N, D]`.
    ///   - rows: for each text its row; texts may share one.
    init(unit: Matrix<Float>, rows: [Int], margin: Margin) {
        self.unit = unit
        self.rows = rows
        self.margin = margin
    }

    /// The guide's vector of a text, of length 1.
    func vector(ofText text: Int) -> [Float] { unit.row(rows[text]) }

    /// The false negatives of several directions; texts as for ``FalseNegatives/lists(anchors:candidates:groups:directions:)``.
    /// Some matrix products: O(B · candidates · D).
    func lists(anchors: [Int], candidates: [Int], directions: Set<ContrastDirection>) -> FalseNegativeLists {
        let queries = gathered(unit, anchors.map { rows[$0] })
        let documents = gathered(unit, candidates.map { rows[$0] })
        let positives = documents.view.rows(0..<anchors.count)
        let nearness = cosines(queries.view, documents.view)
        let limits = anchors.indices.map { tuple in
            let own = nearness[tuple, tuple]
            switch margin {
            case .absolute(let margin): return own - margin
            case .relative(let margin): return own - abs(own) * margin
            }
        }
        var lists = FalseNegativeLists()
        for direction in directions {
            let scores =
                switch direction {
                case .queryToDocument: nearness
                case .queryToQuery: cosines(queries.view, queries.view)
                case .documentToQuery: cosines(positives, queries.view)
                case .documentToDocument: cosines(positives, documents.view)
                }
            lists[direction] = places(scores, above: limits)
        }
        return lists
    }

    private func cosines(_ first: MatrixView<Float>, _ second: MatrixView<Float>) -> Matrix<Float> {
        var scores = Matrix<Float>(uninitializedRows: first.rows, columns: second.rows)
        multiply(first, second, transposingSecond: true, into: &scores)
        return scores
    }
}
