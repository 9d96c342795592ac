internal import CAttuneKernels

/// Sums over rows in fixed blocks: `body` adds a block of rows to `sums` rows of partial sums (`columns` wide, `stride`
/// apart, zero at first); the partial sums are added in the order of the blocks.
func sumInBlocks(
    rows: Int, sums: Int, columns: Int, _ body: (Range<Int>, UnsafeMutablePointer<Float>, Int) -> Void
) -> Matrix<Float> {
    let grain = reductionGrain(rows: rows)
    let blocks = max(1, (rows + grain - 1) / grain)
    var partial = Matrix<Float>(rows: blocks * sums, columns: columns)
    let stride = partial.stride
    partial.withUnsafeMutablePointer { partial in
        parallelFor(rows, grain: grain) { range in
            body(range, partial + range.lowerBound / grain * sums * stride, stride)
        }
        for row in sums..<max(sums, blocks * sums) {
            kernels.axpy(1, partial + row * stride, partial + row % sums * stride, columns)
        }
    }
    return Matrix(copying: partial[rows: 0..<sums])
}

/// sums += the sum of every column. x is `[T, D]`, sums `[D]`; the order of the additions is fixed.
public func addColumnSums(of x: MatrixView<Float>, to sums: inout [Float]) {
    precondition(sums.count == x.columns, "column sums: \(sums.count) sums for \(x.columns) columns")
    let total = sumInBlocks(rows: x.rows, sums: 1, columns: x.columns) { range, sums, _ in
        x.withUnsafePointer { base in
            for row in range { kernels.axpy(1, base + row * x.stride, sums, x.columns) }
        }
    }
    kernels.axpy(1, total.row(0), &sums, sums.count)
}

/// The sum of the squares of all elements, in double precision and a fixed order.
public func sumOfSquares(_ x: MatrixView<Float>) -> Double {
    let grain = rowGrain(columns: x.columns)
    var partial = [Double](repeating: 0, count: (x.rows + grain - 1) / grain)
    partial.withUnsafeMutableBufferPointer { partial in
        x.withUnsafePointer { base in
            parallelFor(x.rows, grain: grain) { range in
                var sum = 0.0
                for row in range { sum += kernels.sum_squares(base + row * x.stride, x.columns) }
                partial[range.lowerBound / grain] = sum
            }
        }
    }
    return partial.reduce(0, +)
}
