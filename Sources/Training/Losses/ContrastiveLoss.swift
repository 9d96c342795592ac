public import VectorMath

/// Draws pairs that belong together near, and pushes others apart up to a margin.
///
/// For the distance `d` of a pair and its score `y` from 0 to 1 the loss is
///
///     L = mean ½ · ( y·d² + (1 − y)·max(0, margin − d)² )
///
/// ## What it learns
/// A distance that tells equal from different. Pairs that are different and further apart than the margin have no
/// gradient.
///
/// ## Args
/// - `measure`: cosine (1 − cos), Euclidean or Manhattan.
/// - `margin`: how far apart is far enough.
///
/// ## References
/// - Hadsell, Chopra, LeCun: Dimensionality Reduction by Learning an Invariant Mapping, 2006.
///
/// ## Requirements
/// 1. Pairs with 0 or 1, or with degrees between them.
///
/// ## Inputs
/// | texts | labels |
/// | --- | --- |
/// | (sentence1, sentence2) pairs | 1 they belong together, 0 they do not |
///
/// ## Recommendations
/// - ``OnlineContrastiveLoss`` learns faster from the same data in batches of 32 and more.
///
/// ## Relations
/// - sentence-transformers' `ContrastiveLoss`.
///
/// ## Example
/// ```swift
/// let loss = ContrastiveLoss(.cosine, margin: 0.5)
/// ```
public struct ContrastiveLoss: ScoredPairLoss {
    /// What compares two vectors.
    public let measure: VectorMeasure
    /// How far apart is far enough.
    public let margin: Double

    public var name: String { "contrastive" }

    public var needs: LossNeeds { .scoredPairs(.degree) }

    /// The loss with a distance and a margin.
    public init(_ measure: VectorMeasure = .cosine, margin: Double = 0.5) {
        precondition(measure.isDistance, "pairs are compared by a distance")
        self.measure = measure
        self.margin = margin
    }

    /// The loss of a batch and its gradients. O(B · D).
    public func evaluate(_ rows: ScoredPairRows, of embeddings: MatrixView<Float>) -> LossValue {
        let distances = PairDistances(measure, of: embeddings, first: rows.first, second: rows.second)
        let count = Double(max(rows.scores.count, 1))
        var sum = 0.0
        let weights = zip(distances.values, rows.scores).map { distance, score in
            let gap = margin - distance < 0 ? 0 : margin - distance
            sum += 0.5 * (score * distance * distance + (1 - score) * gap * gap)
            return (score * distance - (1 - score) * gap) / count
        }
        return LossValue(loss: sum / count, gradients: distances.gradients(weights))
    }
}
