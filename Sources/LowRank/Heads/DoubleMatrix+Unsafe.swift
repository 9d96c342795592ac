internal import CLAPACKE
internal import COpenBLAS
internal import VectorMath

/// A dense row-major matrix in double precision: what closed forms accumulate and solve in.
///
/// A Gram matrix has the square of the data's condition number. Embeddings of one model lie in a narrow cone, theirs is 10⁵ and
/// more: in float32 the small directions of their Gram matrix would be rounding errors.
struct DoubleMatrix {
    let rows: Int
    let columns: Int
    /// Row after row without gaps.
    var values: [Double]

    /// Zeros.
    init(rows: Int, columns: Int) {
        (self.rows, self.columns) = (rows, columns)
        values = [Double](repeating: 0, count: rows * columns)
    }

    /// The same numbers, exactly.
    init(_ view: MatrixView<Float>) {
        self.init(rows: view.rows, columns: view.columns)
        guard rows > 0, columns > 0 else { return }
        OpenBLAS.prepare()
        // A row of ours is a column to LAPACK: nothing has to be transposed.
        let code = view.withUnsafePointer {
            LAPACKE_slag2d_work(
                LAPACK_COL_MAJOR, Int32(view.columns), Int32(view.rows), $0, Int32(view.stride), &values,
                Int32(columns))
        }
        precondition(code == 0, "slag2d: \(code)")
    }

    /// `factor` on the diagonal.
    static func identity(_ size: Int, times factor: Double = 1) -> DoubleMatrix {
        var matrix = DoubleMatrix(rows: size, columns: size)
        for i in 0..<size { matrix[i, i] = factor }
        return matrix
    }

    subscript(row: Int, column: Int) -> Double {
        get { values[row * columns + column] }
        set { values[row * columns + column] = newValue }
    }

    /// The sum of the diagonal.
    var trace: Double { (0..<min(rows, columns)).reduce(0) { $0 + self[$1, $1] } }

    /// Rounded to float32.
    var rounded: Matrix<Float> {
        var matrix = Matrix<Float>(rows: rows, columns: columns)
        guard rows > 0, columns > 0 else { return matrix }
        let stride = Int32(matrix.stride)
        let code = matrix.withUnsafeMutablePointer {
            LAPACKE_dlag2s_work(
                LAPACK_COL_MAJOR, Int32(columns), Int32(rows), values, Int32(columns), $0, stride)
        }
        // A positive code says that a value is beyond float32, where rounding is to infinity.
        if code != 0 {
            for row in 0..<rows {
                matrix.setRow(row, to: values[row * columns..<(row + 1) * columns].map { Float($0) })
            }
        }
        return matrix
    }

    var transposed: DoubleMatrix {
        var result = DoubleMatrix(rows: columns, columns: rows)
        for row in 0..<rows { for column in 0..<columns { result[column, row] = self[row, column] } }
        return result
    }

    /// The first so many columns.
    func firstColumns(_ count: Int) -> DoubleMatrix {
        var result = DoubleMatrix(rows: rows, columns: count)
        for row in 0..<rows { for column in 0..<count { result[row, column] = self[row, column] } }
        return result
    }

    /// Adds alpha · op(a) · op(b).
    mutating func addProduct(
        _ a: DoubleMatrix, transposingFirst: Bool = false, _ b: DoubleMatrix, transposingSecond: Bool = false,
        alpha: Double = 1
    ) {
        let (m, k) = transposingFirst ? (a.columns, a.rows) : (a.rows, a.columns)
        let (inner, n) = transposingSecond ? (b.columns, b.rows) : (b.rows, b.columns)
        precondition(k == inner && m == rows && n == columns, "a product of \(m) × \(k) and \(inner) × \(n)")
        guard m > 0, n > 0, k > 0 else { return }
        OpenBLAS.prepare()
        cblas_dgemm(
            CblasRowMajor, transposingFirst ? CblasTrans : CblasNoTrans, transposingSecond ? CblasTrans : CblasNoTrans,
            blasint(m), blasint(n), blasint(k), alpha, a.values, blasint(a.columns), b.values, blasint(b.columns), 1,
            &values, blasint(columns))
    }

    /// op(a) · op(b).
    static func product(
        _ a: DoubleMatrix, transposingFirst: Bool = false, _ b: DoubleMatrix, transposingSecond: Bool = false
    ) -> DoubleMatrix {
        var result = DoubleMatrix(
            rows: transposingFirst ? a.columns : a.rows, columns: transposingSecond ? b.rows : b.columns)
        result.addProduct(a, transposingFirst: transposingFirst, b, transposingSecond: transposingSecond)
        return result
    }
}
