import CAttuneKernels
import Testing
import VectorMath

/// The two ways to write a float in 16 bits.
enum HalfFormat: String, CaseIterable, CustomTestStringConvertible {
    case float16, bfloat16

    var testDescription: String { rawValue }

    func bits(_ values: [Float]) -> [UInt16] {
        values.map { self == .float16 ? Float16($0).bitPattern : BFloat16($0).bits }
    }

    func value(_ bits: UInt16) -> Double {
        Double(self == .float16 ? Float(Float16(bitPattern: bits)) : Float(BFloat16(bits: bits)))
    }

    func distances(_ kernels: attune_kernels) -> attune_half_distances {
        self == .float16 ? kernels.float16 : kernels.bfloat16
    }
}

@Suite("Distances of 16-bit floats")
struct DistanceHalfTests {
    /// Rounding errors of a sum of n products in float32: at most n + 1 roundings of the sum of their magnitudes.
    static let unit = 0x1p-24
    static let lengths = Array(kernelLengths) + [384, 768, 1024, 1536]

    @Test("agree with double precision in every length", arguments: KernelSet.all, HalfFormat.allCases)
    func agreeWithDoublePrecision(kernels: KernelSet, format: HalfFormat) {
        let distances = format.distances(kernels.functions)
        for n in Self.lengths {
            let a = FencedElements(format.bits(randomFloats(n, seed: 1)))
            let b = FencedElements(format.bits(randomFloats(n, seed: 2)))
            let x = a.values.map(format.value)
            let y = b.values.map(format.value)
            let slack = Self.unit * Double(n + 2)

            let products = zip(x, y).map { $0 * $1 }
            let dot = Double(distances.dot(a.pointer, b.pointer, n))
            #expect(abs(dot - products.reduce(0, +)) <= slack * products.map(abs).reduce(0, +), "\(n) elements")

            let squares = zip(x, y).map { ($0 - $1) * ($0 - $1) }
            let distance = Double(distances.squared_l2(a.pointer, b.pointer, n))
            #expect(abs(distance - squares.reduce(0, +)) <= 2 * slack * squares.reduce(0, +), "\(n) elements")

            let norms = [x, y].map { $0.map { $0 * $0 }.reduce(0, +).squareRoot() }
            let cosine = Double(distances.cosine(a.pointer, b.pointer, n))
            let expected = n == 0 ? 0 : products.reduce(0, +) / (norms[0] * norms[1])
            #expect(abs(cosine - expected) <= 3 * slack, "\(n) elements")
        }
    }

    @Test("read every number of 16 bits", arguments: KernelSet.all, HalfFormat.allCases)
    func everyNumber(kernels: KernelSet, format: HalfFormat) {
        let distances = format.distances(kernels.functions)
        // The instruction of this level takes subnormal numbers as zero; squared L2 does not use it.
        let flushes = kernels.name == "avx512bf16" && format == .bfloat16
        let one = format.bits([1])
        for bits in UInt16.min...UInt16.max {
            let value = format.value(bits)
            let isSubnormal = value != 0 && abs(value) < 0x1p-126
            // Its product with 1 and its distance from 0, alone in a vector: exact, but for squares out of range.
            let dot = Double(distances.dot([bits], one, 1))
            let expected = flushes && isSubnormal ? 0 : value
            let square = distances.squared_l2([bits], [0], 1)
            let same = dot == expected || dot.isNaN && expected.isNaN
            let squareIsSame = square == Float(value) * Float(value) || square.isNaN && value.isNaN
            if !same || !squareIsSame {
                Issue.record("\(bits): \(dot), \(square) for \(value)")
                return
            }
        }
    }

    @Test("say that a zero vector has cosine 0", arguments: KernelSet.all, HalfFormat.allCases)
    func cosineOfZero(kernels: KernelSet, format: HalfFormat) {
        let distances = format.distances(kernels.functions)
        let zero = [UInt16](repeating: 0, count: 40)
        let other = format.bits(randomFloats(40, seed: 5))
        #expect(distances.cosine(zero, other, 40) == 0)
        #expect(distances.cosine(other, zero, 40) == 0)
        #expect(distances.cosine(zero, zero, 40) == 0)
    }

    @Test("keep what is small beside what is large", arguments: KernelSet.all, HalfFormat.allCases)
    func manyMagnitudes(kernels: KernelSet, format: HalfFormat) {
        let distances = format.distances(kernels.functions)
        var generator = RandomGenerator(seed: 9)
        let n = 300
        func numbers() -> [UInt16] {
            format.bits(
                (0..<n).map { _ in
                    (2 * generator.uniform() - 1)
                        * Float(sign: .plus, exponent: Int(generator.next() % 20) - 14, significand: 1)
                })
        }
        for _ in 0..<20 {
            let a = numbers()
            let b = numbers()
            let products = zip(a, b).map { format.value($0) * format.value($1) }
            let bound = Self.unit * Double(n + 2) * products.map(abs).reduce(0, +) + Double(n) * 0x1p-126
            #expect(abs(Double(distances.dot(a, b, n)) - products.reduce(0, +)) <= bound)
        }
    }
}
