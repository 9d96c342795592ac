import CAttuneKernels
import Testing
import VectorMath

@Suite("Attention of one text and head")
struct AttentionKernelTests {
    static let tolerance = 2e-6
    /// Probabilities, values and results are rounded to 8 bits.
    static let narrowTolerance = 0.015

    @Test("is the softmax of the scores times the values, at every instruction set", arguments: KernelSet.all)
    func agrees(set: KernelSet) {
        for (count, width) in [(1, 32), (2, 8), (11, 16), (12, 32), (13, 64), (33, 32), (40, 48), (130, 32), (257, 20)]
        {
            let stride = 3 * width + 6
            let x = randomFloats(count * stride, seed: UInt64(count), scale: 2)
            let narrow = x.map { BFloat16($0).bits }
            let rounded = narrow.map { Double(Float(BFloat16(bits: $0))) }
            let wide = run(set, x, count, width, stride, narrow: false)
            expectNear(wide, expected(x.map(Double.init), count, width, stride), "\(count) × \(width)") { _ in
                Self.tolerance
            }
            let short = narrow.withUnsafeBytes { run(set, $0.baseAddress!, count, width, stride, narrow: true) }
            expectNear(short, expected(rounded, count, width, stride), "\(count) × \(width) in bf16") { _ in
                Self.narrowTolerance
            }
        }
    }

    private func run(_ set: KernelSet, _ x: UnsafeRawPointer, _ count: Int, _ width: Int, _ stride: Int, narrow: Bool)
        -> [Float]
    {
        let size = narrow ? 2 : 4
        var out = [Float](repeating: .nan, count: count * width)
        var scratch = Matrix<Float>(rows: 1, columns: attune_attention_scratch(count, width) / 4 + 1)
        scratch.withUnsafeMutablePointer { scratch in
            out.withUnsafeMutableBufferPointer { out in
                var task = attune_attention_task(
                    query: x, key: x + width * size, value: x + 2 * width * size, stride: stride,
                    narrow: narrow ? 1 : 0, count: count, width: width, scale: 1 / Float(width).squareRoot(),
                    out: out.baseAddress!, out_stride: width, narrow_out: 0)
                set.withTable { attune_attention($0, &task, scratch) }
            }
        }
        return out
    }

    private func expected(_ x: [Double], _ count: Int, _ width: Int, _ stride: Int) -> [Double] {
        func row(_ i: Int, _ part: Int) -> ArraySlice<Double> {
            x[i * stride + part * width..<i * stride + (part + 1) * width]
        }
        return (0..<count).flatMap { i in
            let scores = (0..<count).map { j in zip(row(i, 0), row(j, 1)).reduce(0) { $0 + $1.0 * $1.1 } }
            let shares = Reference.softmax(scores, scale: 1 / Double(width).squareRoot())
            return (0..<width).map { k in
                (0..<count).reduce(0) { $0 + shares[$1] * row($1, 2)[row($1, 2).startIndex + k] }
            }
        }
    }
}
