public import VectorMath

/// Makes the cosine of a pair its score: the mean squared error.
///
///     L = mean (cos(u, v) − score)²
///
/// ## What it learns
/// Cosines of the height of the scores, not their order alone.
///
/// ## Args
/// None.
///
/// ## References
/// - Reimers, Gurevych: Sentence-BERT, 2019, arXiv:1908.10084, regression objective.
///
/// ## Requirements
/// 1. Pairs with scores from −1 to 1, usually 0 to 1; a data set on another scale (0…5) is brought there by the
///    trainer's score range.
///
/// ## Inputs
/// | texts | labels |
/// | --- | --- |
/// | (sentence1, sentence2) pairs | the cosine that they shall have |
///
/// ## Recommendations
/// - Where the height of a cosine is used, such as behind a threshold. Where only the order counts, ``CoSENTLoss`` is
///   usually better.
///
/// ## Relations
/// - sentence-transformers' `CosineSimilarityLoss`.
///
/// ## Example
/// ```swift
/// let loss = CosineSimilarityLoss()
/// ```
public struct CosineSimilarityLoss: ScoredPairLoss {
    public var name: String { "cosine" }

    public var needs: LossNeeds { .scoredPairs(.cosine) }

    /// The loss; it has no settings.
    public init() {}

    /// The loss of a batch and its gradients. O(B · D).
    public func evaluate(_ rows: ScoredPairRows, of embeddings: MatrixView<Float>) -> LossValue {
        let cosines = MeasuredPairs(.cosine, of: embeddings, first: rows.first, second: rows.second)
        let count = Double(max(rows.scores.count, 1))
        let errors = zip(cosines.values, rows.scores).map { $0 - $1 }
        return LossValue(
            loss: errors.reduce(0) { $0 + $1 * $1 } / count, gradients: cosines.gradients(errors.map { 2 * $0 / count })
        )
    }
}
