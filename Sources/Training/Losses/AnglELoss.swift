public import VectorMath

/// Puts the angles of pairs in the complex plane in the order of their scores.
///
/// The first half of a vector is taken for the real part and the second for the imaginary part of a complex vector; what
/// is compared is the absolute sum of both parts of the quotient of two such vectors, with their lengths divided out. The
/// loss over these values is that of ``CoSENTLoss``.
///
/// ## What it learns
/// The order of the scores, with gradients where cosines are near 1 or −1 and have next to none.
///
/// ## Args
/// - `scale`: what the values are multiplied by.
///
/// ## References
/// - Li, Li: AnglE-optimized Text Embeddings, 2023, arXiv:2309.12871.
///
/// ## Requirements
/// 1. Pairs with scores, on any scale.
/// 2. An even number of dimensions.
///
/// ## Inputs
/// | texts | labels |
/// | --- | --- |
/// | (sentence1, sentence2) pairs | a score |
///
/// ## Recommendations
/// - Where ``CoSENTLoss`` comes to a stand: try both, the differences are small.
///
/// ## Relations
/// - sentence-transformers' `AnglELoss`.
///
/// ## Example
/// ```swift
/// let loss = AnglELoss(scale: 20)
/// ```
public struct AnglELoss: ScoredPairLoss {
    /// What the values are multiplied by.
    public let scale: Double

    public var name: String { "angle" }

    public var needs: LossNeeds { .scoredPairs(.order) }

    /// The loss with a scale, which must be positive.
    public init(scale: Double = 20) {
        precondition(scale > 0 && scale.isFinite, "the scale of a softmax is positive")
        self.scale = scale
    }

    /// The loss of a batch and its gradients. O(B · (D + log B)).
    public func evaluate(_ rows: ScoredPairRows, of embeddings: MatrixView<Float>) -> LossValue {
        rankedLoss(MeasuredPairs(.angle, of: embeddings, first: rows.first, second: rows.second), rows, scale)
    }
}
