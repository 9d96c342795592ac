public import VectorMath

/// M = U · diag(σ) · Vᵀ, the thin singular value decomposition of a matrix `[m, n]`.
///
/// LAPACK's divide and conquer (`sgesdd`). Signs of singular vectors are LAPACK's. Complexity: O(m · n · min(m, n)).
public struct SingularValueDecomposition: Sendable {
    /// Left singular vectors as columns, `[m, min(m, n)]`.
    public let u: Matrix<Float>
    /// Singular values, descending, `min(m, n)` of them.
    public let values: [Float]
    /// Right singular vectors as rows, `[min(m, n), n]`.
    public let vTransposed: Matrix<Float>

    /// Decomposes a matrix of finite values.
    public init(_ matrix: MatrixView<Float>) throws(LowRankError) {
        (u, values, vTransposed) = try LAPACK.singularValues(of: matrix)
    }

    /// The best approximation of the matrix by one of a lower rank, as B · A with B = U · √σ `[m, R]` and A = √σ · Vᵀ `[R, n]`.
    ///
    /// Eckart and Young, "The approximation of one matrix by another of lower rank", Psychometrika 1 (1936).
    public func factors(rank: Int) -> (b: Matrix<Float>, a: Matrix<Float>) {
        precondition((1...values.count).contains(rank), "rank \(rank) is outside 1...\(values.count)")
        var b = Matrix<Float>(uninitializedRows: u.rows, columns: rank)
        var a = Matrix<Float>(uninitializedRows: rank, columns: vTransposed.columns)
        let roots = values.prefix(rank).map { $0.squareRoot() }
        for i in 0..<u.rows { b.setRow(i, to: zip(u.row(i), roots).map { $0 * $1 }) }
        for k in 0..<rank { a.setRow(k, to: vTransposed.row(k).map { $0 * roots[k] }) }
        return (b, a)
    }
}
