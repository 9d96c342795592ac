public import VectorMath

/// The contrastive loss of the hard pairs of a batch alone.
///
/// Hard is a pair with 1 that is further apart than the nearest with 0, and a pair with 0 that is nearer than the
/// furthest with 1. Where a batch lacks one of both kinds, the mean of the other takes the place of its extreme. Over the
/// hard pairs the loss is the sum
///
///     L = Σ₁ d² + Σ₀ max(0, margin − d)²
///
/// ## What it learns
/// What ``ContrastiveLoss`` learns, from those pairs of each batch that are still wrong.
///
/// ## Args
/// - `measure`: cosine (1 − cos), Euclidean or Manhattan.
/// - `margin`: how far apart is far enough.
///
/// ## References
/// - Hadsell, Chopra, LeCun, 2006, with the selection of sentence-transformers.
///
/// ## Requirements
/// 1. Pairs with 0 or 1, both in every batch for the selection to mean something: batches of 32 and more.
///
/// ## Inputs
/// | texts | labels |
/// | --- | --- |
/// | (sentence1, sentence2) pairs | 1 they belong together, 0 they do not |
///
/// ## Recommendations
/// - Duplicate questions, paraphrases with negatives. As it is a sum, it grows with the batch: lower the learning rate
///   or clip gradients where batches are large.
///
/// ## Relations
/// - sentence-transformers' `OnlineContrastiveLoss`.
///
/// ## Example
/// ```swift
/// let loss = OnlineContrastiveLoss(.cosine, margin: 0.5)
/// ```
public struct OnlineContrastiveLoss: ScoredPairLoss {
    /// What compares two vectors.
    public let measure: VectorMeasure
    /// How far apart is far enough.
    public let margin: Double

    public var name: String { "online-contrastive" }

    public var needs: LossNeeds { .scoredPairs(.binary) }

    /// The loss with a distance and a margin.
    public init(_ measure: VectorMeasure = .cosine, margin: Double = 0.5) {
        precondition(measure.isDistance, "pairs are compared by a distance")
        self.measure = measure
        self.margin = margin
    }

    /// The loss of a batch and its gradients. O(B · D).
    public func evaluate(_ rows: ScoredPairRows, of embeddings: MatrixView<Float>) -> LossValue {
        let distances = PairDistances(measure, of: embeddings, first: rows.first, second: rows.second)
        let together = distances.values.indices.filter { rows.scores[$0] == 1 }
        let apart = distances.values.indices.filter { rows.scores[$0] == 0 }
        let furthest = together.map { distances.values[$0] }.max() ?? mean(apart.map { distances.values[$0] })
        let nearest = apart.map { distances.values[$0] }.min() ?? mean(together.map { distances.values[$0] })
        var sum = 0.0
        var weights = [Double](repeating: 0, count: distances.values.count)
        for pair in together where !(distances.values[pair] <= nearest) {
            sum += distances.values[pair] * distances.values[pair]
            weights[pair] = 2 * distances.values[pair]
        }
        for pair in apart where !(distances.values[pair] >= furthest) {
            let gap = margin - distances.values[pair]
            guard !(gap <= 0) else { continue }
            sum += gap * gap
            weights[pair] = -2 * gap
        }
        return LossValue(loss: sum, gradients: distances.gradients(weights))
    }
}

private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(max(values.count, 1)) }
