/// The two factors of a product and how they are read.
struct ProductOperands {
    let a: MatrixView<Float>
    let b: MatrixView<Float>
    let transposingFirst: Bool
    let transposingSecond: Bool
    let alpha: Float

    /// Computes C in blocks of its rows and columns.
    func multiply(_ split: ProductSplit, into c: UnsafeMutablePointer<Float>, stride: Int, beta: Float) {
        let columnBlocks = split.columnBlocks
        parallelFor(split.rowBlocks * columnBlocks) { range in
            for block in range {
                let row = block / columnBlocks * split.rowGrain
                let column = block % columnBlocks * split.columnGrain
                multiplyBlock(
                    rows: row..<min(row + split.rowGrain, split.m),
                    columns: column..<min(column + split.columnGrain, split.n), inner: 0..<split.k,
                    into: c + row * stride + column, stride: stride, beta: beta)
            }
        }
    }

    /// Computes a partial C for every block of the inner dimension, then adds them in order.
    func multiplyInBlocksOfInner(
        _ split: ProductSplit, into c: UnsafeMutablePointer<Float>, stride: Int, beta: Float
    ) {
        let (m, n, blocks) = (split.m, split.n, split.innerBlocks)
        var partial = Matrix<Float>(uninitializedRows: blocks * m, columns: n)
        let partialStride = partial.stride
        partial.withUnsafeMutablePointer { partial in
            parallelFor(blocks) { range in
                for block in range {
                    let start = block * split.innerGrain
                    multiplyBlock(
                        rows: 0..<m, columns: 0..<n, inner: start..<min(start + split.innerGrain, split.k),
                        into: partial + block * m * partialStride, stride: partialStride, beta: 0)
                }
            }
            parallelFor(m, grain: rowGrain(columns: n * blocks)) { rows in
                for row in rows {
                    let target = c + row * stride
                    if beta == 0 {
                        target.update(from: partial + row * partialStride, count: n)
                    } else {
                        RowKernels.scale(target, count: n, by: beta)
                        RowKernels.add(partial + row * partialStride, to: target, count: n)
                    }
                    for block in 1..<blocks {
                        RowKernels.add(partial + (block * m + row) * partialStride, to: target, count: n)
                    }
                }
            }
        }
    }

    private func multiplyBlock(
        rows: Range<Int>, columns: Range<Int>, inner: Range<Int>, into c: UnsafeMutablePointer<Float>, stride: Int,
        beta: Float
    ) {
        a.withUnsafePointer { aBase in
            b.withUnsafePointer { bBase in
                let aStart =
                    transposingFirst
                    ? inner.lowerBound * a.stride + rows.lowerBound : rows.lowerBound * a.stride + inner.lowerBound
                let bStart =
                    transposingSecond
                    ? columns.lowerBound * b.stride + inner.lowerBound
                    : inner.lowerBound * b.stride + columns.lowerBound
                BLAS.gemm(
                    transposeA: transposingFirst, transposeB: transposingSecond, m: rows.count, n: columns.count,
                    k: inner.count, alpha: alpha, a: aBase + aStart, lda: a.stride, b: bBase + bStart,
                    ldb: b.stride, beta: beta, c: c, ldc: stride)
            }
        }
    }
}
