import CAttuneKernels
import Testing
import VectorMath

@Suite("What products read")
struct OperandKernelTests {
    @Test("8 bits hold a row's range in equal steps, the same at every instruction set", arguments: KernelSet.all)
    func quantize(set: KernelSet) {
        for length in kernelLengths {
            let x = randomFloats(length, seed: UInt64(length), scale: 3)
            let (y, scale, zero) = quantized(set, x)
            #expect(quantized(KernelSet(.scalar)!, x) == (y, scale, zero))
            for (value, byte) in zip(x, y) {
                let back = scale * Float(Int32(byte) - zero)
                #expect(abs(back - value) <= scale * 0.501)
            }
        }
    }

    @Test("a row of zeros, of one number, with NaN or infinity gives numbers", arguments: KernelSet.all)
    func hardRows(set: KernelSet) {
        #expect(quantized(set, [0, 0, 0]) == ([0, 0, 0], 1, 0))
        let (y, scale, zero) = quantized(set, [Float](repeating: -2.5, count: 20))
        #expect(y == [UInt8](repeating: 0, count: 20) && abs(scale * Float(-zero) + 2.5) < 0.01)
        for odd in [Float.nan, .infinity, -.infinity, .greatestFiniteMagnitude, .leastNonzeroMagnitude] {
            let (_, scale, zero) = quantized(set, [1, odd, -1] + [Float](repeating: 0.5, count: 17))
            #expect(scale > 0 && scale.isFinite && zero >= 0 && zero <= 255)
        }
    }

    private func quantized(_ set: KernelSet, _ x: [Float]) -> ([UInt8], Float, Int32) {
        var y = [UInt8](repeating: 0xa5, count: x.count + 1)
        var (scale, zero): (Float, Int32) = (-1, -1)
        set.functions.quantize(x, x.count, &y, &scale, &zero)
        #expect(y[x.count] == 0xa5)
        return (Array(y.dropLast()), scale, zero)
    }

    @Test("words and pairs are packed as the scalar version packs them", arguments: KernelSet.all)
    func packing(set: KernelSet) {
        let scalar = KernelSet(.scalar)!
        for rows in [1, 2, 7, 16, 31, 33, 65] {
            for columns in [1, 2, 8, 15, 16, 32, 33, 64] {
                let stride = columns + 3
                let words = (0..<rows * stride).map { UInt32(truncatingIfNeeded: $0 &* 2_654_435_761) }
                let halves = words.map { UInt16(truncatingIfNeeded: $0 >> 9) }
                func packed(_ set: KernelSet) -> (Matrix<Float>, Matrix<Float>) {
                    // Compared by bits, so integers stand in the place of floats.
                    var a = Matrix<Float>(rows: 1, columns: (rows + 31) / 32 * 32 * columns)
                    var b = Matrix<Float>(rows: 1, columns: (columns + 31) / 32 * 32 * ((rows + 1) / 2))
                    a.withUnsafeMutablePointer {
                        set.functions.pack_words(
                            words, stride, rows, columns,
                            UnsafeMutableRawPointer($0).assumingMemoryBound(to: UInt32.self))
                    }
                    b.withUnsafeMutablePointer {
                        set.functions.pack_pairs(
                            halves, stride, rows, columns,
                            UnsafeMutableRawPointer($0).assumingMemoryBound(to: UInt16.self))
                    }
                    return (a, b)
                }
                let (found, expected) = (packed(set), packed(scalar))
                #expect(found.0.elements().map(\.bitPattern) == expected.0.elements().map(\.bitPattern))
                #expect(found.1.elements().map(\.bitPattern) == expected.1.elements().map(\.bitPattern))
            }
        }
    }
}
