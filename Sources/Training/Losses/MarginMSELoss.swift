public import VectorMath

/// Makes the margin between a positive and a negative that of a teacher: the mean squared error.
///
/// For the similarity `s` and the teacher's scores `t` the loss over all hard negatives is
///
///     L = mean ( (s(a, p) − s(a, n)) − (t(a, p) − t(a, n)) )²
///
/// ## What it learns
/// How much better than a negative a positive is, as a teacher sees it, usually a cross-encoder: a negative that is an
/// answer after all has a small margin and does no harm.
///
/// ## Args
/// - `measure`: dot product, or cosine.
///
/// ## References
/// - Hofstätter et al.: Improving Efficient Neural Ranking Models with Cross-Architecture Knowledge Distillation, 2020,
///   arXiv:2010.02666.
///
/// ## Requirements
/// 1. Tuples with hard negatives and the teacher's scores, or margins. The similarity must be able to reach the margins:
///    cosines differ by 2 at most, the logits of a cross-encoder by more.
///
/// ## Inputs
/// | texts | labels |
/// | --- | --- |
/// | (anchor, positive, negative) triplets | the margin, or [score of the positive, score of the negative] |
/// | (anchor, positive, negative_1, …, negative_n) tuples | n margins, or n + 1 scores |
///
/// ## Recommendations
/// - Mined negatives with the scores of a reranker, as in GPL. For models that normalise, scale the teacher's scores to
///   cosines first, or take ``KLDivergenceLoss``.
///
/// ## Relations
/// - sentence-transformers' `MarginMSELoss`.
///
/// ## Example
/// ```swift
/// let loss = MarginMSELoss(.dot)
/// ```
public struct MarginMSELoss: ScoredTupleLoss {
    /// What compares two vectors.
    public let measure: VectorMeasure

    public var name: String { "margin-mse" }

    /// The loss with a similarity: dot product or cosine.
    public init(_ measure: VectorMeasure = .dot) {
        precondition(measure == .dot || measure == .cosine, "margins are of cosines or dot products")
        self.measure = measure
    }

    /// The loss of a batch and its gradients. O(candidates · D).
    public func evaluate(_ rows: ScoredTupleRows, of embeddings: MatrixView<Float>) -> LossValue {
        let candidates = ScoredCandidates(measure, rows.tuples, of: embeddings)
        let values = candidates.pairs.values
        let count = Double(max(values.count - rows.tuples.count, 1))
        var weights = [Double](repeating: 0, count: values.count)
        var sum = 0.0
        for (places, scores) in zip(candidates.places, rows.scores) {
            let positive = places.lowerBound
            for (place, score) in zip(places, scores).dropFirst() {
                let error = (values[positive] - values[place]) - (scores[0] - score)
                sum += error * error
                weights[positive] += 2 * error / count
                weights[place] -= 2 * error / count
            }
        }
        return LossValue(loss: sum / count, gradients: candidates.pairs.gradients(weights))
    }
}
