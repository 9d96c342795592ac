public import VectorMath

/// Draws an anchor to its positive and away from what a guide does not find nearer: guided in-batch softmax.
///
/// For anchors `aᵢ`, positives `pᵢ` and hard negatives the loss is the cross-entropy of `cos(aᵢ, pᵢ) / t` among the
/// cosines, each divided by `t`, of `aᵢ` with all documents, of `aᵢ` with the other anchors and of `pᵢ` with the other
/// positives, without those that are masked.
///
/// ## What it learns
/// What ``MultipleNegativesRankingLoss`` learns, from data with unmarked answers: texts that a guide finds nearer to the
/// anchor than its own positive are no negatives.
///
/// ## Args
/// - `scale`: the inverse of the temperature `t`; 100 is 0.01.
/// - `contrastsAnchors`, `contrastsPositives`: whether anchors are compared with anchors, and positives with positives.
///
/// ## References
/// - Solatorio: GISTEmbed: Guided In-sample Selection of Training Negatives, 2024, arXiv:2402.16829.
///
/// ## Requirements
/// 1. Tuples as for ``MultipleNegativesRankingLoss``.
/// 2. A guide. In the trainer it is the base model as it was before training, whose vectors of all texts are computed
///    once; which candidates it finds too near is in the batch (``GuideMask``).
///
/// ## Inputs
/// | texts | labels |
/// | --- | --- |
/// | (anchor, positive) pairs | none |
/// | (anchor, positive, negative) triplets and longer tuples | none |
///
/// ## Recommendations
/// - Where many texts could answer the same question. Where the base model is poor in the domain, a margin of some
///   hundredths below 0 trusts it less.
///
/// ## Relations
/// - The guide's masks work for ``MultipleNegativesRankingLoss`` as well; this is the combination that was published,
///   and sentence-transformers' `GISTEmbedLoss`. There, duplicates of a positive stay negatives at a margin of 0; here
///   they are masked as duplicates.
///
/// ## Example
/// ```swift
/// let loss = GISTEmbedLoss(scale: 100)
/// ```
public struct GISTEmbedLoss: TupleLoss {
    /// The inverse of the temperature.
    public let scale: Float
    /// Whether anchors are compared with the other anchors.
    public let contrastsAnchors: Bool
    /// Whether positives are compared with the other positives.
    public let contrastsPositives: Bool

    public var name: String { "gist" }

    public var needs: LossNeeds { .tuples(Set(directions)) }

    /// The loss with a scale, which must be positive.
    public init(scale: Float = 100, contrastsAnchors: Bool = true, contrastsPositives: Bool = true) {
        precondition(scale > 0 && scale.isFinite, "the scale of a softmax is positive")
        self.scale = scale
        self.contrastsAnchors = contrastsAnchors
        self.contrastsPositives = contrastsPositives
    }

    private var directions: [ContrastDirection] {
        [.queryToDocument] + (contrastsAnchors ? [.queryToQuery] : [])
            + (contrastsPositives ? [.documentToDocument] : [])
    }

    /// The loss of a batch and its gradients.
    public func evaluate(_ rows: TupleRows, of embeddings: MatrixView<Float>) -> LossValue {
        InBatchSoftmax(scale: scale, directions: directions, comparesPositivesOnly: true)
            .evaluate(rows, of: embeddings)
    }
}
