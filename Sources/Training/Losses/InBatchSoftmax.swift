internal import VectorMath

#if canImport(Glibc)
    internal import Glibc
#endif

/// Cross-entropy of each tuple's own pair among all that its anchor and its positive are compared with in the batch.
///
/// Each direction is a block of scores, a row a tuple. What is masked takes no part: false negatives, an anchor against
/// itself, and a positive against the documents of its own tuple.
struct InBatchSoftmax {
    /// What cosines are multiplied by.
    var scale: Float
    /// What is compared; always holds `queryToDocument`, whose entry of the own pair is the one to be raised.
    var directions: [ContrastDirection]
    /// Whether there is one softmax over all directions.
    var partition = MultipleNegativesRankingLoss.Partition.joint
    /// What hard negatives weigh more by.
    var hardness: MultipleNegativesRankingLoss.Hardness?
    /// Whether positives are compared with positives alone, and not with hard negatives.
    var comparesPositivesOnly = false

    func evaluate(_ rows: TupleRows, of embeddings: MatrixView<Float>) -> LossValue {
        guard rows.count > 0 else {
            return LossValue(loss: 0, gradients: Matrix(rows: embeddings.rows, columns: embeddings.columns))
        }
        let all = UnitRows(embeddings)
        let candidateTexts = rows.candidates
        let queries = gathered(all.unit, rows.anchors)
        let documents = gathered(all.unit, candidateTexts)
        let positives = documents.view.rows(0..<rows.count)

        var blocks = directions.map { direction in
            let left = direction == .queryToDocument || direction == .queryToQuery ? queries.view : positives
            let right =
                direction.isToQueries
                ? queries.view : direction == .documentToDocument && comparesPositivesOnly ? positives : documents.view
            return ScoreBlock(direction, left: left, right: right, scale: scale)
        }
        var own: [Double] = []
        for index in blocks.indices {
            let direction = blocks[index].direction
            if direction == .queryToDocument {
                own = (0..<rows.count).map { Double(blocks[index].scores[$0, $0]) }
                if let hardness { blocks[index].weigh(hardness, scale: scale, negatives: rows.negativePlaces) }
            }
            blocks[index].mask(rows.falseNegatives[direction], itself: itself(direction, rows))
            blocks[index].normalize()
        }

        // From here on a block's scores become the derivative of the loss by its cosines.
        let loss = combine(&blocks, own: own)
        var queryGradients = Matrix<Float>(rows: queries.rows, columns: queries.columns)
        var documentGradients = Matrix<Float>(rows: documents.rows, columns: documents.columns)
        for block in blocks {
            var left = Matrix<Float>(uninitializedRows: block.left.rows, columns: queries.columns)
            multiply(block.scores.view, block.right, into: &left)
            if block.isFromQueries {
                addRows(left, to: &queryGradients)
            } else {
                addRows(left, to: &documentGradients)
            }
            var right = Matrix<Float>(uninitializedRows: block.right.rows, columns: queries.columns)
            multiply(block.scores.view, transposingFirst: true, block.left, into: &right)
            if block.direction.isToQueries {
                addRows(right, to: &queryGradients)
            } else {
                addRows(right, to: &documentGradients)
            }
        }
        var unitGradients = Matrix<Float>(rows: embeddings.rows, columns: embeddings.columns)
        scatterAdd(queryGradients, to: &unitGradients, at: rows.anchors)
        scatterAdd(documentGradients, to: &unitGradients, at: candidateTexts)
        return LossValue(loss: loss, gradients: all.gradients(unitGradients))
    }

    /// The places of a direction that are a tuple's own and no negatives.
    private func itself(_ direction: ContrastDirection, _ rows: TupleRows) -> [[Int]] {
        switch direction {
        case .queryToDocument, .documentToQuery: []
        case .queryToQuery: (0..<rows.count).map { [$0] }
        case .documentToDocument:
            comparesPositivesOnly
                ? (0..<rows.count).map { [$0] } : rows.negativePlaces.enumerated().map { [$0] + Array($1) }
        }
    }

