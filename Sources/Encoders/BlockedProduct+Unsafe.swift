internal import VectorMath

/// Products of a run of tokens with a layer's matrices, cut into blocks of rows and columns that depend on the shapes alone.
///
/// A block is finished in one task while it is in the cache: bias and residual are what the product is added to, and the low-rank
/// update follows at once. Every block is a few OpenBLAS calls on one thread.
enum BlockedProduct {
    /// A low-rank term: scale · left · op(right), added to some columns of the output.
    struct Update {
        /// `[T, R]`.
        let left: MatrixView<Float>
        /// `[columns, R]` when transposed, else `[R, columns]`.
        let right: MatrixView<Float>
        let transposesRight: Bool
        /// The columns of the output that the term changes.
        let columns: Range<Int>
        let scale: Float
    }

    /// y = residual + bias + x · Wᵀ + updates, for x `[T, in]`, W `[out, in]`, y `[T, out]`.
    static func affine(
        _ x: MatrixView<Float>, weight: MatrixView<Float>, bias: [Float], residual: MatrixView<Float>?,
        updates: [Update], into y: inout Matrix<Float>
    ) {
        bias.withUnsafeBufferPointer { bias in
            run(
                x, weight: weight, transposesWeight: true, bias: bias.baseAddress, residual: residual,
                updates: updates, into: &y)
        }
    }

    /// dx = residual + dy · W + updates, for dy `[T, out]`, W `[out, in]`, dx `[T, in]`.
    static func linear(
        _ dy: MatrixView<Float>, weight: MatrixView<Float>, residual: MatrixView<Float>?, updates: [Update],
        into dx: inout Matrix<Float>
    ) {
        run(
            dy, weight: weight, transposesWeight: false, bias: nil, residual: residual, updates: updates, into: &dx)
    }

    /// c[:, columns] = alpha · a · op(b), for a `[T, n]` and a small b.
    static func rows(
        _ a: MatrixView<Float>, _ b: MatrixView<Float>, transposingSecond: Bool, into c: inout Matrix<Float>,
        columns: Range<Int>, alpha: Float = 1
    ) {
        precondition(a.rows == c.rows && columns.upperBound <= c.columns, "shapes of a product do not fit")
        precondition(transposingSecond ? b.rows == columns.count : b.columns == columns.count, "shapes do not fit")
        let (lda, ldb, ldc, inner) = (a.stride, b.stride, c.stride, a.columns)
        let count = a.rows
        a.withUnsafePointer { a in
            b.withUnsafePointer { b in
                c.withUnsafeMutablePointer { c in
                    parallelFor(count, grain: 512) { rows in
                        BLAS.gemm(
                            transposeA: false, transposeB: transposingSecond, m: rows.count, n: columns.count,
                            k: inner, alpha: alpha, a: a + rows.lowerBound * lda, lda: lda, b: b, ldb: ldb, beta: 0,
                            c: c + rows.lowerBound * ldc + columns.lowerBound, ldc: ldc)
                    }
                }
            }
        }
    }

    private static func run(
        _ x: MatrixView<Float>, weight: MatrixView<Float>, transposesWeight: Bool, bias: UnsafePointer<Float>?,
        residual: MatrixView<Float>?, updates: [Update], into y: inout Matrix<Float>
    ) {
        let grid = BlockGrid(rows: y.rows, columns: y.columns)
        let (ldx, ldw, ldy, inner) = (x.stride, weight.stride, y.stride, x.columns)
        precondition(x.rows == y.rows, "\(x.rows) rows in, \(y.rows) rows out")
        if let residual {
            precondition(residual.rows == y.rows && residual.columns == y.columns, "a residual of another shape")
        }
        x.withUnsafePointer { x in
            weight.withUnsafePointer { weight in
                y.withUnsafeMutablePointer { y in
                    parallelFor(grid.count, grain: 1) { blocks in
                        for block in blocks {
                            let (rows, columns) = grid[block]
                            let c = y + rows.lowerBound * ldy + columns.lowerBound
                            let starts = prepare(c, ldy, rows, columns, bias: bias, residual: residual)
                            BLAS.gemm(
                                transposeA: false, transposeB: transposesWeight, m: rows.count, n: columns.count,
                                k: inner, alpha: 1, a: x + rows.lowerBound * ldx, lda: ldx,
                                b: weight + columns.lowerBound * (transposesWeight ? ldw : 1), ldb: ldw,
                                beta: starts ? 1 : 0, c: c, ldc: ldy)
                            for update in updates { add(update, to: c, ldy, rows, columns) }
                        }
                    }
                }
            }
        }
    }

    /// Writes bias and residual into a block. False when there is neither, and the product has to overwrite.
    private static func prepare(
        _ c: UnsafeMutablePointer<Float>, _ ldc: Int, _ rows: Range<Int>, _ columns: Range<Int>,
        bias: UnsafePointer<Float>?, residual: MatrixView<Float>?
    ) -> Bool {
        if let residual {
            let stride = residual.stride
            residual.withUnsafePointer { residual in
                for (i, row) in rows.enumerated() {
                    let target = c + i * ldc
                    target.update(from: residual + row * stride + columns.lowerBound, count: columns.count)
                    if let bias { RowKernels.add(bias + columns.lowerBound, to: target, count: columns.count) }
                }
            }
            return true
        }
        guard let bias else { return false }
        for i in 0..<rows.count { (c + i * ldc).update(from: bias + columns.lowerBound, count: columns.count) }
        return true
    }

    /// Adds the part of an update that falls into a block.
    private static func add(
        _ update: Update, to c: UnsafeMutablePointer<Float>, _ ldc: Int, _ rows: Range<Int>, _ columns: Range<Int>
    ) {
        let common = update.columns.clamped(to: columns)
        guard !common.isEmpty else { return }
        let first = common.lowerBound - update.columns.lowerBound
        let (lda, ldb) = (update.left.stride, update.right.stride)
        update.left.withUnsafePointer { left in
            update.right.withUnsafePointer { right in
                BLAS.gemm(
                    transposeA: false, transposeB: update.transposesRight, m: rows.count, n: common.count,
                    k: update.left.columns, alpha: update.scale, a: left + rows.lowerBound * lda, lda: lda,
                    b: right + first * (update.transposesRight ? ldb : 1), ldb: ldb, beta: 1,
                    c: c + (common.lowerBound - columns.lowerBound), ldc: ldc)
            }
        }
    }
}
