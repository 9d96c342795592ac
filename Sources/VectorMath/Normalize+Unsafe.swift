/// Divides every row by max(its Euclidean norm, epsilon), as torch's `normalize`; returns the divisors, `[B]`.
public func normalizeRows(_ x: inout Matrix<Float>, epsilon: Float = 1e-12) -> [Float] {
    let (rows, columns, stride) = (x.rows, x.columns, x.stride)
    var norms = [Float](repeating: 0, count: rows)
    x.withUnsafeMutablePointer { x in
        norms.withUnsafeMutableBufferPointer { norms in
            forEachRow(rows, columns: columns) { row in
                norms[row] = RowKernels.normalize(x + row * stride, count: columns, epsilon: epsilon)
            }
        }
    }
    return norms
}

/// dx = (dy - y·Σ dy·y) / norm, row by row: the backward of ``normalizeRows(_:epsilon:)`` with its result y and its
/// divisors. Where the divisor is `epsilon` (the row was zero, or nearly), dx = dy / epsilon.
public func normalizeRowsBackward(
    _ dy: MatrixView<Float>, normalized y: MatrixView<Float>, norms: [Float], epsilon: Float = 1e-12,
    into dx: inout Matrix<Float>
) {
    checkShape(dy, y, "normalize backward")
    checkShape(dy, dx, "normalize backward")
    precondition(norms.count == y.rows, "normalize backward: \(norms.count) norms for \(y.rows) rows")
    let dxStride = dx.stride
    let columns = y.columns
    dx.withUnsafeMutablePointer { dx in
        dy.withUnsafePointer { dyBase in
            y.withUnsafePointer { base in
                forEachRow(y.rows, columns: columns) { row in
                    let target = dx + row * dxStride
                    if norms[row] > epsilon {
                        RowKernels.normalizeBackward(
                            dyBase + row * dy.stride, normalized: base + row * y.stride, norm: norms[row],
                            into: target, count: columns)
                    } else {
                        target.update(from: dyBase + row * dy.stride, count: columns)
                        RowKernels.scale(target, count: columns, by: 1 / epsilon)
                    }
                }
            }
        }
    }
}
