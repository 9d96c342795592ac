/// Rows in a block of an element-wise loop: about 32,768 elements, some tens of microseconds of work. By shape alone.
func rowGrain(columns: Int) -> Int {
    max(1, 32768 / max(1, columns))
}

/// Rows in a block of a loop that sums over rows: at least 64, and at most 64 blocks, so that the partial sums stay
/// small. By shape alone.
func reductionGrain(rows: Int) -> Int {
    max(64, (rows + 63) / 64)
}

/// Runs `body` for every row, in parallel blocks.
func forEachRow(_ rows: Int, columns: Int, _ body: (Int) -> Void) {
    parallelFor(rows, grain: rowGrain(columns: columns)) { range in
        for row in range { body(row) }
    }
}

func checkShape<A, B>(_ x: MatrixView<A>, _ y: Matrix<B>, _ operation: StaticString) {
    precondition(
        x.rows == y.rows && x.columns == y.columns,
        "\(operation): \(x.rows) × \(x.columns) with \(y.rows) × \(y.columns)")
}

func checkShape<A, B>(_ x: MatrixView<A>, _ y: MatrixView<B>, _ operation: StaticString) {
    precondition(
        x.rows == y.rows && x.columns == y.columns,
        "\(operation): \(x.rows) × \(x.columns) with \(y.rows) × \(y.columns)")
}
