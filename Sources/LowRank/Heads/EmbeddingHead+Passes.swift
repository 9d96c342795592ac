public import VectorMath

extension EmbeddingHead {
    /// What the way back needs of a way forward.
    public struct Saved: Sendable {
        /// V x, or W₁ x + b₁: `[N, R]` or `[N, F]`.
        let hidden: Matrix<Float>?
        /// gelu of it, for two layers.
        let active: Matrix<Float>?
    }

    /// The map of every row before normalisation, `[N, in]` to `[N, out]`.
    public func forward(_ x: MatrixView<Float>) -> (output: Matrix<Float>, saved: Saved) {
        precondition(x.columns == inputWidth, "a head of width \(inputWidth) on rows of \(x.columns)")
        switch kind {
        case .linear:
            var y = product(x, matrices[0])
            addRowVector(matrices[1].row(0), to: &y)
            return (y, Saved(hidden: nil, active: nil))
        case .lowRank:
            let hidden = product(x, matrices[0])
            var y = Matrix(copying: x)
            multiply(hidden.view, matrices[1].view, transposingSecond: true, into: &y, beta: 1)
            addRowVector(matrices[2].row(0), to: &y)
            return (y, Saved(hidden: hidden, active: nil))
        case .twoLayer:
            var hidden = product(x, matrices[0])
            addRowVector(matrices[1].row(0), to: &hidden)
            var active = Matrix<Float>(uninitializedRows: hidden.rows, columns: hidden.columns)
            gelu(hidden.view, .exact, into: &active)
            var y = Matrix(copying: x)
            multiply(active.view, matrices[2].view, transposingSecond: true, into: &y, beta: 1)
            addRowVector(matrices[3].row(0), to: &y)
            return (y, Saved(hidden: hidden, active: active))
        }
    }

    /// The gradient of a loss by every matrix, from its gradient `dy` by the output `[N, out]`. The input gets none: what is below
    /// a head is frozen.
    public func backward(_ dy: MatrixView<Float>, _ x: MatrixView<Float>, _ saved: Saved) -> [Matrix<Float>] {
        precondition(dy.rows == x.rows && dy.columns == outputWidth, "a gradient of another shape than the output")
        switch kind {
        case .linear:
            return [outer(dy, x), columnSums(dy)]
        case .lowRank:
            guard let hidden = saved.hidden else { preconditionFailure("what was saved is of another head") }
            let inner = through(matrices[1], dy)
            return [outer(inner.view, x), outer(dy, hidden.view), columnSums(dy)]
        case .twoLayer:
            guard let hidden = saved.hidden, let active = saved.active else {
                preconditionFailure("what was saved is of another head")
            }
            let inner = through(matrices[2], dy)
            var before = Matrix<Float>(uninitializedRows: inner.rows, columns: inner.columns)
            geluBackward(inner.view, x: hidden.view, .exact, into: &before)
            return [outer(before.view, x), columnSums(before.view), outer(dy, active.view), columnSums(dy)]
        }
    }

    /// x Wᵀ.
    private func product(_ x: MatrixView<Float>, _ weight: Matrix<Float>) -> Matrix<Float> {
        var y = Matrix<Float>(uninitializedRows: x.rows, columns: weight.rows)
        multiply(x, weight.view, transposingSecond: true, into: &y)
        return y
    }

    /// dy W.
    private func through(_ weight: Matrix<Float>, _ dy: MatrixView<Float>) -> Matrix<Float> {
        var dx = Matrix<Float>(uninitializedRows: dy.rows, columns: weight.columns)
        multiply(dy, weight.view, into: &dx)
        return dx
    }

    /// dyᵀ x.
    private func outer(_ dy: MatrixView<Float>, _ x: MatrixView<Float>) -> Matrix<Float> {
        var gradient = Matrix<Float>(uninitializedRows: dy.columns, columns: x.columns)
        multiply(dy, transposingFirst: true, x, into: &gradient)
        return gradient
    }

    private func columnSums(_ dy: MatrixView<Float>) -> Matrix<Float> {
        var sums = [Float](repeating: 0, count: dy.columns)
        addColumnSums(of: dy, to: &sums)
        return Matrix(rows: 1, columns: sums.count, elements: sums)
    }
}
