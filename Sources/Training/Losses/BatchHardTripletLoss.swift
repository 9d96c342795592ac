public import VectorMath

/// Makes a text nearer to the furthest text of its own label than to the nearest of another, by a margin.
///
/// For every text `i` of a batch as anchor the loss is
///
///     L = mean max(0, max d(i, same label) − min d(i, other label) + margin)
///
/// ## What it learns
/// Classes as clusters, by the hardest case of each text. A text without another of its label is only pushed away from
/// the nearest other; one without any of another label takes no part.
///
/// ## Args
/// - `measure`: cosine (1 − cos), Euclidean or Manhattan.
/// - `margin`: how much nearer.
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
/// - Clean labels: one wrong label is the hardest case of many batches. ``BatchSemiHardTripletLoss`` minds less.
///
/// ## Relations
/// - sentence-transformers' `BatchHardTripletLoss`, which has Euclidean distances and a margin of 5 by default.
///
/// ## Example
/// ```swift
/// let loss = BatchHardTripletLoss(.cosine, margin: 0.2)
/// ```
public struct BatchHardTripletLoss: LabelledTextLoss {
    /// What compares two vectors.
    public let measure: VectorMeasure
    /// How much nearer texts of the same label shall be.
    public let margin: Double

    public var name: String { "batch-hard" }

    /// The loss with a distance and a margin.
    public init(_ measure: VectorMeasure = .cosine, margin: Double = 0.2) {
        precondition(measure.isDistance, "triplets are compared by a distance")
        self.measure = measure
        self.margin = margin
    }

    /// The loss of a batch and its gradients. O(B² · D).
    public func evaluate(_ rows: LabelledRows, of embeddings: MatrixView<Float>) -> LossValue {
        hardestLoss(measure, rows, embeddings) { excess in
            let excess = excess + margin
            return excess <= 0 ? (0, 0) : (excess, 1)
        }
    }
}

/// The mean over all texts of a function of (distance of the furthest of its label − distance of the nearest other).
///
/// - Parameter cost: the function's value and its derivative.
func hardestLoss(
    _ measure: VectorMeasure, _ rows: LabelledRows, _ embeddings: MatrixView<Float>,
    cost: (Double) -> (value: Double, derivative: Double)
) -> LossValue {
    let distances = DistanceMatrix(measure, of: embeddings, at: rows.texts)
    let count = rows.texts.count
    var weights = Matrix<Float>(rows: count, columns: count)
    var sum = 0.0
    for anchor in 0..<count {
        var (positive, negative): (Int?, Int?) = (nil, nil)
        for other in 0..<count where other != anchor {
            let distance = distances.values[anchor, other]
            if rows.labels[other] == rows.labels[anchor] {
                if !(positive.map { distance <= distances.values[anchor, $0] } ?? false) { positive = other }
            } else if !(negative.map { distance >= distances.values[anchor, $0] } ?? false) {
                negative = other
            }
        }
        guard let negative else { continue }
        let near = positive.map { Double(distances.values[anchor, $0]) } ?? 0
        let (value, derivative) = cost(near - Double(distances.values[anchor, negative]))
        sum += value
        if let positive { weights[anchor, positive] += Float(derivative / Double(count)) }
        weights[anchor, negative] -= Float(derivative / Double(count))
    }
    return LossValue(loss: count == 0 ? 0 : sum / Double(count), gradients: distances.gradients(weights))
}
