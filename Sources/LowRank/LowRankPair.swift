public import VectorMath

/// One low-rank change of a linear layer: ΔW = scaling · B · A.
///
/// Hu et al., "LoRA: Low-Rank Adaptation of Large Language Models", arXiv:2106.09685.
public struct LowRankPair: Sendable {
    /// The projection down, `[R, in]`.
    public var a: Matrix<Float>
    /// The projection up, `[out, R]`.
    public var b: Matrix<Float>
    /// The factor in front of B · A: α / R, or α / √R with rank-stabilised scaling.
    public var scaling: Float

    /// A pair of `a` `[R, in]` and `b` `[out, R]`.
    public init(a: Matrix<Float>, b: Matrix<Float>, scaling: Float) {
        precondition(a.rows == b.columns, "A has \(a.rows) rows but B has \(b.columns) columns")
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
    /// R · (in + out).
    public var parameterCount: Int { a.rows * a.columns + b.rows * b.columns }

    /// ΔW = scaling · B · A, `[out, in]`.
    public func deltaWeight() -> Matrix<Float> {
        var delta = Matrix<Float>(rows: outputWidth, columns: inputWidth)
        multiply(b.view, a.view, into: &delta, alpha: scaling)
        return delta
    }

    /// Adds `strength` · ΔW to a weight `[out, in]`.
    ///
    /// A strength of -1 takes a merged pair out again, up to rounding.
    public func merge(into weight: inout Matrix<Float>, strength: Float = 1) {
        precondition(
            weight.rows == outputWidth && weight.columns == inputWidth,
            "a weight of [\(weight.rows), \(weight.columns)] cannot take a pair of [\(outputWidth), \(inputWidth)]")
        multiply(b.view, a.view, into: &weight, alpha: scaling * strength, beta: 1)
    }
}
