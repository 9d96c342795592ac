internal import VectorMath

/// Products of a run of tokens with packed matrices, cut into tasks that depend on the shapes alone.
///
/// A task is finished while its rows are in the cache: the residual is what the product is added to, and the low-rank update
/// follows at once. A row's result does not depend on the rows around it.
enum BlockedProduct {
    /// A packed matrix and the columns of the output that it computes.
    struct Part: Sendable {
        let weight: PackedMatrix
        /// The first column of the output.
        let start: Int
    }

    /// A low-rank term: left · weight, added to the columns of one part.
    struct Update {
        /// The part whose columns it changes.
        let part: Int
        /// `[T, R]`.
        let left: MatrixView<Float>
        /// From R to the part's columns, scaling included.
        let weight: PackedMatrix
    }

    /// y = residual + bias + x · parts + updates, for x `[T, in]`, y `[T, Σ outputs]`.
    static func run(
        _ x: MatrixView<Float>, _ parts: [Part], bias: [Float]?, residual: MatrixView<Float>?, updates: [Update],
        into y: inout Matrix<Float>
    ) {
        let grid = BlockGrid(rows: y.rows, widths: parts.map(\.weight.outputs), inputs: x.columns)
        let (ldx, ldy) = (x.stride, y.stride)
        precondition(x.rows == y.rows, "\(x.rows) rows in, \(y.rows) rows out")
        precondition(bias.map { $0.count == y.columns } ?? true, "a bias of another width")
        if let residual {
            precondition(residual.rows == y.rows && residual.columns == y.columns, "a residual of another shape")
        }
        withBase(bias) { bias in
            x.withUnsafePointer { x in
                y.withUnsafeMutablePointer { y in
                    parallelFor(grid.count, grain: 1) { tasks in
                        for task in tasks {
                            let (rows, pieces) = grid[task]
                            let from = x + rows.lowerBound * ldx
                            for piece in pieces {
                                let part = parts[piece.module]
                                let target = y + rows.lowerBound * ldy + part.start
                                if let residual {
                                    copy(residual, rows, piece.columns, from: part.start, to: target, ldy)
                                }
                                part.weight.multiply(
                                    from, xStride: ldx, rows: rows.count, columns: piece.columns,
                                    bias: bias.map { $0 + part.start }, into: target, yStride: ldy,
                                    accumulating: residual != nil)
                                for update in updates where update.part == piece.module {
                                    let stride = update.left.stride
                                    update.left.withUnsafePointer { left in
                                        update.weight.multiply(
                                            left + rows.lowerBound * stride, xStride: stride, rows: rows.count,
                                            columns: piece.columns, bias: nil, into: target, yStride: ldy,
                                            accumulating: true)
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// y[:, columns] = x · weight, for x `[T, in]`.
    static func rows(
        _ x: MatrixView<Float>, _ weight: PackedMatrix, into y: inout Matrix<Float>, columns: Range<Int>
    ) {
        precondition(x.rows == y.rows && columns.upperBound <= y.columns, "shapes of a product do not fit")
        precondition(x.columns == weight.inputs && columns.count == weight.outputs, "shapes do not fit")
        let (ldx, ldy) = (x.stride, y.stride)
        let count = x.rows
        x.withUnsafePointer { x in
            y.withUnsafeMutablePointer { y in
                parallelFor(count, grain: 256) { rows in
                    weight.multiply(
                        x + rows.lowerBound * ldx, xStride: ldx, rows: rows.count, columns: 0..<weight.outputs,
                        bias: nil, into: y + rows.lowerBound * ldy + columns.lowerBound, yStride: ldy)
                }
            }
        }
    }

    /// Copies a block of a residual, of whose columns the part's first is `from`, to where the part's rows begin.
    private static func copy(
        _ residual: MatrixView<Float>, _ rows: Range<Int>, _ columns: Range<Int>, from start: Int,
        to target: UnsafeMutablePointer<Float>, _ ldy: Int
    ) {
        let stride = residual.stride
        residual.withUnsafePointer { residual in
            for (i, row) in rows.enumerated() {
                (target + i * ldy + columns.lowerBound).update(
                    from: residual + row * stride + start + columns.lowerBound, count: columns.count)
            }
        }
    }

    private static func withBase(_ bias: [Float]?, _ body: (UnsafePointer<Float>?) -> Void) {
        guard let bias else { return body(nil) }
        bias.withUnsafeBufferPointer { body($0.baseAddress) }
    }
}
