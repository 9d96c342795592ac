internal import VectorMath

/// Matrices with the same number of rows, side by side.
func sideBySide(_ parts: [MatrixView<Float>]) -> Matrix<Float> {
    let rows = parts.first?.rows ?? 0
    var result = Matrix<Float>(uninitializedRows: rows, columns: parts.reduce(0) { $0 + $1.columns })
    for row in 0..<rows { result.setRow(row, to: parts.flatMap { $0.row(row) }) }
    return result
}

/// Matrices with the same number of columns, one below the other.
func stacked(_ parts: [MatrixView<Float>]) -> Matrix<Float> {
    var result = Matrix<Float>(
        uninitializedRows: parts.reduce(0) { $0 + $1.rows }, columns: parts.first?.columns ?? 0)
    var row = 0
    for part in parts {
        for i in 0..<part.rows { result.setRow(row + i, to: part.row(i)) }
        row += part.rows
    }
    return result
}

/// A matrix times a number, as a copy.
func multiplied(_ matrix: Matrix<Float>, by factor: Float) -> Matrix<Float> {
    var result = matrix
    scale(&result, by: factor)
    return result
}

/// Row i times `factors[i]`.
func scaleRows(of matrix: inout Matrix<Float>, by factors: [Float]) {
    for (row, factor) in factors.enumerated() { matrix.setRow(row, to: matrix.row(row).map { $0 * factor }) }
}

/// Column k times `factors[k]`.
func scaleColumns(of matrix: inout Matrix<Float>, by factors: [Float]) {
    for row in 0..<matrix.rows { matrix.setRow(row, to: zip(matrix.row(row), factors).map { $0 * $1 }) }
}

/// The Euclidean length of every row.
func rowNorms(of matrix: MatrixView<Float>) -> [Float] {
    (0..<matrix.rows).map { Float(sumOfSquares(matrix.rows($0..<$0 + 1)).squareRoot()) }
}

/// op(A) · op(B).
func product(
    _ a: MatrixView<Float>, transposingFirst: Bool = false, _ b: MatrixView<Float>, transposingSecond: Bool = false,
    factor: Float = 1
) -> Matrix<Float> {
    var result = Matrix<Float>(
        rows: transposingFirst ? a.columns : a.rows, columns: transposingSecond ? b.rows : b.columns)
    multiply(
        a, transposingFirst: transposingFirst, b, transposingSecond: transposingSecond, into: &result, alpha: factor)
    return result
}