    /// The loss, of blocks that are softmaxes of their own; scores become derivatives by the cosines.
    private func combine(_ blocks: inout [ScoreBlock], own: [Double]) -> Double {
        let count = own.count
        let mean = Double(scale) / Double(count)
        var sum = 0.0
        for tuple in 0..<count {
            let sums = blocks.map { $0.logSums[tuple] }
            let total: Double
            switch partition {
            case .joint:
                let top = sums.contains { $0.isNaN } ? .nan : sums.max() ?? 0
                total = sums.count == 1 ? sums[0] : top + log(sums.reduce(0) { $0 + exp($1 - top) })
            case .perDirection: total = sums.reduce(0, +) / Double(sums.count)
            }
            sum += total - own[tuple]
            for index in blocks.indices {
                let share = partition == .joint ? exp(sums[index] - total) : 1 / Double(sums.count)
                blocks[index].scale(tuple, by: Float(mean * share))
            }
        }
        if let index = blocks.firstIndex(where: { $0.direction == .queryToDocument }) {
            for tuple in 0..<count { blocks[index].scores[tuple, tuple] -= Float(mean) }
        }
        return sum / Double(count)
    }
}

/// Adds rows to the first ones of a table.
private func addRows(_ rows: Matrix<Float>, to table: inout Matrix<Float>) {
    scatterAdd(rows, to: &table, at: Array(0..<rows.rows))
}

/// The scores of one direction.
private struct ScoreBlock {
    let direction: ContrastDirection
    let left: MatrixView<Float>
    let right: MatrixView<Float>
    /// A row a tuple, a column a place: scores, then their softmax.
    var scores: Matrix<Float>
    /// log Σ exp of each row; −∞ where all of it is masked.
    var logSums: [Double] = []

    private var masked: [[Int]] = []

    var isFromQueries: Bool { direction == .queryToDocument || direction == .queryToQuery }

    init(_ direction: ContrastDirection, left: MatrixView<Float>, right: MatrixView<Float>, scale: Float) {
        self.direction = direction
        self.left = left
        self.right = right
        scores = Matrix(uninitializedRows: left.rows, columns: right.rows)
        multiply(left, right, transposingSecond: true, into: &scores, alpha: scale)
    }

    /// Adds strength · cosine to the scores of negatives; what is added has no derivative.
    mutating func weigh(_ hardness: MultipleNegativesRankingLoss.Hardness, scale: Float, negatives: [Range<Int>]) {
        let factor = 1 + hardness.strength / scale
        for tuple in 0..<scores.rows {
            let own = negatives[tuple].map { scores[tuple, $0] }
            let positive = scores[tuple, tuple]
            if hardness.mode != .hardNegatives {
                self.scale(tuple, by: factor)
                scores[tuple, tuple] = positive
            }
            for (place, score) in zip(negatives[tuple], own) {
                scores[tuple, place] = hardness.mode == .inBatchNegatives ? score : score * factor
            }
        }
    }

    mutating func mask(_ falseNegatives: [[Int]], itself: [[Int]]) {
        masked =
            falseNegatives.isEmpty
            ? itself
            : itself.isEmpty ? falseNegatives : zip(falseNegatives, itself).map { $0 + $1 }
        for (tuple, places) in masked.enumerated() {
            for place in places where place < scores.columns { scores[tuple, place] = maskedScore }
        }
    }

    /// Makes every row its softmax.
    mutating func normalize() {
        let columns = scores.columns
        let stride = scores.stride
        let best = (0..<scores.rows).map { row in
            scores.withUnsafePointer { base in
                let place = LossKernels.largest(base + row * stride, count: columns)
                return (place: place, score: base[row * stride + place])
            }
        }
        softmaxRows(&scores)
        // log Σ exp(sⱼ) = sₘ − log pₘ at the largest score, where p cannot underflow.
        logSums = best.enumerated().map { row, best in
            best.score <= maskedScore ? -.infinity : Double(best.score) - log(Double(scores[row, best.place]))
        }
        for (tuple, places) in masked.enumerated() {
            for place in places where place < columns { scores[tuple, place] = 0 }
        }
    }

    mutating func scale(_ row: Int, by factor: Float) {
        let (columns, stride) = (scores.columns, scores.stride)
        scores.withUnsafeMutablePointer { RowKernels.scale($0 + row * stride, count: columns, by: factor) }
    }
}

/// What a masked score is set to: e to its power is nothing, and no kernel's arithmetic overflows on it.
private let maskedScore: Float = -1e30
