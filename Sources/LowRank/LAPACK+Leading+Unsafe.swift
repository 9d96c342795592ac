internal import CLAPACKE
internal import COpenBLAS
internal import VectorMath

extension LAPACK {
    /// The least singular value that is kept, as a part of the largest, for its vectors to be exact in float32: the Gram matrix has
    /// its square, beside rounding of 2⁻⁵³.
    private static let leastShare = 1e-4

    /// The leading singular values and vectors by `dsyevr` of the Gram matrix of the shorter side, all in double precision.
    ///
    /// Nil where one of the values is too small beside the largest to be found in that way.
    static func leadingSingularValues(
        of matrix: MatrixView<Float>, count: Int
    ) throws(LowRankError) -> (u: Matrix<Float>, values: [Float], vTransposed: Matrix<Float>)? {
        let (m, n) = try size(of: matrix, "dsyevr")
        let (side, length) = (min(m, n), max(m, n))
        // What lies in rows here are columns to LAPACK: of n rows and m columns, so that a wide matrix is a tall one.
        var x = [Double](repeating: 0, count: m * n)
        let converted = matrix.withUnsafePointer {
            LAPACKE_slag2d(LAPACK_COL_MAJOR, Int32(n), Int32(m), $0, Int32(matrix.stride), &x, Int32(n))
        }
        try check(converted, "slag2d")
        var gram = [Double](repeating: 0, count: side * side)
        cblas_dsyrk(
            CblasColMajor, CblasUpper, m <= n ? CblasTrans : CblasNoTrans, blasint(side), blasint(length), 1, x,
            blasint(n), 0, &gram, blasint(side))
        var squares = [Double](repeating: 0, count: side)
        var short = [Double](repeating: 0, count: side * count)
        var support = [Int32](repeating: 0, count: 2 * count)
        var found: Int32 = 0
        let code = LAPACKE_dsyevr(
            LAPACK_COL_MAJOR, letter("V"), letter("I"), letter("U"), Int32(side), &gram, Int32(side), 0, 0,
            Int32(side - count + 1), Int32(side), 0, &found, &squares, &short, Int32(side), &support)
        try check(code, "dsyevr")
        guard Int(found) == count, squares[0] > leastShare * leastShare * squares[count - 1] else { return nil }
        var long = [Double](repeating: 0, count: length * count)
        cblas_dgemm(
            CblasColMajor, m <= n ? CblasNoTrans : CblasTrans, CblasNoTrans, blasint(length), blasint(count),
            blasint(side), 1, x, blasint(n), short, blasint(side), 0, &long, blasint(length))
        // Eigenvalues ascend.
        let values = squares.prefix(count).reversed().map { $0.squareRoot() }
        let shortRows = rows(short, width: side, factors: values.map { _ in 1 })
        let longRows = rows(long, width: length, factors: values.map { 1 / $0 })
        let (left, right) = m <= n ? (shortRows, longRows) : (longRows, shortRows)
        return (transposed(left.view), values.map { Float($0) }, right)
    }

    /// Columns of LAPACK's as rows, the last one first, each times its factor.
    private static func rows(_ columns: [Double], width: Int, factors: [Double]) -> Matrix<Float> {
        var result = Matrix<Float>(uninitializedRows: factors.count, columns: width)
        for (row, factor) in factors.enumerated() {
            let start = (factors.count - 1 - row) * width
            result.setRow(row, to: columns[start..<start + width].map { Float($0 * factor) })
        }
        return result
    }
}
