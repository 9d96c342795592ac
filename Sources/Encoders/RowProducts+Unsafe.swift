internal import VectorMath

/// Row i times `factors[i]`, in place and in parallel.
func scaleRows(of matrix: inout Matrix<Float>, by factors: [Float]) {
    precondition(factors.count == matrix.rows, "\(factors.count) factors for \(matrix.rows) rows")
    let (columns, stride) = (matrix.columns, matrix.stride)
    matrix.withUnsafeMutablePointer { base in
        parallelFor(factors.count, grain: 64) { rows in
            for row in rows { RowKernels.scale(base + row * stride, count: columns, by: factors[row]) }
        }
    }
}

/// The inner product of each row of `first` with the same row of `second`, both `[N, D]`.
func rowDots(_ first: MatrixView<Float>, _ second: MatrixView<Float>) -> [Float] {
    precondition(first.rows == second.rows && first.columns == second.columns, "the shapes do not fit")
    return first.withUnsafePointer { a in
        second.withUnsafePointer { b in
            (0..<first.rows).map {
                RowKernels.dot(a + $0 * first.stride, b + $0 * second.stride, count: first.columns)
            }
        }
    }
}
