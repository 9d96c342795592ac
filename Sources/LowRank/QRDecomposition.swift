public import VectorMath

/// M = Q · R with orthonormal columns in Q and R upper triangular: the thin decomposition of a matrix `[m, n]`.
///
/// LAPACK's `sgeqrf` and `sorgqr`. Complexity: O(m · n · min(m, n)).
public struct QRDecomposition: Sendable {
    /// Orthonormal columns, `[m, min(m, n)]`.
    public let q: Matrix<Float>
    /// Upper triangular, `[min(m, n), n]`. The diagonal may be negative.
    public let r: Matrix<Float>

    /// Decomposes a matrix of finite values.
    public init(_ matrix: MatrixView<Float>) throws(LowRankError) {
        guard matrix.rows > 0, matrix.columns > 0 else {
            throw .unfitShape(routine: "sgeqrf", rows: matrix.rows, columns: matrix.columns)
        }
        // Mᵀ = LQ, so that M = QᵀLᵀ.
        let transpose = try LAPACK.triangularOrthogonal(of: transposed(matrix).view)
        (q, r) = (transposed(transpose.q.view), transposed(transpose.l.view))
    }
}
