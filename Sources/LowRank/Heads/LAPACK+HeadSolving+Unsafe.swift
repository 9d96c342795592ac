internal import CLAPACKE
internal import VectorMath

/// LAPACKE's calls in double precision, for closed forms.
extension LAPACK {
    /// The solution X of M · X = B for a symmetric positive definite M: `dpotrf`, then `dpotrs`.
    static func solve(
        positiveDefinite matrix: DoubleMatrix, _ right: DoubleMatrix
    ) throws(LowRankError) -> DoubleMatrix {
        precondition(matrix.rows == matrix.columns && matrix.rows == right.rows, "the system does not fit")
        let n = Int32(matrix.rows)
        try prepare([matrix, right], "dpotrf")
        var factor = matrix
        let code = LAPACKE_dpotrf(LAPACK_ROW_MAJOR, upper, n, &factor.values, n)
        guard code == 0 else { throw .decompositionFailed(routine: "dpotrf", code: Int(code)) }
        var solution = right
        let columns = Int32(right.columns)
        let second = LAPACKE_dpotrs(
            LAPACK_ROW_MAJOR, upper, n, columns, factor.values, n, &solution.values, columns)
        guard second == 0 else { throw .decompositionFailed(routine: "dpotrs", code: Int(second)) }
        return solution
    }

    /// `dsyevd` with vectors as columns; values ascend.
    static func symmetricEigen(of matrix: DoubleMatrix) throws(LowRankError) -> (
        values: [Double], vectors: DoubleMatrix
    ) {
        precondition(matrix.rows == matrix.columns, "eigenvalues of a matrix that is not square")
        try prepare([matrix], "dsyevd")
        var vectors = matrix
        var values = [Double](repeating: 0, count: matrix.rows)
        let n = Int32(matrix.rows)
        let code = LAPACKE_dsyevd(LAPACK_ROW_MAJOR, CChar(UInt8(ascii: "V")), upper, n, &vectors.values, n, &values)
        guard code == 0 else { throw .decompositionFailed(routine: "dsyevd", code: Int(code)) }
        return (values, vectors)
    }

    /// `dgesdd` with thin vectors; values descend.
    static func singularValues(
        of matrix: DoubleMatrix
    ) throws(LowRankError) -> (u: DoubleMatrix, values: [Double], vTransposed: DoubleMatrix) {
        try prepare([matrix], "dgesdd")
        let k = min(matrix.rows, matrix.columns)
        var work = matrix
        var u = DoubleMatrix(rows: matrix.rows, columns: k)
        var vTransposed = DoubleMatrix(rows: k, columns: matrix.columns)
        var values = [Double](repeating: 0, count: k)
        let (m, n) = (Int32(matrix.rows), Int32(matrix.columns))
        let code = LAPACKE_dgesdd(
            LAPACK_ROW_MAJOR, CChar(UInt8(ascii: "S")), m, n, &work.values, n, &values, &u.values, Int32(k),
            &vTransposed.values, n)
        guard code == 0 else { throw .decompositionFailed(routine: "dgesdd", code: Int(code)) }
        return (u, values, vTransposed)
    }

    private static var upper: CChar { CChar(UInt8(ascii: "U")) }

    private static func prepare(_ matrices: [DoubleMatrix], _ routine: String) throws(LowRankError) {
        OpenBLAS.prepare()
        for matrix in matrices {
            guard matrix.rows > 0, matrix.columns > 0 else {
                throw .unfitShape(routine: routine, rows: matrix.rows, columns: matrix.columns)
            }
            guard matrix.values.allSatisfy(\.isFinite) else { throw .notFinite(routine: routine) }
        }
    }
}
