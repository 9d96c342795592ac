public import VectorMath

/// Makes an anchor nearer to its positive than to its hard negative, by a margin.
///
/// For the distance `d` and every triplet of an anchor, its positive and one of its hard negatives the loss is
///
///     L = mean max(0, d(a, p) − d(a, n) + margin)
///
/// ## What it learns
/// To tell a positive from the negatives that the data name, and no more than by the margin: what is far enough has no
/// gradient. Other tuples of the batch play no part.
///
/// ## Args
/// - `measure`: cosine (1 − cos), Euclidean or Manhattan.
/// - `margin`: how much nearer. Distances of unit vectors end at 2 (cosine and Euclidean): a larger margin is never
///   reached.
///
/// ## References
/// - Schroff, Kalenichenko, Philbin: FaceNet, 2015, arXiv:1503.03832.
/// - Reimers, Gurevych: Sentence-BERT, 2019, arXiv:1908.10084.
///
/// ## Requirements
/// 1. Tuples with hard negatives; a tuple without any takes no part, several negatives make several triplets.
/// 2. A negative that is a known positive of the anchor is left out.
///
/// ## Inputs
/// | texts | labels |
/// | --- | --- |
/// | (anchor, positive, negative) triplets | none |
/// | (anchor, positive, negative_1, …, negative_n) tuples | none |
///
/// ## Recommendations
/// - For triplets that people made, where in-batch negatives would be wrong. Otherwise ``MultipleNegativesRankingLoss``
///   learns more from the same tuples.
///
/// ## Relations
/// - sentence-transformers' `TripletLoss`, which has Euclidean distances and a margin of 5 by default.
/// - ``BatchHardTripletLoss`` and its kin find triplets by labels.
///
/// ## Example
/// ```swift
/// let loss = TripletLoss(.cosine, margin: 0.2)
/// ```
public struct TripletLoss: TupleLoss {
    /// What compares two vectors.
    public let measure: VectorMeasure
    /// How much nearer the positive shall be.
    public let margin: Double

    public var name: String { "triplet" }

    public var needs: LossNeeds { .triplets }

    /// The loss with a distance and a margin.
    public init(_ measure: VectorMeasure = .cosine, margin: Double = 0.2) {
        precondition(measure.isDistance, "triplets are compared by a distance")
        self.measure = measure
        self.margin = margin
    }

    /// The loss of a batch and its gradients. O(triplets · D).
    public func evaluate(_ rows: TupleRows, of embeddings: MatrixView<Float>) -> LossValue {
        let masked = rows.falseNegatives[.queryToDocument].map(Set.init)
        var (anchors, positives, negatives): ([Int], [Int], [Int]) = ([], [], [])
        for (tuple, places) in rows.negativePlaces.enumerated() {
            for (place, negative) in zip(places, rows.negatives[tuple])
            where masked.isEmpty || !masked[tuple].contains(place) {
                anchors.append(rows.anchors[tuple])
                positives.append(rows.positives[tuple])
                negatives.append(negative)
            }
        }
        let count = anchors.count
        let distances = PairDistances(
            measure, of: embeddings, first: anchors + anchors, second: positives + negatives)
        var sum = 0.0
        var weights = [Double](repeating: 0, count: 2 * count)
        for triplet in 0..<count {
            let excess = distances.values[triplet] - distances.values[count + triplet] + margin
            guard !(excess <= 0) else { continue }
            sum += excess
            weights[triplet] = 1 / Double(count)
            weights[count + triplet] = -1 / Double(count)
        }
        return LossValue(loss: count == 0 ? 0 : sum / Double(count), gradients: distances.gradients(weights))
    }
}
