public import ModelFiles
package import VectorMath

/// One vector of a text from the hidden states of its tokens.
///
/// Several modes stand side by side in the vector. Reimers and Gurevych, "Sentence-BERT", arXiv:1908.10084.
public struct Pooling: Sendable {
    /// What the backward pass needs of the forward pass.
    package struct Activations: Sendable {
        /// For every text and column the token that holds the maximum, `[B · D]`; empty without `max`.
        package let maxima: [Int32]
    }

    /// The modes, in the order of their columns.
    public let modes: [PoolingMode]

    public init(modes: [PoolingMode]) {
        precondition(!modes.isEmpty, "pooling needs a mode")
        self.modes = modes
    }

    /// Hidden states `[T, D]` → pooled `[B, modes · D]`. A text of which every token is skipped is zero.
    package func forward(
        _ hidden: MatrixView<Float>, batch: TokenBatch
    ) -> (y: Matrix<Float>, activations: Activations) {
        precondition(hidden.rows == batch.tokenCount, "\(hidden.rows) states for \(batch.tokenCount) tokens")
        let width = hidden.columns
        var y = Matrix<Float>(rows: batch.count, columns: modes.count * width)
        var maxima: [Int32] = []
        for (part, mode) in modes.enumerated() {
            if mode == .max {
                maxima = PooledRows.maxima(of: hidden, batch: batch, into: &y, column: part * width)
            } else {
                PooledRows.addWeighted(hidden, batch: batch, mode: mode, into: &y, column: part * width)
            }
        }
        return (y, Activations(maxima: maxima))
    }

    /// d pooled `[B, modes · D]` → d hidden `[T, D]`.
    package func backward(
        _ dy: MatrixView<Float>, batch: TokenBatch, activations: Activations
    ) -> Matrix<Float> {
        let width = dy.columns / modes.count
        var dHidden = Matrix<Float>(rows: batch.tokenCount, columns: width)
        for (part, mode) in modes.enumerated() {
            let dPart = dy.columns(part * width..<(part + 1) * width)
            if mode == .max {
                PooledRows.spreadMaxima(dPart, maxima: activations.maxima, into: &dHidden)
            } else {
                PooledRows.spreadWeighted(dPart, batch: batch, mode: mode, into: &dHidden)
            }
        }
        return dHidden
    }

    /// The factor of a token in the sum of a text's `count` pooled tokens; `index` counts from the first pooled one.
    static func weight(_ mode: PoolingMode, index: Int, skipped: Int, count: Int) -> Float {
        switch mode {
        case .cls: return index == 0 ? 1 : 0
        case .lasttoken: return index == count - 1 ? 1 : 0
        case .mean: return 1 / Float(count)
        case .meanSqrtLength: return 1 / Float(count).squareRoot()
        case .weightedMean:
            // Positions count from 1 at the text's first token, skipped or not.
            let first = skipped + 1
            let sum = count * (2 * first + count - 1) / 2
            return Float(first + index) / Float(sum)
        case .max: preconditionFailure("the maximum is no weighted sum")
        }
    }
}
