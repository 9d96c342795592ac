import CAttuneKernels
import Testing
import VectorMath

@Suite("Distances of integers and bits")
struct DistanceIntegerTests {
    static let lengths = Array(kernelLengths) + [384, 768, 1024, 1536]
    /// Eight roundings of float32: of three sums, two square roots, two reciprocals and two products, those under the
    /// roots counting half.
    static let cosineSlack = 8 * 0x1p-24

    @Test("of int8 are exact in every length", arguments: KernelSet.all)
    func exact(kernels: KernelSet) {
        for n in Self.lengths {
            let a = FencedElements(randomInt8s(n, seed: 1))
            let b = FencedElements(randomInt8s(n, seed: 2))
            let pairs = zip(a.values, b.values).map { (Int($0), Int($1)) }
            let f = kernels.functions.int8
            #expect(Int(f.dot(a.pointer, b.pointer, n)) == pairs.map { $0 * $1 }.reduce(0, +), "\(n) elements")
            let squares = pairs.map { ($0 - $1) * ($0 - $1) }
            #expect(Int(f.squared_l2(a.pointer, b.pointer, n)) == squares.reduce(0, +), "\(n) elements")
        }
    }

    @Test("of int8 have a cosine near the exact one, with the same bits at every level", arguments: KernelSet.all)
    func cosine(kernels: KernelSet) throws {
        let plain = try #require(KernelSet(.scalar)).functions.int8
        for n in Self.lengths {
            let a = FencedElements(randomInt8s(n, seed: 3))
            let b = FencedElements(randomInt8s(n, seed: 4))
            let found = kernels.functions.int8.cosine(a.pointer, b.pointer, n)
            #expect(found == plain.cosine(a.pointer, b.pointer, n))
            func product(_ x: [Int8], _ y: [Int8]) -> Double { zip(x, y).map { Double($0) * Double($1) }.reduce(0, +) }
            let norms = (product(a.values, a.values) * product(b.values, b.values)).squareRoot()
            let expected = norms == 0 ? 0 : product(a.values, b.values) / norms
            #expect(abs(Double(found) - expected) <= Self.cosineSlack, "\(n) elements")
        }
    }

    @Test("of int8 hold the extremes at the greatest length", arguments: KernelSet.all)
    func extremes(kernels: KernelSet) {
        let n = Distance.maximumInt8Count
        let low = [Int8](repeating: -128, count: n)
        let high = [Int8](repeating: 127, count: n)
        let f = kernels.functions.int8
        #expect(Int(f.dot(low, low, n)) == 16384 * n)
        #expect(Int(f.dot(low, high, n)) == -16256 * n)
        #expect(Int(f.dot(high, low, n)) == -16256 * n)
        #expect(Int(f.dot(high, high, n)) == 16129 * n)
        #expect(Int(f.squared_l2(low, high, n)) == 65025 * n)
        #expect(Int(f.squared_l2(high, low, n)) == 65025 * n)
        #expect(f.squared_l2(low, low, n) == 0)
        var out = [Int32](repeating: 0, count: 25)
        let rows = (0..<5).flatMap { _ in low }
        f.squared_l2_matrix((0..<5).flatMap { _ in high }, n, 5, rows, n, 5, n, &out, 5)
        #expect(out.allSatisfy { Int($0) == 65025 * n })
    }

    @Test("of int8 say that a zero vector has cosine 0", arguments: KernelSet.all)
    func cosineOfZero(kernels: KernelSet) {
        let zero = [Int8](repeating: 0, count: 40)
        let other = randomInt8s(40, seed: 5)
        #expect(kernels.functions.int8.cosine(zero, other, 40) == 0)
        #expect(kernels.functions.int8.cosine(other, zero, 40) == 0)
        #expect(kernels.functions.int8.cosine(zero, zero, 40) == 0)
    }

    @Test("of bits count those that are unequal in every length", arguments: KernelSet.all)
    func hamming(kernels: KernelSet) {
        for n in Self.lengths {
            let a = FencedElements(randomBytes(n, seed: 1))
            let b = FencedElements(randomBytes(n, seed: 2))
            let expected = zip(a.values, b.values).map { ($0 ^ $1).nonzeroBitCount }.reduce(0, +)
            #expect(Int(kernels.functions.bits.hamming(a.pointer, b.pointer, n)) == expected, "\(n) bytes")
        }
    }

    @Test("of bits count all of them where all are unequal", arguments: KernelSet.all, [1, 64, 4096, 100_001])
    func allUnequal(kernels: KernelSet, n: Int) {
        let a = [UInt8](repeating: 0x5a, count: n)
        let b = a.map { ~$0 }
        #expect(Int(kernels.functions.bits.hamming(a, b, n)) == 8 * n)
        #expect(kernels.functions.bits.hamming(a, a, n) == 0)
    }
}
