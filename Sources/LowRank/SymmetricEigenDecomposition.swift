public import VectorMath

/// M = V · diag(λ) · Vᵀ, the eigenvalues and eigenvectors of a symmetric matrix `[n, n]`.
///
/// LAPACK's divide and conquer (`ssyevd`), which reads the upper triangle only. Complexity: O(n³).
public struct SymmetricEigenDecomposition: Sendable {
    /// Eigenvalues, ascending.
    public let values: [Float]
    /// Eigenvectors as columns in the order of the values, `[n, n]`.
    public let vectors: Matrix<Float>

    /// Decomposes a symmetric matrix of finite values.
    public init(_ matrix: MatrixView<Float>) throws(LowRankError) {
        (values, vectors) = try LAPACK.symmetricEigen(of: matrix)
    }
}
