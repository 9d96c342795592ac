internal import VectorMath

/// How an output `[rows, columns]` is cut into tasks: a function of its shape alone, so that no result depends on threads.
package struct BlockGrid {
    package let rows: Int
    package let columns: Int
    package let columnStep: Int

    /// Twice the rows that a product keeps in the level-2 cache.
    package static let rowStep = 192

    package init(rows: Int, columns: Int, keepsRowsWhole: Bool = false) {
        self.rows = rows
        self.columns = columns
        let rowBlocks = (rows + Self.rowStep - 1) / Self.rowStep
        // Few rows (a query, a short batch): share out the columns, by whole panels.
        let pieces = rowBlocks >= 8 || keepsRowsWhole ? 1 : max(1, min(8 / max(rowBlocks, 1), columns / 96))
        let even = (columns + pieces - 1) / pieces
        let panel = PackedMatrix.panelWidth
        columnStep = max(panel, (even + panel - 1) / panel * panel)
    }

    private var columnBlocks: Int { (columns + columnStep - 1) / columnStep }

    package var count: Int { (rows + Self.rowStep - 1) / Self.rowStep * columnBlocks }

    package subscript(block: Int) -> (rows: Range<Int>, columns: Range<Int>) {
        let (row, column) = (block / columnBlocks * Self.rowStep, block % columnBlocks * columnStep)
        return (row..<min(row + Self.rowStep, rows), column..<min(column + columnStep, columns))
    }
}
