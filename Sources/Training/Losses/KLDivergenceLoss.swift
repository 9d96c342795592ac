public import VectorMath

#if canImport(Glibc)
    internal import Glibc
#endif

/// Spreads an anchor's attention over its candidates as a teacher does: the Kullback-Leibler divergence.
///
/// With `q = softmax(teacher's scores / t)` and `p = softmax(similarities / t)` over the positive and the negatives of a
/// tuple, the loss is
///
///     L = t² · mean Σⱼ qⱼ · (log qⱼ − log pⱼ)
///
/// ## What it learns
/// The ranking of the candidates by a teacher, and how sure it is of it; the height of its scores does not matter.
///
/// ## Args
/// - `measure`: dot product, or cosine.
/// - `temperature`: what similarities and scores are divided by.
///
/// ## References
/// - Lin, Yang, Lin: In-Batch Negatives for Knowledge Distillation with Tightly-Coupled Teachers, 2021.
///
/// ## Requirements
/// 1. Tuples with at least one hard negative and the teacher's scores; margins do as well.
///
/// ## Inputs
/// | texts | labels |
/// | --- | --- |
/// | (anchor, positive, negative) triplets | [score of the positive, score of the negative], or the margin |
/// | (anchor, positive, negative_1, …, negative_n) tuples | n + 1 scores, or n margins |
///
/// ## Recommendations
/// - A reranker's scores of several negatives each. Cosines span little: with normalised embeddings a temperature of
///   0.05 lets them reach a teacher that is sure.
///
/// ## Relations
/// - sentence-transformers' `DistillKLDivLoss`.
///
/// ## Example
/// ```swift
/// let loss = KLDivergenceLoss(.dot, temperature: 1)
/// ```
public struct KLDivergenceLoss: ScoredTupleLoss {
    /// What compares two vectors.
    public let measure: VectorMeasure
    /// What the student's similarities and the teacher's scores are divided by.
    public let temperature: Double

    public var name: String { "kl" }

    /// The loss with a similarity, dot product or cosine, and a positive temperature.
    public init(_ measure: VectorMeasure = .dot, temperature: Double = 1) {
        precondition(measure == .dot || measure == .cosine, "scores are compared with cosines or dot products")
        precondition(temperature > 0 && temperature.isFinite, "a temperature is positive")
        self.measure = measure
        self.temperature = temperature
    }

    /// The loss of a batch and its gradients. O(candidates · D).
    public func evaluate(_ rows: ScoredTupleRows, of embeddings: MatrixView<Float>) -> LossValue {
        let candidates = ScoredCandidates(measure, rows.tuples, of: embeddings)
        let count = Double(max(rows.tuples.count, 1))
        var weights = [Double](repeating: 0, count: candidates.pairs.values.count)
        var sum = 0.0
        for (places, scores) in zip(candidates.places, rows.scores) {
            let student = logSoftmax(candidates.pairs.values[places].map { $0 / temperature })
            let teacher = logSoftmax(scores.map { $0 / temperature })
            for (place, (own, wanted)) in zip(places, zip(student, teacher)) {
                let share = exp(wanted)
                if share > 0 { sum += share * (wanted - own) }
                weights[place] = temperature * (exp(own) - share) / count
            }
        }
        return LossValue(
            loss: temperature * temperature * sum / count, gradients: candidates.pairs.gradients(weights))
    }
}

private func logSoftmax(_ values: [Double]) -> [Double] {
    let top = values.max() ?? 0
    let sum = log(values.reduce(0) { $0 + exp($1 - top) }) + top
    return values.map { $0 - sum }
}
