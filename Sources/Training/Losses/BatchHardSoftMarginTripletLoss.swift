public import VectorMath

#if canImport(Glibc)
    internal import Glibc
#endif

/// Makes a text nearer to the furthest text of its own label than to the nearest of another, without a margin.
///
/// For every text `i` of a batch as anchor the loss is
///
///     L = mean log( 1 + exp( max d(i, same label) − min d(i, other label) ) )
///
/// ## What it learns
/// Classes as clusters, by the hardest case of each text, and never quite enough: the gradient fades and does not end.
///
/// ## Args
/// - `measure`: cosine (1 − cos), Euclidean or Manhattan.
///
/// ## References
/// - Hermans, Beyer, Leibe: In Defense of the Triplet Loss for Person Re-Identification, 2017, arXiv:1703.07737.
///
/// ## Requirements
/// 1. Texts with labels, several of a label in every batch: the trainer deals batches that way (``BatchSampler``).
///
/// ## Inputs
/// | texts | labels |
/// | --- | --- |
/// | single texts | the class of each |
///
/// ## Recommendations
/// - Where no margin is known to be right, and distances are longer than 1: between unit vectors the soft margin is
///   almost a straight line.
///
/// ## Relations
/// - sentence-transformers' `BatchHardSoftMarginTripletLoss`; ``BatchHardTripletLoss`` has a margin.
///
/// ## Example
/// ```swift
/// let loss = BatchHardSoftMarginTripletLoss(.euclidean)
/// ```
public struct BatchHardSoftMarginTripletLoss: LabelledTextLoss {
    /// What compares two vectors.
    public let measure: VectorMeasure

    public var name: String { "batch-hard-soft-margin" }

    /// The loss with a distance.
    public init(_ measure: VectorMeasure = .cosine) {
        precondition(measure.isDistance, "triplets are compared by a distance")
        self.measure = measure
    }

    /// The loss of a batch and its gradients. O(B² · D).
    public func evaluate(_ rows: LabelledRows, of embeddings: MatrixView<Float>) -> LossValue {
        hardestLoss(measure, rows, embeddings) { excess in
            let part = exp(-abs(excess))
            return (max(excess, 0) + log1p(part), excess > 0 ? 1 / (1 + part) : part / (1 + part))
        }
    }
}
