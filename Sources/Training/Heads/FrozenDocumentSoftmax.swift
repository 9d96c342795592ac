internal import VectorMath

#if canImport(Glibc)
    internal import Glibc
#endif

/// Cross-entropy of each query's answer among many documents that stay as they are.
///
/// It is ``MultipleNegativesRankingLoss`` with anchors against documents, and without what frozen documents do not need: their
/// normalisation, their gradients, and a copy of them for every batch. That makes all documents of a data set affordable as negatives.
struct FrozenDocumentSoftmax {
    /// What cosines are multiplied by.
    let scale: Float

    /// The loss, and its gradient by every entry of the queries.
    ///
    /// - Parameters:
    ///   - queries: `[B, D]`, of any length.
    ///   - documents: `[C, D]`, of length 1.
    ///   - own: the answer of each query among the documents, `[B]`.
    ///   - masked: what is no negative of each query, without its answer, `[B][any]`.
    /// - Complexity: O(B · C · D) time, O(B · C) memory.
    func evaluate(
        _ queries: MatrixView<Float>, documents: MatrixView<Float>, own: [Int], masked: [[Int]]
    ) -> (loss: Double, gradients: Matrix<Float>) {
        precondition(own.count == queries.rows && masked.count == own.count, "every query has an answer and a list")
        guard queries.rows > 0 else { return (0, Matrix(rows: 0, columns: queries.columns)) }
        let unit = UnitRows(queries)
        var scores = Matrix<Float>(uninitializedRows: queries.rows, columns: documents.rows)
        multiply(unit.unit.view, documents, transposingSecond: true, into: &scores, alpha: scale)
        for (row, places) in masked.enumerated() {
            for place in places { scores[row, place] = Self.maskedScore }
        }
        let answers = own.enumerated().map { Double(scores[$0, $1]) }
        let (columns, stride) = (scores.columns, scores.stride)
        let best = scores.withUnsafePointer { base in
            own.indices.map { row in
                let place = LossKernels.largest(base + row * stride, count: columns)
                return (place: place, score: Double(base[row * stride + place]))
            }
        }
        softmaxRows(&scores)
        // log Σ exp(sⱼ) = sₘ − log pₘ at the largest score, where p cannot underflow.
        var loss = 0.0
        for (row, best) in best.enumerated() {
            loss += best.score - log(Double(scores[row, best.place])) - answers[row]
        }
        for (row, place) in own.enumerated() { scores[row, place] -= 1 }
        // From here on scores are the derivative of the sum of the losses by the scaled cosines.
        var gradients = Matrix<Float>(uninitializedRows: queries.rows, columns: queries.columns)
        multiply(scores.view, documents, into: &gradients, alpha: scale / Float(own.count))
        return (loss / Double(own.count), unit.gradients(gradients))
    }

    /// e to its power is nothing, and no kernel's arithmetic overflows on it.
    private static let maskedScore: Float = -1e30
}
