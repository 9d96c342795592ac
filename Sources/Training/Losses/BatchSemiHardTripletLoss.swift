public import VectorMath

/// Makes a text nearer to those of its own label than to the nearest that is further away, by a margin.
///
/// For every pair (i, j) of one label the negative is the nearest text of another label that is further from `i` than
/// `j` is; where there is none, the furthest of another label. The loss is
///
///     L = mean max(0, d(i, j) − d(i, negative) + margin)
///
/// ## What it learns
/// Classes as clusters, from triplets that are nearly right: harder ones, which wrong labels make, are passed over.
///
/// ## Args
/// - `measure`: cosine (1 − cos), Euclidean or Manhattan.
/// - `margin`: how much nearer.
///
/// ## References
/// - Schroff, Kalenichenko, Philbin: FaceNet, 2015, arXiv:1503.03832.
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
/// - The first choice among the losses over labels where some labels may be wrong.
///
/// ## Relations
/// - sentence-transformers' `BatchSemiHardTripletLoss`, which has Euclidean distances and a margin of 5 by default.
///
/// ## Example
/// ```swift
/// let loss = BatchSemiHardTripletLoss(.cosine, margin: 0.2)
/// ```
public struct BatchSemiHardTripletLoss: LabelledTextLoss {
    /// What compares two vectors.
    public let measure: VectorMeasure
    /// How much nearer texts of the same label shall be.
    public let margin: Double

    public var name: String { "batch-semi-hard" }

    /// The loss with a distance and a margin.
    public init(_ measure: VectorMeasure = .cosine, margin: Double = 0.2) {
        precondition(measure.isDistance, "triplets are compared by a distance")
        self.measure = measure
        self.margin = margin
    }

    /// The loss of a batch and its gradients. O(B² · (D + log B)).
    public func evaluate(_ rows: LabelledRows, of embeddings: MatrixView<Float>) -> LossValue {
        let distances = DistanceMatrix(measure, of: embeddings, at: rows.texts)
        let count = rows.texts.count
        var weights = Matrix<Float>(rows: count, columns: count)
        var sum = 0.0
        var pairs = 0
        for anchor in 0..<count {
            let values = distances.values.row(anchor)
            let negatives = (0..<count).filter { rows.labels[$0] != rows.labels[anchor] }.sorted {
                (values[$0], $0) < (values[$1], $1)
            }
            for positive in 0..<count where positive != anchor && rows.labels[positive] == rows.labels[anchor] {
                pairs += 1
                guard let furthest = negatives.last else { continue }
                let further = negatives.partitioningIndex { values[$0] > values[positive] }
                let negative = further < negatives.count ? negatives[further] : furthest
                let excess = Double(values[positive]) - Double(values[negative]) + margin
                guard !(excess <= 0) else { continue }
                sum += excess
                weights[anchor, positive] += 1
                weights[anchor, negative] -= 1
            }
        }
        let mean = 1 / Double(max(pairs, 1))
        VectorMath.scale(&weights, by: Float(mean))
        return LossValue(loss: sum * mean, gradients: distances.gradients(weights))
    }
}

extension [Int] {
    /// The first place from which on a condition holds, of elements that are in order by it; the count where it never
    /// does.
    fileprivate func partitioningIndex(where condition: (Int) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if condition(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
