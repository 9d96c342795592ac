/// x = softmax(scale·x), row by row.
public func softmaxRows(_ x: inout Matrix<Float>, scale: Float = 1) {
    let (rows, columns, stride) = (x.rows, x.columns, x.stride)
    x.withUnsafeMutablePointer { x in
        forEachRow(rows, columns: columns) { row in
            RowKernels.softmax(x + row * stride, count: columns, scale: scale)
        }
    }
}

/// dx = scale·y·(dy - Σ dy·y), row by row: the backward of ``softmaxRows(_:scale:)`` with its result y.
public func softmaxRowsBackward(
    _ dy: MatrixView<Float>, y: MatrixView<Float>, scale: Float = 1, into dx: inout Matrix<Float>
) {
    checkShape(dy, y, "softmax backward")
    checkShape(dy, dx, "softmax backward")
    let dxStride = dx.stride
    dx.withUnsafeMutablePointer { dx in
        dy.withUnsafePointer { dyBase in
            y.withUnsafePointer { base in
                forEachRow(y.rows, columns: y.columns) { row in
                    RowKernels.softmaxBackward(
                        dyBase + row * dy.stride, y: base + row * y.stride, into: dx + row * dxStride,
                        count: y.columns, scale: scale)
                }
            }
        }
    }
}
