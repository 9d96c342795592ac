package import VectorMath

/// The attention probabilities of a batch: for every text and head a matrix `[S, S]`, dense, text after text.
package struct AttentionProbabilities: Sendable {
    /// All values, `[1, Σ H · S²]`.
    package var values: Matrix<Float>
    /// Where each text's first head begins, `[B]`.
    package let offsets: [Int]

    package init(batch: TokenBatch, heads: Int) {
        var offsets: [Int] = []
        var total = 0
        for text in 0..<batch.count {
            offsets.append(total)
            total += heads * batch.length(of: text) * batch.length(of: text)
        }
        self.offsets = offsets
        values = Matrix(uninitializedRows: 1, columns: total)
    }
}
