internal import CLAPACKE
internal import VectorMath

/// LAPACKE's row-major calls on matrices, their codes as errors.
enum LAPACK {
    /// `sgesdd` with thin vectors.
    static func singularValues(
        of matrix: MatrixView<Float>
    ) throws(LowRankError) -> (u: Matrix<Float>, values: [Float], vTransposed: Matrix<Float>) {
        let (m, n) = try size(of: matrix, "sgesdd")
        let k = min(m, n)
        var work = Matrix(copying: matrix)
        var u = Matrix<Float>(rows: m, columns: k)
        var vTransposed = Matrix<Float>(rows: k, columns: n)
        var values = [Float](repeating: 0, count: k)
        let (lda, ldu, ldv) = (Int32(work.stride), Int32(u.stride), Int32(vTransposed.stride))
        let code = work.withUnsafeMutablePointer { a in
            u.withUnsafeMutablePointer { u in
                vTransposed.withUnsafeMutablePointer { v in
                    LAPACKE_sgesdd(
                        LAPACK_ROW_MAJOR, letter("S"), Int32(m), Int32(n), a, lda, &values, u, ldu, v, ldv)
                }
            }
        }
        try check(code, "sgesdd")
        return (u, values, vTransposed)
    }

    /// M = L · Q of a matrix `[m, n]`, L `[m, min(m, n)]` lower triangular, Q with orthonormal rows.
    ///
    /// By `sgeqrf` and `sorgqr`: what lies in rows here are columns to LAPACK, so that nothing needs to be transposed.
    static func triangularOrthogonal(
        of matrix: MatrixView<Float>
    ) throws(LowRankError) -> (l: Matrix<Float>, q: Matrix<Float>) {
        let (m, n) = try size(of: matrix, "sgeqrf")
        let k = min(m, n)
        var q = Matrix(copying: matrix)
        let stride = Int32(q.stride)
        var reflectors = [Float](repeating: 0, count: k)
        let code = q.withUnsafeMutablePointer {
            LAPACKE_sgeqrf(LAPACK_COL_MAJOR, Int32(n), Int32(m), $0, stride, &reflectors)
        }
        try check(code, "sgeqrf")
        var l = Matrix<Float>(rows: m, columns: k)
        let leading = q.view.columns(0..<k)
        for i in 0..<m {
            let kept = min(i + 1, k)
            l.setRow(i, to: leading.row(i).prefix(kept) + [Float](repeating: 0, count: k - kept))
        }
        if k < m { q = Matrix(copying: q.view.rows(0..<k)) }
        let second = q.withUnsafeMutablePointer {
            LAPACKE_sorgqr(LAPACK_COL_MAJOR, Int32(n), Int32(k), Int32(k), $0, stride, reflectors)
        }
        try check(second, "sorgqr")
        return (l, q)
    }

    /// `ssyevd` with vectors, of the upper triangle.
    static func symmetricEigen(
        of matrix: MatrixView<Float>
    ) throws(LowRankError) -> (values: [Float], vectors: Matrix<Float>) {
        let (m, n) = try size(of: matrix, "ssyevd")
        guard m == n else { throw .unfitShape(routine: "ssyevd", rows: m, columns: n) }
        var vectors = Matrix(copying: matrix)
        let stride = Int32(vectors.stride)
        var values = [Float](repeating: 0, count: n)
        let code = vectors.withUnsafeMutablePointer {
            LAPACKE_ssyevd(LAPACK_ROW_MAJOR, letter("V"), letter("U"), Int32(n), $0, stride, &values)
        }
        try check(code, "ssyevd")
        return (values, vectors)
    }

    static func size(
        of matrix: MatrixView<Float>, _ routine: String
    ) throws(LowRankError) -> (rows: Int, columns: Int) {
        OpenBLAS.prepare()
        guard matrix.rows > 0, matrix.columns > 0, Int32(exactly: matrix.rows) != nil,
            Int32(exactly: matrix.columns) != nil
        else {
            throw .unfitShape(routine: routine, rows: matrix.rows, columns: matrix.columns)
        }
        // A sum of squares in double precision is finite exactly when every float in it is.
        guard sumOfSquares(matrix).isFinite else { throw .notFinite(routine: routine) }
        return (matrix.rows, matrix.columns)
    }

    static func check(_ code: Int32, _ routine: String) throws(LowRankError) {
        if code != 0 { throw .decompositionFailed(routine: routine, code: Int(code)) }
    }

    static func letter(_ character: Unicode.Scalar) -> CChar { CChar(character.value) }
}
