internal import VectorMath

/// Products of a run of tokens with packed matrices, cut into blocks of rows and columns that depend on the shapes alone.
///
/// A block is finished in one task while it is in the cache: bias and residual are what the product is added to, and the
/// low-rank update follows at once. A row's bits depend on nothing but the row.
enum BlockedProduct {
    /// A low-rank term: left · right, added to some columns of the output.
    struct Update {
        /// `[T, R]`.
        let left: MatrixView<Float>
        /// R inputs, as many outputs as there are columns; the scale is in it.
        let right: PackedMatrix
        /// The columns of the output that the term changes.
        let columns: Range<Int>
    }

    /// y = x · weight + bias + residual + updates, for x `[T, in]`, y `[T, out]`.
    static func run(
        _ x: MatrixView<Float>, by weight: PackedMatrix, bias: [Float]? = nil, residual: MatrixView<Float>? = nil,
        updates: [Update] = [], into y: inout Matrix<Float>
    ) {
        precondition(x.rows == y.rows, "\(x.rows) rows in, \(y.rows) rows out")
        precondition(x.columns == weight.inputs && y.columns == weight.outputs, "shapes of a product do not fit")
        if let residual {
            precondition(residual.rows == y.rows && residual.columns == y.columns, "a residual of another shape")
        }
        let grid = grid(rows: y.rows, columns: y.columns, updates: updates)
        let (ldx, ldy) = (x.stride, y.stride)
        x.withUnsafePointer { x in
            y.withUnsafeMutablePointer { y in
                withOptionalPointer(bias) { bias in
                    parallelFor(grid.count, grain: 1) { blocks in
                        for block in blocks {
                            let (rows, columns) = grid[block]
                            let target = y + rows.lowerBound * ldy
                            if let residual { copy(residual, rows: rows, columns: columns, to: target, ldy) }
                            weight.multiply(
                                x + rows.lowerBound * ldx, xStride: ldx, rows: rows.count, columns: columns,
                                bias: bias, into: target, yStride: ldy, accumulating: residual != nil)
                            for update in updates { add(update, to: target, ldy, rows, columns) }
                        }
                    }
                }
            }
        }
    }

    /// c[:, columns] = a · b, for a `[T, n]` and a small b.
    static func rows(
        _ a: MatrixView<Float>, by b: PackedMatrix, into c: inout Matrix<Float>, columns: Range<Int>
    ) {
        precondition(a.rows == c.rows && columns.upperBound <= c.columns, "shapes of a product do not fit")
        precondition(a.columns == b.inputs && b.outputs == columns.count, "shapes of a product do not fit")
        let (lda, ldc, count) = (a.stride, c.stride, a.rows)
        a.withUnsafePointer { a in
            c.withUnsafeMutablePointer { c in
                parallelFor(count, grain: BlockGrid.rowStep) { rows in
                    b.multiply(
                        a + rows.lowerBound * lda, xStride: lda, rows: rows.count, columns: 0..<b.outputs, bias: nil,
                        into: c + rows.lowerBound * ldc + columns.lowerBound, yStride: ldc)
                }
            }
        }
    }

    /// The blocks of an output. A packed factor is cut between its panels: where an update begins inside one, rows stay whole.
    private static func grid(rows: Int, columns: Int, updates: [Update]) -> BlockGrid {
        let isAligned = updates.allSatisfy { $0.columns.lowerBound % PackedMatrix.panelWidth == 0 }
        return BlockGrid(rows: rows, columns: columns, keepsRowsWhole: !isAligned)
    }

    private static func copy(
        _ residual: MatrixView<Float>, rows: Range<Int>, columns: Range<Int>, to y: UnsafeMutablePointer<Float>,
        _ ldy: Int
    ) {
        let stride = residual.stride
        residual.withUnsafePointer { residual in
            for (i, row) in rows.enumerated() {
                (y + i * ldy + columns.lowerBound).update(
                    from: residual + row * stride + columns.lowerBound, count: columns.count)
            }
        }
    }

    /// Adds the part of an update that falls into a block.
    private static func add(
        _ update: Update, to y: UnsafeMutablePointer<Float>, _ ldy: Int, _ rows: Range<Int>, _ columns: Range<Int>
    ) {
        let common = update.columns.clamped(to: columns)
        guard !common.isEmpty else { return }
        let start = update.columns.lowerBound
        let stride = update.left.stride
        update.left.withUnsafePointer { left in
            update.right.multiply(
                left + rows.lowerBound * stride, xStride: stride, rows: rows.count,
                columns: common.lowerBound - start..<common.upperBound - start, bias: nil, into: y + start,
                yStride: ldy, accumulating: true)
        }
    }

    private static func withOptionalPointer(_ values: [Float]?, _ body: (UnsafePointer<Float>?) -> Void) {
        guard let values else { return body(nil) }
        values.withUnsafeBufferPointer { body($0.baseAddress) }
    }
}
