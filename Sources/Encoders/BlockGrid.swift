/// How the outputs of one or more modules, side by side, are cut into tasks: a function of the shapes alone, so that no result
/// depends on threads.
package struct BlockGrid {
    /// Some columns of one module.
    package struct Piece {
        package let module: Int
        /// Counted from the module's first column; begins at a multiple of the panel's width.
        package let columns: Range<Int>
    }

    package let rows: Int
    /// The pieces of every task that has the same rows.
    private let pieces: [[Piece]]

    /// Rows of a task: their inputs stay in a core's second-level cache while the panels of the weights pass by.
    private static let rowStep = 128
    /// Products of a task below which handing it out costs more than it brings: some tens of microseconds.
    private static let leastWork = 1 << 20

    /// - Parameters:
    ///   - rows: T.
    ///   - widths: The outputs of each module.
    ///   - inputs: The inputs of all modules.
    package init(rows: Int, widths: [Int], inputs: Int) {
        self.rows = rows
        let whole = widths.enumerated().map { Piece(module: $0, columns: 0..<$1) }
        // Few rows (a query, a short batch): share out the columns as well.
        guard rows < 8 * Self.rowStep else {
            pieces = [whole]
            return
        }
        let least = Self.leastWork / max(1, min(rows, Self.rowStep) * inputs)
        let step = max(96, (least + 31) / 32 * 32)
        pieces = whole.flatMap { piece in
            stride(from: 0, to: piece.columns.count, by: step).map { start in
                [Piece(module: piece.module, columns: start..<min(start + step, piece.columns.count))]
            }
        }
    }

    package var count: Int { (rows + Self.rowStep - 1) / Self.rowStep * pieces.count }

    package subscript(task: Int) -> (rows: Range<Int>, pieces: [Piece]) {
        let start = task / pieces.count * Self.rowStep
        return (start..<min(start + Self.rowStep, rows), pieces[task % pieces.count])
    }
}
