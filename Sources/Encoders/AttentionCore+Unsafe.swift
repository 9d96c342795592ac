internal import VectorMath

/// Attention between query, key and value of each text and head: two small products forward, four backward.
enum AttentionCore {
    /// Query, key and value `[T, 3 · D]` → context `[T, D]`; probabilities are kept where there is a place for them.
    static func forward(
        _ queryKeyValue: Matrix<Float>, batch: TokenBatch, heads: Int, probabilities: inout AttentionProbabilities?
    ) -> Matrix<Float> {
        let width = queryKeyValue.columns / 3
        let size = width / heads
        let scale = 1 / Float(size).squareRoot()
        var context = Matrix<Float>(uninitializedRows: queryKeyValue.rows, columns: width)
        let (ld, ldc) = (queryKeyValue.stride, context.stride)
        let offsets = probabilities?.offsets
        queryKeyValue.withUnsafePointer { base in
            context.withUnsafeMutablePointer { context in
                withKept(&probabilities) { kept in
                    forEachHead(batch, heads) { text, head, scratch in
                        let rows = batch.range(of: text)
                        let count = rows.count
                        let query = base + rows.lowerBound * ld + head * size
                        let (key, value) = (query + width, query + 2 * width)
                        let scores = kept.map { $0 + offsets![text] + head * count * count } ?? scratch(count * count)
                        BLAS.gemm(
                            transposeA: false, transposeB: true, m: count, n: count, k: size, alpha: scale,
                            a: query, lda: ld, b: key, ldb: ld, beta: 0, c: scores, ldc: count)
                        for i in 0..<count { RowKernels.softmax(scores + i * count, count: count, scale: 1) }
                        BLAS.gemm(
                            transposeA: false, transposeB: false, m: count, n: size, k: count, alpha: 1,
                            a: scores, lda: count, b: value, ldb: ld, beta: 0,
                            c: context + rows.lowerBound * ldc + head * size, ldc: ldc)
                    }
                }
            }
        }
        return context
    }

    /// d context `[T, D]` → d query, key and value `[T, 3 · D]`.
    static func backward(
        _ dContext: Matrix<Float>, queryKeyValue: Matrix<Float>, batch: TokenBatch, heads: Int,
        probabilities: AttentionProbabilities
    ) -> Matrix<Float> {
        let width = dContext.columns
        let size = width / heads
        let scale = 1 / Float(size).squareRoot()
        var result = Matrix<Float>(uninitializedRows: queryKeyValue.rows, columns: queryKeyValue.columns)
        let (ld, ldc) = (queryKeyValue.stride, dContext.stride)
        queryKeyValue.withUnsafePointer { base in
            dContext.withUnsafePointer { dContext in
                result.withUnsafeMutablePointer { result in
                    probabilities.values.withUnsafePointer { kept in
                        forEachHead(batch, heads) { text, head, scratch in
                            let rows = batch.range(of: text)
                            let count = rows.count
                            let query = base + rows.lowerBound * ld + head * size
                            let (key, value) = (query + width, query + 2 * width)
                            let dQuery = result + rows.lowerBound * ld + head * size
                            let (dKey, dValue) = (dQuery + width, dQuery + 2 * width)
                            let dOutput = dContext + rows.lowerBound * ldc + head * size
                            let p = kept + probabilities.offsets[text] + head * count * count
                            let dScores = scratch(count * count)
                            BLAS.gemm(
                                transposeA: true, transposeB: false, m: count, n: size, k: count, alpha: 1,
                                a: p, lda: count, b: dOutput, ldb: ldc, beta: 0, c: dValue, ldc: ld)
                            BLAS.gemm(
                                transposeA: false, transposeB: true, m: count, n: count, k: size, alpha: 1,
                                a: dOutput, lda: ldc, b: value, ldb: ld, beta: 0, c: dScores, ldc: count)
                            for i in 0..<count {
                                let row = dScores + i * count
                                RowKernels.softmaxBackward(row, y: p + i * count, into: row, count: count, scale: scale)
                            }
                            BLAS.gemm(
                                transposeA: false, transposeB: false, m: count, n: size, k: count, alpha: 1,
                                a: dScores, lda: count, b: key, ldb: ld, beta: 0, c: dQuery, ldc: ld)
                            BLAS.gemm(
                                transposeA: true, transposeB: false, m: count, n: size, k: count, alpha: 1,
                                a: dScores, lda: count, b: query, ldb: ld, beta: 0, c: dKey, ldc: ld)
                        }
                    }
                }
            }
        }
        return result
    }

    /// Runs a body for every (text, head), many of them a task. `scratch` gives a task's own buffer of at least so many floats.
    private static func forEachHead(
        _ batch: TokenBatch, _ heads: Int,
        _ body: (_ text: Int, _ head: Int, _ scratch: (Int) -> UnsafeMutablePointer<Float>) -> Void
    ) {
        let longest = batch.longest
        // A task of about 2¹⁶ scores is long enough to be worth handing out, and short enough to balance.
        let grain = max(1, (1 << 16) / max(1, longest * longest))
        parallelFor(batch.count * heads, grain: grain) { pairs in
            withUnsafeTemporaryBuffer(longest * longest) { buffer in
                for pair in pairs {
                    body(pair / heads, pair % heads) { count in
                        precondition(count <= longest * longest, "the longest text is the measure of the buffer")
                        return buffer
                    }
                }
            }
        }
    }

    private static func withUnsafeTemporaryBuffer(_ count: Int, _ body: (UnsafeMutablePointer<Float>) -> Void) {
        var buffer = Matrix<Float>(uninitializedRows: 1, columns: count)
        buffer.withUnsafeMutablePointer(body)
    }

    private static func withKept(
        _ probabilities: inout AttentionProbabilities?, _ body: (UnsafeMutablePointer<Float>?) -> Void
    ) {
        if probabilities == nil { return body(nil) }
        probabilities!.values.withUnsafeMutablePointer { body($0) }
    }
}
