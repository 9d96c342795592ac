public import VectorMath

/// One low-rank change of a linear layer: ΔW = scaling · B · A.
///
/// With magnitudes m (DoRA, arXiv:2402.09353) the changed weight is not W + ΔW but that with its rows stretched to the lengths m.
///
/// Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", arXiv:2106.09685.
public struct LowRankPair: Sendable {
    /// The projection down, `[R, in]`.
    public var a: Matrix<Float>
    /// The projection up, `[out, R]`.
    public var b: Matrix<Float>
    /// The factor in front of B · A: α / R, or α / √R with rank-stabilised scaling.
    public var scaling: Float
    /// The lengths of the changed weight's rows, `[out]`; nil for all but DoRA.
    public var magnitude: [Float]?

    /// A pair of `a` `[R, in]` and `b` `[out, R]`.
    public init(a: Matrix<Float>, b: Matrix<Float>, scaling: Float, magnitude: [Float]? = nil) {
        precondition(a.rows == b.columns, "A has \(a.rows) rows but B has \(b.columns) columns")
        precondition(magnitude == nil || magnitude?.count == b.rows, "one length for each of \(b.rows) rows")
        self.magnitude = magnitude
        self.a = a
        self.b = b
        self.scaling = scaling
    }

    /// R.
    public var rank: Int { a.rows }
    /// Columns of the weight that this changes.
    public var inputWidth: Int { a.columns }
    /// Rows of the weight that this changes.
    public var outputWidth: Int { b.rows }
    /// R · (in + out), and out more with magnitudes.
    public var parameterCount: Int { a.rows * a.columns + b.rows * b.columns + (magnitude?.count ?? 0) }

    /// ΔW = scaling · B · A, `[out, in]`.
    public func deltaWeight() -> Matrix<Float> {
        var delta = Matrix<Float>(rows: outputWidth, columns: inputWidth)
        multiply(b.view, a.view, into: &delta, alpha: scaling)
        return delta
    }

    /// Adds `strength` · ΔW to a weight `[out, in]`; with magnitudes, whose strength can only be 1, W + ΔW is then stretched row by row.
    ///
    /// A strength of -1 takes a merged pair without magnitudes out again, up to rounding; for the very bits, read the base again.
    public func merge(into weight: inout Matrix<Float>, strength: Float = 1) {
        precondition(
            weight.rows == outputWidth && weight.columns == inputWidth,
            "a weight of [\(weight.rows), \(weight.columns)] cannot take a pair of [\(outputWidth), \(inputWidth)]")
        precondition(magnitude == nil || strength == 1, "magnitudes cannot be merged at a strength of \(strength)")
        multiply(b.view, a.view, into: &weight, alpha: scaling * strength, beta: 1)
        if let gains = gains(ofRows: weight.view) { scaleRows(of: &weight, by: gains) }
    }

    /// What magnitudes stretch the rows of W + ΔW by, `[out]`: m / ‖W + ΔW‖. Nil without magnitudes.
    ///
    /// - Parameter weight: W, `[out, in]`.
    public func gains(over weight: MatrixView<Float>) -> [Float]? {
        guard magnitude != nil else { return nil }
        var sum = Matrix(copying: weight)
        multiply(b.view, a.view, into: &sum, alpha: scaling, beta: 1)
        return gains(ofRows: sum.view)
    }

    private func gains(ofRows sum: MatrixView<Float>) -> [Float]? {
        // A row of zeros has no direction to stretch; PyTorch would divide by zero.
        magnitude.map { zip($0, rowNorms(of: sum)).map { $1 > 0 ? $0 / $1 : 1 } }
    }
}
