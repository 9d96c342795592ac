/// Adds `bias` `[D]` to every row of x `[T, D]`.
public func addRowVector(_ bias: [Float], to x: inout Matrix<Float>) {
    precondition(bias.count == x.columns, "a row of \(bias.count) added to \(x.columns) columns")
    let (rows, columns, stride) = (x.rows, x.columns, x.stride)
    x.withUnsafeMutablePointer { x in
        bias.withUnsafeBufferPointer { bias in
            guard let bias = bias.baseAddress else { return }
            forEachRow(rows, columns: columns) { row in
                RowKernels.add(bias, to: x + row * stride, count: columns)
            }
        }
    }
}

/// y += scale·x. Both have one shape.
public func add(_ x: MatrixView<Float>, to y: inout Matrix<Float>, scale: Float = 1) {
    checkShape(x, y, "add")
    let stride = y.stride
    y.withUnsafeMutablePointer { y in
        x.withUnsafePointer { base in
            forEachRow(x.rows, columns: x.columns) { row in
                RowKernels.axpy(scale, base + row * x.stride, to: y + row * stride, count: x.columns)
            }
        }
    }
}

/// x *= factor.
public func scale(_ x: inout Matrix<Float>, by factor: Float) {
    let (rows, columns, stride) = (x.rows, x.columns, x.stride)
    x.withUnsafeMutablePointer { x in
        forEachRow(rows, columns: columns) { row in
            RowKernels.scale(x + row * stride, count: columns, by: factor)
        }
    }
}

/// y *= x, element by element. Both have one shape.
public func multiplyElements(_ x: MatrixView<Float>, into y: inout Matrix<Float>) {
    checkShape(x, y, "multiply elements")
    let stride = y.stride
    y.withUnsafeMutablePointer { y in
        x.withUnsafePointer { base in
            forEachRow(x.rows, columns: x.columns) { row in
                RowKernels.multiply(base + row * x.stride, into: y + row * stride, count: x.columns)
            }
        }
    }
}

/// Row i of y = row `indices[i]` of the table. table is `[V, D]`, y `[T, D]`, indices `[T]`, each in `0..<V`.
public func gatherRows(of table: MatrixView<Float>, at indices: [Int32], into y: inout Matrix<Float>) {
    precondition(
        y.rows == indices.count && y.columns == table.columns,
        "gather: \(indices.count) rows of \(table.columns) into \(y.rows) × \(y.columns)")
    let (columns, stride) = (y.columns, y.stride)
    y.withUnsafeMutablePointer { y in
        table.withUnsafePointer { base in
            forEachRow(indices.count, columns: columns) { row in
                let index = Int(indices[row])
                precondition(index >= 0 && index < table.rows, "gather: row \(index) of \(table.rows)")
                (y + row * stride).update(from: base + index * table.stride, count: columns)
            }
        }
    }
}
