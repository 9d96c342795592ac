import CAttuneKernels
import Testing
import VectorMath

@Suite("Conversions")
struct ConversionTests {
    /// Floats of every kind: all exponents, and fractions around the halfway points of the narrow types.
    static let floats: [Float] = {
        var patterns: [UInt32] = []
        for exponent: UInt32 in 0...255 {
            for fraction: UInt32 in [
                0, 1, 0x0fff, 0x1000, 0x1001, 0x2fff, 0x3000, 0x3001, 0x7fff, 0x8000, 0x8001, 0x17fff, 0x18000, 0x18001,
                0x7f_f000, 0x7f_efff, 0x7f_8000, 0x7f_7fff, 0x7f_ffff, 0x40_0000, 0x12_3456,
            ] {
                patterns += [exponent << 23 | fraction, 1 << 31 | exponent << 23 | fraction]
            }
        }
        return patterns.map(Float.init(bitPattern:))
    }()

    @Test("widen every 16-bit float exactly", arguments: KernelSet.all)
    func widen(kernels: KernelSet) {
        let all = (0...UInt16.max).map { $0 }
        var wide = [Float](repeating: 0, count: all.count)
        kernels.functions.float16_to_float32(all, &wide, all.count)
        for bits in all {
            let expected = Float(Float16(bitPattern: bits))
            let found = wide[Int(bits)]
            #expect(found == expected && found.sign == expected.sign || found.isNaN && expected.isNaN)
        }
        kernels.functions.bfloat16_to_float32(all, &wide, all.count)
        #expect(wide.map(\.bitPattern) == all.map { UInt32($0) << 16 })
    }

    @Test("narrow to the nearest, ties to even", arguments: KernelSet.all)
    func narrow(kernels: KernelSet) {
        let floats = Self.floats
        var narrow = [UInt16](repeating: 0, count: floats.count)
        kernels.functions.float32_to_float16(floats, &narrow, floats.count)
        for (float, bits) in zip(floats, narrow) {
            let found = Float16(bitPattern: bits)
            #expect(float.isNaN ? found.isNaN : bits == Float16(float).bitPattern)
        }
        kernels.functions.float32_to_bfloat16(floats, &narrow, floats.count)
        for (float, bits) in zip(floats, narrow) { #expect(bits == BFloat16(float).bits) }
    }

    @Test("have the bits of the plain version in every length", arguments: KernelSet.all)
    func everyLength(kernels: KernelSet) throws {
        let plain = try #require(KernelSet(.scalar)).functions
        let f = kernels.functions
        let floats = (0..<130).map { Self.floats[$0 * 83 % Self.floats.count] }
        let halves = (0..<130).map { UInt16(truncatingIfNeeded: $0 * 7919) }
        for n in kernelLengths {
            for (one, other) in [
                (f.float16_to_float32, plain.float16_to_float32), (f.bfloat16_to_float32, plain.bfloat16_to_float32),
            ] {
                let expected = GuardedFloats([Float](repeating: 9, count: n), offset: 1)
                let found = GuardedFloats([Float](repeating: 9, count: n), offset: n % 5)
                one(halves, found.pointer, n)
                other(halves, expected.pointer, n)
                #expect(found.values.map(\.bitPattern) == expected.values.map(\.bitPattern))
                #expect(found.guardsHold)
            }
            for (one, other) in [
                (f.float32_to_float16, plain.float32_to_float16), (f.float32_to_bfloat16, plain.float32_to_bfloat16),
            ] {
                var (found, expected) = (
                    [UInt16](repeating: 0xabcd, count: 150), [UInt16](repeating: 0xabcd, count: 150)
                )
                one(floats, &found, n)
                other(floats, &expected, n)
                #expect(found == expected)
                #expect(found[n...].allSatisfy { $0 == 0xabcd })
            }
        }
    }

    @Test("convert matrices")
    func matrices() {
        let floats = Matrix<Float>(rows: 2, columns: 3, elements: [1, -2.5, 0.1, 65504, 1e-8, 3])
        let half = Matrix<Float16>(floats.view)
        #expect(half.elements() == floats.elements().map { Float16($0) })
        #expect(Matrix<Float>(half.view).elements() == half.elements().map { Float($0) })
        let brain = Matrix<BFloat16>(floats.view)
        #expect(brain.elements() == floats.elements().map { BFloat16($0) })
        #expect(Matrix<Float>(brain.view).elements() == brain.elements().map { Float($0) })
    }
}

@Suite("BFloat16")
struct BFloat16Tests {
    @Test(
        "rounds to nearest, ties to even",
        arguments: [
            (0x3f80_0000, 0x3f80), (0x3f80_7fff, 0x3f80), (0x3f80_8000, 0x3f80), (0x3f80_8001, 0x3f81),
            (0x3f81_8000, 0x3f82), (0x7f7f_ffff, 0x7f80), (0xff7f_ffff, 0xff80), (0x8000_0000, 0x8000),
            (0x0000_8001, 0x0001), (0x7f80_0000, 0x7f80),
        ] as [(UInt32, UInt16)])
    func rounds(from pattern: UInt32, to bits: UInt16) {
        #expect(BFloat16(Float(bitPattern: pattern)).bits == bits)
    }

    @Test(
        "keeps NaN, even one whose upper bits are those of infinity",
        arguments: [0x7f80_0001, 0xffff_ffff, 0x7fc0_0000])
    func keepsNaN(pattern: UInt32) {
        let narrow = BFloat16(Float(bitPattern: pattern))
        #expect(Float(narrow).isNaN)
        #expect(narrow.bits >> 15 == UInt16(pattern >> 31))
        #expect(narrow != narrow)
    }

    @Test("compares as a number")
    func compares() {
        #expect(BFloat16(0) == BFloat16(-0.0))
        #expect(BFloat16(1) != BFloat16(2))
        #expect(Float(BFloat16(bits: 0xc000)) == -2)
    }
}
