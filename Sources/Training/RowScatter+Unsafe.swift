internal import VectorMath

/// Adds each row of `rows` to the row of `table` at its place; a place may come up more than once. In the order of the
/// rows, so that the sums are the same bits always.
func scatterAdd(_ rows: Matrix<Float>, to table: inout Matrix<Float>, at places: [Int]) {
    precondition(rows.rows == places.count && rows.columns == table.columns, "rows and places do not fit")
    precondition(places.allSatisfy { $0 >= 0 && $0 < table.rows }, "a place is outside the table")
    let stride = table.stride
    table.withUnsafeMutablePointer { table in
        rows.withUnsafePointer { source in
            for (row, place) in places.enumerated() {
                RowKernels.add(source + row * rows.stride, to: table + place * stride, count: rows.columns)
            }
        }
    }
}

/// Adds the entries of a matrix to those of another of the same shape.
func addElements(of matrix: Matrix<Float>, to sum: inout Matrix<Float>) { addPrefixes(matrix, scale: 1, to: &sum) }

/// Adds every row of `rows`, times a factor, to the beginning of the same row of `table`.
func addPrefixes(_ rows: Matrix<Float>, scale: Float, to table: inout Matrix<Float>) {
    precondition(rows.rows == table.rows && rows.columns <= table.columns, "the rows do not fit")
    let stride = table.stride
    table.withUnsafeMutablePointer { table in
        rows.withUnsafePointer { source in
            for row in 0..<rows.rows {
                RowKernels.axpy(scale, source + row * rows.stride, to: table + row * stride, count: rows.columns)
            }
        }
    }
}

/// For each row of scores the places above the row's limit, without the row's own number.
func places(_ scores: Matrix<Float>, above limits: [Float]) -> [[Int]] {
    precondition(limits.count == scores.rows, "every row has a limit")
    return scores.withUnsafePointer { base in
        limits.enumerated().map { row, limit in
            LossKernels.places(above: limit, in: base + row * scores.stride, count: scores.columns)
                .filter { $0 != row }
        }
    }
}
