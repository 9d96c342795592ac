/// How an output `[rows, columns]` is cut into tasks: a function of its shape alone, so that no result depends on threads.
package struct BlockGrid {
    package let rows: Int
    package let columns: Int
    package let rowStep: Int
    package let columnStep: Int

    /// Blocks as large as possible, for OpenBLAS packs both factors again in every call, but enough of them to share.
    package init(rows: Int, columns: Int) {
        self.rows = rows
        self.columns = columns
        rowStep = rows >= 2048 ? 512 : 256
        let rowBlocks = (rows + rowStep - 1) / rowStep
        // Few rows (a query, a short batch): share out the columns, by a multiple of the vector width.
        let pieces = rowBlocks >= 8 ? 1 : max(1, min(8 / max(rowBlocks, 1), columns / 96))
        let even = (columns + pieces - 1) / pieces
        columnStep = max(32, (even + 31) / 32 * 32)
    }

    private var columnBlocks: Int { (columns + columnStep - 1) / columnStep }

    package var count: Int { (rows + rowStep - 1) / rowStep * columnBlocks }

    package subscript(block: Int) -> (rows: Range<Int>, columns: Range<Int>) {
        let (row, column) = (block / columnBlocks * rowStep, block % columnBlocks * columnStep)
        return (row..<min(row + rowStep, rows), column..<min(column + columnStep, columns))
    }
}
