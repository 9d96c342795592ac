package import VectorMath

/// The rows of word, position and token type, summed and normalised.
///
/// Every text is of token type 0 and counts its positions from 0.
package struct EmbeddingLayer: Sendable {
    /// The gradient of the three tables and the normalisation.
    package struct Gradient: Sendable {
        /// `[V, D]`.
        package var word: Matrix<Float>
        /// `[positions, D]`.
        package var position: Matrix<Float>
        /// `[types, D]`.
        package var tokenType: Matrix<Float>
        package var normalization: LayerNormalization.Gradient?
    }

    /// `[V, D]`.
    package let word: MatrixView<Float>
    /// `[positions, D]`.
    package let position: MatrixView<Float>
    /// `[types, D]`.
    package let tokenType: MatrixView<Float>
    package let normalization: LayerNormalization
    /// The rows of the positions with token type 0 added, `[positions, D]`.
    let context: Matrix<Float>

    package init(
        word: MatrixView<Float>, position: MatrixView<Float>, tokenType: MatrixView<Float>,
        normalization: LayerNormalization
    ) {
        self.word = word
        self.position = position
        self.tokenType = tokenType
        self.normalization = normalization
        var context = Matrix(copying: position)
        addRowVector(tokenType.row(0), to: &context)
        self.context = context
    }

    private init(_ other: EmbeddingLayer, normalization: LayerNormalization) {
        (word, position, tokenType, context) = (other.word, other.position, other.tokenType, other.context)
        self.normalization = normalization
    }

    /// The layer with another normalisation.
    func replacing(_ normalization: LayerNormalization) -> EmbeddingLayer {
        EmbeddingLayer(self, normalization: normalization)
    }

    package var zeroGradient: Gradient {
        Gradient(
            word: Matrix(rows: word.rows, columns: word.columns),
            position: Matrix(rows: position.rows, columns: position.columns),
            tokenType: Matrix(rows: tokenType.rows, columns: tokenType.columns),
            normalization: normalization.zeroGradient)
    }

    /// Token ids `[T]` → hidden states `[T, D]`.
    package func forward(
        _ batch: TokenBatch, keepsInput: Bool = false
    ) -> (y: Matrix<Float>, activations: LayerNormalization.Activations?) {
        var sum = Matrix<Float>(uninitializedRows: batch.tokenCount, columns: word.columns)
        gatherRows(of: word, at: batch.ids, into: &sum)
        TokenRuns.addPositions(context.view, of: batch, to: &sum)
        return normalization.forward(sum, keepsInput: keepsInput)
    }

    /// dy `[T, D]` → the gradients of the tables (+=). There is nothing below the embeddings.
    package func backward(
        _ dy: MatrixView<Float>, batch: TokenBatch, activations: LayerNormalization.Activations,
        full: inout Gradient
    ) {
        let dSum = normalization.backward(dy, activations: activations, full: &full.normalization)
        TokenRuns.scatter(dSum.view, to: batch.ids, into: &full.word)
        TokenRuns.scatterPositions(dSum.view, of: batch, into: &full.position)
        var typeZero = full.tokenType.row(0)
        addColumnSums(of: dSum.view, to: &typeZero)
        full.tokenType.setRow(0, to: typeZero)
    }
}
