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

/// Copies the rows of `rows` into `table`, from row `start` on.
func copyRows(of rows: Matrix<Float>, to table: inout Matrix<Float>, at start: Int) {
    precondition(
        rows.columns == table.columns && start >= 0 && start + rows.rows <= table.rows, "the rows do not fit")
    let stride = table.stride
    table.withUnsafeMutablePointer { table in
        rows.withUnsafePointer { source in
            for row in 0..<rows.rows {
                (table + (start + row) * stride).update(from: source + row * rows.stride, count: rows.columns)
            }
        }
    }
}
