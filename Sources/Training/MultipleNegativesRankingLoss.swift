internal import VectorMath

#if canImport(Glibc)
    internal import Glibc
#endif

/// Draws an anchor to its positive and away from everybody else's: in-batch softmax cross-entropy over cosines.
///
/// For anchors `aᵢ` and candidates `cⱼ` (all positives of the batch, then all hard negatives) the loss is
///
///     L = −1/B · Σᵢ log( exp(s·cos(aᵢ, cᵢ)) / Σⱼ exp(s·cos(aᵢ, cⱼ)) )
///
/// where the sum over `j` leaves out the false negatives of tuple `i`. Also known as InfoNCE, NT-Xent with in-batch
/// negatives, or in-batch softmax loss.
///
/// ## What it learns
/// To rank, for every anchor, its own positive before all other documents of the batch. The more tuples a batch has,
/// the harder that is and the better the model becomes; batches of at least 32 are usual.
///
/// ## Args
/// - `scale`: what cosines are multiplied by before the softmax, the inverse of a temperature. 20 is a temperature of 0.05.
///
/// ## References
/// - van den Oord, Li, Vinyals: Representation Learning with Contrastive Predictive Coding, 2018, arXiv:1807.03748 (the
///   loss, as InfoNCE).
/// - Henderson et al.: Efficient Natural Language Response Suggestion for Smart Reply, 2017, arXiv:1705.00652, section
///   4.4 (the other positives of a batch as negatives).
///
/// ## Requirements
/// 1. Tuples (anchor, positive) or (anchor, positive, negative, …). At least two in a batch, or hard negatives:
///    a lone pair has no negatives, its loss is 0.
/// 2. Another tuple's positive should not be an answer to this tuple's anchor. Where the data set knows that it is one,
///    or where the texts are the same, it is left out of the sum (``FalseNegatives``): no tuple is dropped for it.
///
/// ## Inputs
/// | texts | labels |
/// | --- | --- |
/// | (anchor, positive) pairs | none |
/// | (anchor, positive, negative) triplets | none |
/// | (anchor, positive, negative_1, …, negative_n) tuples, n may differ from tuple to tuple | none |
///
/// ## Recommendations
/// - A larger batch before a larger learning rate; the memory that activations take is bounded by the trainer's
///   memory budget and not by the size of the batch.
/// - Hard negatives that were mined by a retrieval model make the task harder and the model better, as long as few of
///   them are answers after all.
///
/// ## Relations
/// - With a gradient cache (Gao et al. 2021, arXiv:2101.06983), which the trainer uses of itself where the activations
///   of a batch do not fit in its memory budget, this is sentence-transformers' `CachedMultipleNegativesRankingLoss`;
///   the gradients are the same to the bit.
/// - Masking by what is known differs from `GISTEmbedLoss`, which asks a second model at every step.
///
/// ## Example
/// ```swift
/// let loss = MultipleNegativesRankingLoss(scale: 20)
/// let value = loss.evaluate(EmbeddingBatch(embeddings: embeddings.view, anchors: [0, 1], positives: [2, 3]))
/// ```
public struct MultipleNegativesRankingLoss: EmbeddingLoss {
    /// What cosines are multiplied by before the softmax.
    public let scale: Float

    /// `mnrl`.
    public var name: String { "mnrl" }

    /// A loss with the given scale, a positive finite number.
    public init(scale: Float = 20) {
        precondition(scale > 0 && scale.isFinite, "the scale of cosines is a positive number")
        self.scale = scale
    }

    /// The loss of a batch, and its gradients by the embeddings as they came in (through the normalisation).
    ///
    /// - Complexity: O(B·C·D) for C candidates.
    public func evaluate(_ batch: EmbeddingBatch) -> LossValue {
        let count = batch.anchors.count
        let width = batch.embeddings.columns
        var gradients = Matrix<Float>(rows: batch.embeddings.rows, columns: width)
        guard count > 0 else { return LossValue(loss: 0, gradients: gradients) }

        var unit = Matrix(copying: batch.embeddings)
        let norms = normalizeRows(&unit)
        let candidateRows = batch.candidates
        let anchors = gathered(unit, batch.anchors)
        let candidates = gathered(unit, candidateRows)

        var scores = Matrix<Float>(uninitializedRows: count, columns: candidateRows.count)
        multiply(anchors.view, candidates.view, transposingSecond: true, into: &scores, alpha: scale)
        let loss = crossEntropy(&scores, excluding: batch.falseNegatives)

        // From here on `scores` holds the derivative of the loss by every cosine.
        VectorMath.scale(&scores, by: scale)
        var anchorGradients = Matrix<Float>(uninitializedRows: count, columns: width)
        multiply(scores.view, candidates.view, into: &anchorGradients)
        var candidateGradients = Matrix<Float>(uninitializedRows: candidateRows.count, columns: width)
        multiply(scores.view, transposingFirst: true, anchors.view, into: &candidateGradients)

        var unitGradients = Matrix<Float>(rows: unit.rows, columns: width)
        scatterAdd(anchorGradients, to: &unitGradients, at: batch.anchors)
        scatterAdd(candidateGradients, to: &unitGradients, at: candidateRows)
        normalizeRowsBackward(unitGradients.view, normalized: unit.view, norms: norms, into: &gradients)
        return LossValue(loss: loss, gradients: gradients)
    }

    /// The mean cross-entropy of rows whose true column is their own number; `scores` becomes its derivative.
    private func crossEntropy(_ scores: inout Matrix<Float>, excluding excluded: [[Int]]) -> Double {
        let count = scores.rows
        for (tuple, candidates) in excluded.enumerated() {
            for candidate in candidates { scores[tuple, candidate] = masked }
        }
        let own = (0..<count).map { scores[$0, $0] }
        let best = largest(of: scores)
        softmaxRows(&scores)
        for (tuple, candidates) in excluded.enumerated() {
            for candidate in candidates { scores[tuple, candidate] = 0 }
        }

        // log Σ exp(sⱼ) = sₘ − log pₘ at the largest score, where p cannot underflow as it may at the true column.
        var sum = 0.0
        for tuple in 0..<count {
            let (column, score) = best[tuple]
            sum += Double(score) - log(Double(scores[tuple, column])) - Double(own[tuple])
        }
        let mean = 1 / Float(count)
        VectorMath.scale(&scores, by: mean)
        for tuple in 0..<count { scores[tuple, tuple] -= mean }
        return sum / Double(count)
    }
}

/// What a masked score is set to: e to its power is nothing, and no kernel's arithmetic overflows on it.
private let masked: Float = -1e30

/// The column and the value of the largest entry of every row; NaN wins, so that it is not lost.
private func largest(of matrix: Matrix<Float>) -> [(column: Int, value: Float)] {
    (0..<matrix.rows).map { row in
        matrix.withUnsafePointer { base in
            let values = base + row * matrix.stride
            var column = 0
            for candidate in 0..<matrix.columns where !(values[candidate] <= values[column]) { column = candidate }
            return (column, values[column])
        }
    }
}

/// The rows of a table at some places, one below the other.
private func gathered(_ table: Matrix<Float>, _ rows: [Int]) -> Matrix<Float> {
    var result = Matrix<Float>(uninitializedRows: rows.count, columns: table.columns)
    gatherRows(of: table.view, at: rows.map(Int32.init), into: &result)
    return result
}
