public import VectorMath

/// Puts the cosines of pairs in the order of their scores.
///
/// Over all pairs of pairs of a batch where the first has the lower score, with the scale `s`, the loss is
///
///     L = log( 1 + Σ exp( s·cos(u₁, v₁) − s·cos(u₂, v₂) ) )
///
/// ## What it learns
/// The order of the scores, which is what Spearman's correlation measures; their height does not matter.
///
/// ## Args
/// - `scale`: what cosines are multiplied by; 20 is a temperature of 0.05.
///
/// ## References
/// - Su: CoSENT, 2022, https://kexue.fm/archives/8847.
///
/// ## Requirements
/// 1. Pairs with scores, on any scale.
///
/// ## Inputs
/// | texts | labels |
/// | --- | --- |
/// | (sentence1, sentence2) pairs | a score |
///
/// ## Recommendations
/// - The first choice for scored pairs. Every pair is compared with all others of the batch: 32 and more.
///
/// ## Relations
/// - sentence-transformers' `CoSENTLoss`; ``AnglELoss`` is this one over angles in the complex plane;
///   ``CosineSimilarityLoss`` learns the heights.
///
/// ## Example
/// ```swift
/// let loss = CoSENTLoss(scale: 20)
/// ```
public struct CoSENTLoss: ScoredPairLoss {
    /// What cosines are multiplied by.
    public let scale: Double

    public var name: String { "cosent" }

    public var needs: LossNeeds { .scoredPairs(.order) }

    /// The loss with a scale, which must be positive.
    public init(scale: Double = 20) {
        precondition(scale > 0 && scale.isFinite, "the scale of a softmax is positive")
        self.scale = scale
    }

    /// The loss of a batch and its gradients. O(B · (D + log B)).
    public func evaluate(_ rows: ScoredPairRows, of embeddings: MatrixView<Float>) -> LossValue {
        rankedLoss(MeasuredPairs(.cosine, of: embeddings, first: rows.first, second: rows.second), rows, scale)
    }
}

/// The loss of the order of values times a scale.
func rankedLoss(_ pairs: MeasuredPairs, _ rows: ScoredPairRows, _ scale: Double) -> LossValue {
    let ranked = RankedScores(pairs.values.map { scale * $0 }, truth: rows.scores)
    return LossValue(loss: ranked.loss, gradients: pairs.gradients(ranked.gradients.map { scale * $0 }))
}
