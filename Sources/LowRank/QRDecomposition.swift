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
        (q, r) = try LAPACK.orthogonalTriangular(of: matrix)
    }
}
