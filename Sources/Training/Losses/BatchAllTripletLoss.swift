public import VectorMath

/// Makes a text nearer to every text of its own label than to every other, by a margin.
///
/// Over all triplets (i, j of the label of i, k of another label) of a batch the loss is the mean of those above 0:
///
///     L = mean { d(i, j) − d(i, k) + margin > 0 }
///
/// ## What it learns
/// Classes as clusters, from all triplets that are not yet right. As the mean goes over these alone, the loss stays
/// about as high while they become fewer.
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
/// - Few labels with many texts, and labels that may be wrong: no single text decides.
///
/// ## Relations
/// - sentence-transformers' `BatchAllTripletLoss`, which has Euclidean distances and a margin of 5 by default.
///
/// ## Example
/// ```swift
/// let loss = BatchAllTripletLoss(.cosine, margin: 0.2)
/// ```
public struct BatchAllTripletLoss: LabelledTextLoss {
    /// What compares two vectors.
    public let measure: VectorMeasure
    /// How much nearer texts of the same label shall be.
    public let margin: Double

    public var name: String { "batch-all" }

    /// The loss with a distance and a margin.
    public init(_ measure: VectorMeasure = .cosine, margin: Double = 0.2) {
        precondition(measure.isDistance, "triplets are compared by a distance")
        self.measure = measure
        self.margin = margin
    }

    /// The loss of a batch and its gradients. O(B² · D + triplets).
    public func evaluate(_ rows: LabelledRows, of embeddings: MatrixView<Float>) -> LossValue {
        let distances = DistanceMatrix(measure, of: embeddings, at: rows.texts)
        let count = rows.texts.count
        var weights = Matrix<Float>(rows: count, columns: count)
        var sum = 0.0
        var triplets = 0
        for anchor in 0..<count {
            let values = distances.values.row(anchor)
            // What each negative is taken into account for, negative.
            var counts = [Float](repeating: 0, count: count)
            let label = rows.labels[anchor]
            for positive in 0..<count where positive != anchor && rows.labels[positive] == label {
                let found = LossKernels.hinges(
                    bound: values[positive] + Float(margin), distances: values, labels: rows.labels, label: label,
                    count: count, weights: &counts, sum: &sum)
                counts[positive] += Float(found)
                triplets += found
            }
            weights.setRow(anchor, to: counts)
        }
        if !distances.values.elements().allSatisfy(\.isFinite) { sum = .nan }
        let mean = 1 / Double(max(triplets, 1))
        VectorMath.scale(&weights, by: Float(mean))
        return LossValue(loss: sum * mean, gradients: distances.gradients(weights))
    }
}
