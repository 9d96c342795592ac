internal import ModelFiles
internal import VectorMath

/// The row loops of pooling, a text a task.
enum PooledRows {
    /// y[b, column...] += Σ weight · hidden.
    static func addWeighted(
        _ hidden: MatrixView<Float>, batch: TokenBatch, mode: PoolingMode, into y: inout Matrix<Float>, column: Int
    ) {
        let (width, stride, ldy) = (hidden.columns, hidden.stride, y.stride)
        hidden.withUnsafePointer { hidden in
            y.withUnsafeMutablePointer { y in
                parallelFor(batch.count, grain: 8) { texts in
                    for text in texts {
                        forEachWeight(batch, text, mode) { token, weight in
                            RowKernels.axpy(
                                weight, hidden + token * stride, to: y + text * ldy + column, count: width)
                        }
                    }
                }
            }
        }
    }

    /// dHidden += weight · dy[b].
    static func spreadWeighted(
        _ dy: MatrixView<Float>, batch: TokenBatch, mode: PoolingMode, into dHidden: inout Matrix<Float>
    ) {
        let (width, stride, ldy) = (dHidden.columns, dHidden.stride, dy.stride)
        dy.withUnsafePointer { dy in
            dHidden.withUnsafeMutablePointer { dHidden in
                parallelFor(batch.count, grain: 8) { texts in
                    for text in texts {
                        forEachWeight(batch, text, mode) { token, weight in
                            RowKernels.axpy(weight, dy + text * ldy, to: dHidden + token * stride, count: width)
                        }
                    }
                }
            }
        }
    }

    /// y[b, column...] = the maximum of every column, and the tokens that hold it: the first of equals.
    static func maxima(
        of hidden: MatrixView<Float>, batch: TokenBatch, into y: inout Matrix<Float>, column: Int
    ) -> [Int32] {
        let (width, stride, ldy) = (hidden.columns, hidden.stride, y.stride)
        var maxima = [Int32](repeating: -1, count: batch.count * width)
        maxima.withUnsafeMutableBufferPointer { maxima in
            let holders = maxima.baseAddress!
            hidden.withUnsafePointer { hidden in
                y.withUnsafeMutablePointer { y in
                    parallelFor(batch.count, grain: 8) { texts in
                        for text in texts {
                            let (best, holder) = (y + text * ldy + column, holders + text * width)
                            let range = batch.range(of: text)
                            for token in (range.lowerBound + batch.skipped[text])..<max(
                                range.upperBound, range.lowerBound + batch.skipped[text])
                            {
                                let row = hidden + token * stride
                                for i in 0..<width where holder[i] < 0 || row[i] > best[i] {
                                    best[i] = row[i]
                                    holder[i] = Int32(token)
                                }
                            }
                        }
                    }
                }
            }
        }
        return maxima
    }

    /// dHidden[holder, i] += dy[b, i].
    static func spreadMaxima(_ dy: MatrixView<Float>, maxima: [Int32], into dHidden: inout Matrix<Float>) {
        let (width, stride, ldy) = (dHidden.columns, dHidden.stride, dy.stride)
        let count = dy.rows
        dy.withUnsafePointer { dy in
            dHidden.withUnsafeMutablePointer { dHidden in
                for text in 0..<count {
                    for i in 0..<width where maxima[text * width + i] >= 0 {
                        dHidden[Int(maxima[text * width + i]) * stride + i] += dy[text * ldy + i]
                    }
                }
            }
        }
    }

    private static func forEachWeight(
        _ batch: TokenBatch, _ text: Int, _ mode: PoolingMode, _ body: (_ token: Int, _ weight: Float) -> Void
    ) {
        let range = batch.range(of: text)
        let skipped = batch.skipped[text]
        let count = range.count - skipped
        guard count > 0 else { return }
        for index in 0..<count {
            let weight = Pooling.weight(mode, index: index, skipped: skipped, count: count)
            if weight != 0 { body(range.lowerBound + skipped + index, weight) }
        }
    }
}
