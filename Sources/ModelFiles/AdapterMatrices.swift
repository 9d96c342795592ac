public import VectorMath

/// The matrices of one adapted layer: y = W x + scaling · B A x.
public struct AdapterMatrices: Sendable {
    /// A, `[R, in]`.
    public var a: Matrix<Float>

    /// B, `[out, R]`.
    public var b: Matrix<Float>

    /// The lengths of the changed weight's rows, `[out]`; nil for all but DoRA.
    public var magnitude: [Float]?

    /// A pair of matrices whose inner dimensions agree.
    public init(a: Matrix<Float>, b: Matrix<Float>, magnitude: [Float]? = nil) {
        precondition(a.rows == b.columns, "A has \(a.rows) rows, B \(b.columns) columns")
        precondition(magnitude == nil || magnitude?.count == b.rows, "one length for each of \(b.rows) rows")
        (self.a, self.b, self.magnitude) = (a, b, magnitude)
    }
}
