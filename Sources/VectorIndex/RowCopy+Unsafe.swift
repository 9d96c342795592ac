internal import VectorMath

extension Matrix<Float> {
    /// Copies one row of a matrix of the same width over a row of this one.
    mutating func copyRow(_ source: Int, of other: MatrixView<Float>, to row: Int) {
        precondition(other.columns == columns && row < rows && source < other.rows)
        let (stride, columns) = (stride, columns)
        withUnsafeMutablePointer { base in
            other.withUnsafePointer { from in
                (base + row * stride).update(from: from + source * other.stride, count: columns)
            }
        }
    }
}
