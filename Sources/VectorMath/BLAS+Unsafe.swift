internal import COpenBLAS

/// Matrix products on raw pointers, on the calling thread: for the small ones inside ``parallelFor(_:grain:_:)``.
public enum BLAS {
    /// C = alpha·op(A)·op(B) + beta·C with op(A) `[m, k]`, op(B) `[k, n]`, C `[m, n]`, row-major.
    ///
    /// `lda`, `ldb` and `ldc` are the distances between the rows as stored. With `beta` 0 C may hold anything before.
    public static func gemm(
        transposeA: Bool, transposeB: Bool, m: Int, n: Int, k: Int, alpha: Float, a: UnsafePointer<Float>, lda: Int,
        b: UnsafePointer<Float>, ldb: Int, beta: Float, c: UnsafeMutablePointer<Float>, ldc: Int
    ) {
        guard m > 0, n > 0 else { return }
        precondition(m >= 0 && n >= 0 && k >= 0, "a product of \(m) × \(k) and \(k) × \(n)")
        precondition(
            lda >= (transposeA ? m : k) && ldb >= (transposeB ? k : n) && ldc >= n, "rows overlap in a product")
        OpenBLAS.prepare()
        // OpenBLAS refuses a distance of 0, which an operand without elements has.
        cblas_sgemm(
            CblasRowMajor, transposeA ? CblasTrans : CblasNoTrans, transposeB ? CblasTrans : CblasNoTrans,
            blasint(m), blasint(n), blasint(k), alpha, a, blasint(max(1, lda)), b, blasint(max(1, ldb)), beta, c,
            blasint(max(1, ldc)))
    }
}
