import CAttuneKernels
import Testing
import VectorMath

@Suite("The way back through attention of one text and head")
struct AttentionGradientKernelTests {
    static let tolerance = 5e-6
    /// Probabilities, score gradients and results are rounded to 8 bits; of the largest value.
    static let narrowTolerance = 0.02

    @Test("gives the gradients of query, key and value, at every instruction set", arguments: KernelSet.all)
    func agrees(set: KernelSet) {
        for (count, width) in [(1, 32), (2, 8), (11, 16), (31, 4), (32, 32), (33, 64), (70, 32), (129, 20)] {
            let stride = 4 * width + 6
            let x = randomFloats(count * stride, seed: UInt64(count), scale: 1)
            let narrow = x.map { BFloat16($0).bits }
            let rounded = narrow.map { Double(Float(BFloat16(bits: $0))) }
            let wide: [Float] = run(set, x, count, width, stride, narrow: false)
            expectNear(wide, expected(x.map(Double.init), count, width, stride), "\(count) × \(width)") { _ in
                Self.tolerance
            }
            let short: [UInt16] = narrow.withUnsafeBytes {
                run(set, $0.baseAddress!, count, width, stride, narrow: true)
            }
            let truth = expected(rounded, count, width, stride)
            let largest = truth.reduce(0) { max($0, abs($1)) }
            expectNear(short.map { Float(BFloat16(bits: $0)) }, truth, "\(count) × \(width) in bf16") { _ in
                Self.narrowTolerance * largest
            }
        }
    }

    /// The gradients of query, key and value side by side, `[count, 3 · width]`.
    private func run<Value: FixedWidthIntegerOrFloat>(
        _ set: KernelSet, _ x: UnsafeRawPointer, _ count: Int, _ width: Int, _ stride: Int, narrow: Bool
    ) -> [Value] {
        let size = narrow ? 2 : 4
        var out = [Value](repeating: Value.filler, count: 3 * count * width)
        var scratch = Matrix<Float>(rows: 1, columns: attune_attention_backward_scratch(count, width) / 4 + 1)
        scratch.withUnsafeMutablePointer { scratch in
            out.withUnsafeMutableBytes { out in
                let out = out.baseAddress!
                var task = attune_attention_backward_task(
                    query: x, key: x + width * size, value: x + 2 * width * size, stride: stride,
                    narrow: narrow ? 1 : 0, count: count, width: width, scale: 1 / Float(width).squareRoot(),
                    out_gradient: x + 3 * width * size, out_gradient_stride: stride, query_gradient: out,
                    key_gradient: out + width * size, value_gradient: out + 2 * width * size,
                    gradient_stride: 3 * width)
                set.withTable { attune_attention_backward($0, &task, scratch) }
            }
        }
        return out
    }

    private func expected(_ x: [Double], _ count: Int, _ width: Int, _ stride: Int) -> [Double] {
        func at(_ i: Int, _ part: Int, _ k: Int) -> Double { x[i * stride + part * width + k] }
        let scale = 1 / Double(width).squareRoot()
        var result = [Double](repeating: 0, count: 3 * count * width)
        for i in 0..<count {
            let scores = (0..<count).map { j in (0..<width).reduce(0) { $0 + at(i, 0, $1) * at(j, 1, $1) } }
            let p = Reference.softmax(scores, scale: scale)
            let dp = (0..<count).map { j in (0..<width).reduce(0) { $0 + at(i, 3, $1) * at(j, 2, $1) } }
            let mean = zip(p, dp).reduce(0) { $0 + $1.0 * $1.1 }
            for j in 0..<count {
                let ds = scale * p[j] * (dp[j] - mean)
                for k in 0..<width {
                    result[i * 3 * width + k] += ds * at(j, 1, k)
                    result[(j * 3 + 1) * width + k] += ds * at(i, 0, k)
                    result[(j * 3 + 2) * width + k] += p[j] * at(i, 3, k)
                }
            }
        }
        return result
    }
}

/// What gradients are written in.
private protocol FixedWidthIntegerOrFloat {
    /// A value that no result has.
    static var filler: Self { get }
}
extension Float: FixedWidthIntegerOrFloat { fileprivate static var filler: Float { .nan } }
extension UInt16: FixedWidthIntegerOrFloat { fileprivate static var filler: UInt16 { 0x7fc0 } }

@Suite("Sums of outer products")
struct OuterSumTests {
    static let tolerance = 2e-5
    /// Both sides are rounded to 8 bits where x is.
    static let narrowTolerance = 0.02

    @Test("add the transposed low side times x, at every instruction set", arguments: KernelSet.all)
    func agrees(set: KernelSet) {
        for (rows, rank, columns) in [(1, 1, 1), (2, 3, 40), (31, 16, 96), (128, 16, 33), (129, 5, 64), (300, 33, 384)]
        {
            let low = randomFloats(rows * (rank + 2), seed: UInt64(rows), scale: 1)
            let x = randomFloats(rows * (columns + 6), seed: 7, scale: 1)
            let start = randomFloats(rank * columns, seed: 8, scale: 1)
            let narrow = x.map { BFloat16($0).bits }
            let rounded = narrow.map { Double(Float(BFloat16(bits: $0))) }
            for isNarrow in [false, true] {
                var out = start
                let scratchCount = attune_add_outer_scratch(rank, columns) / 4 + 1
                var scratch = Matrix<Float>(rows: 1, columns: scratchCount)
                scratch.withUnsafeMutablePointer { scratch in
                    set.withTable { table in
                        x.withUnsafeBytes { wide in
                            narrow.withUnsafeBytes { narrow in
                                attune_add_outer(
                                    table, isNarrow ? 1 : 0, low, rank + 2, rank,
                                    (isNarrow ? narrow : wide).baseAddress!, columns + 6, rows, columns, &out,
                                    columns, scratch)
                            }
                        }
                    }
                }
                let values = isNarrow ? rounded : x.map(Double.init)
                let truth = (0..<rank * columns).map { place in
                    (0..<rows).reduce(Double(start[place])) {
                        $0 + Double(low[$1 * (rank + 2) + place / columns])
                            * values[$1 * (columns + 6) + place % columns]
                    }
                }
                let bound = (isNarrow ? Self.narrowTolerance : Self.tolerance) * Double(rows).squareRoot()
                expectNear(out, truth, "\(rows) × \(rank) × \(columns)") { _ in bound }
            }
        }
    }
}
