internal import VectorMath

/// Row operations that follow a batch's tokens and texts.
enum TokenRuns {
    /// x[t] += table[position of t in its text].
    static func addPositions(_ table: MatrixView<Float>, of batch: TokenBatch, to x: inout Matrix<Float>) {
        let (width, stride, tableStride) = (x.columns, x.stride, table.stride)
        table.withUnsafePointer { table in
            x.withUnsafeMutablePointer { x in
                parallelFor(batch.count, grain: 8) { texts in
                    for text in texts {
                        for (position, token) in batch.range(of: text).enumerated() {
                            RowKernels.add(table + position * tableStride, to: x + token * stride, count: width)
                        }
                    }
                }
            }
        }
    }

    /// table[ids[t]] += rows[t], in the order of the tokens.
    static func scatter(_ rows: MatrixView<Float>, to ids: [Int32], into table: inout Matrix<Float>) {
        let (width, stride, tableStride) = (rows.columns, rows.stride, table.stride)
        rows.withUnsafePointer { rows in
            table.withUnsafeMutablePointer { table in
                for (token, id) in ids.enumerated() {
                    RowKernels.add(rows + token * stride, to: table + Int(id) * tableStride, count: width)
                }
            }
        }
    }

    /// table[position of t in its text] += rows[t], in the order of the tokens.
    static func scatterPositions(_ rows: MatrixView<Float>, of batch: TokenBatch, into table: inout Matrix<Float>) {
        let positions = (0..<batch.count).flatMap { Int32(0)..<Int32(batch.length(of: $0)) }
        scatter(rows, to: positions, into: &table)
    }
}
