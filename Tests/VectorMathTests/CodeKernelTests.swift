import CAttuneKernels
import Testing

@testable import VectorMath

@Suite("One-bit codes")
struct CodeKernelTests {
    static let dimensions = Array(1...130) + [384, 784, 1000, 1028, 4097, 8191]

    @Test("are of vectors whose lengths the rotation keeps, in every dimension", arguments: KernelSet.all)
    func keepsLengths(kernels: KernelSet) throws {
        let plain = try #require(KernelSet(.scalar)).functions
        for dimension in Self.dimensions {
            let rotation = RandomRotation(dimension: dimension, seed: 7)
            let width = rotation.width
            let row = FencedElements(randomFloats(dimension, seed: 1))
            let centre = FencedElements(randomFloats(dimension, seed: 2))
            let x = GuardedFloats([Float](repeating: .nan, count: width), offset: dimension % 5)
            CodeKernels.residual(
                row.pointer, centre: centre.pointer, count: dimension, scale: 0.5, into: x.pointer, width: width)
            let residual = x.values
            for index in 0..<width {
                #expect(residual[index] == (index < dimension ? (row.values[index] - centre.values[index]) * 0.5 : 0))
            }
            kernels.functions.code_rotate(rotation.signs, x.pointer, width)
            var expected = residual
            plain.code_rotate(rotation.signs, &expected, width)
            #expect(x.values.map(\.bitPattern) == expected.map(\.bitPattern), "\(dimension) dimensions")
            let before = residual.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
            let after = expected.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
            let steps = 4 * (Double(width.bitWidth - width.leadingZeroBitCount - 1) + 3) + 1
            #expect(abs(after - before) <= steps * 0x1p-24 * before, "\(dimension) dimensions")
            #expect(x.guardsHold)
        }
    }

    @Test("rotate as their seed says, and otherwise for another")
    func seeded() {
        let first = RandomRotation(dimension: 100, seed: 3)
        #expect(first == RandomRotation(dimension: 100, seed: 3))
        #expect(first != RandomRotation(dimension: 100, seed: 4))
        #expect(first == RandomRotation(width: 128, signs: first.signs))
        #expect(Array(first.signs.prefix(8)) == [192, 140, 102, 229, 218, 171, 205, 176])
    }

    @Test("spread one coordinate over all others")
    func spreads() {
        for width in [64, 384, 832, 1024] {
            let rotation = RandomRotation(dimension: width, seed: 5)
            for place in [0, 1, width / 2, width - 1] {
                var x = [Float](repeating: 0, count: width)
                x[place] = 1
                x.withUnsafeMutableBufferPointer { rotation.apply($0.baseAddress!) }
                let largest = x.map { abs($0) }.max() ?? 1
                #expect(largest < 6 / Float(width).squareRoot(), "coordinate \(place) of \(width)")
            }
        }
    }

    @Test("have sums that do not wrap above 1024 dimensions", arguments: KernelSet.all, [1024, 1028, 1032, 2048, 8192])
    func doesNotWrap(kernels: KernelSet, dimension: Int) {
        let columns = dimension / 4
        let tables = [UInt8](repeating: 255, count: 16 * columns)
        let codes = [UInt8](repeating: 255, count: 16 * columns)
        var sums = [UInt32](repeating: 0, count: 32)
        kernels.functions.code_sums(tables, columns, codes, codes.count, 1, &sums, nil)
        #expect(sums == [UInt32](repeating: UInt32(255 * columns), count: 32))
    }

    @Test("give the same sums at every level, in every width", arguments: KernelSet.all)
    func sums(kernels: KernelSet) throws {
        let plain = try #require(KernelSet(.scalar)).functions
        for columns in Array(0...130) + [256, 257, 1025] {
            let tables = FencedElements(randomBytes(16 * columns, seed: 1))
            let codes = FencedElements(randomBytes(3 * 16 * columns, seed: 2))
            var (found, expected) = ([UInt32](repeating: 9, count: 97), [UInt32](repeating: 9, count: 97))
            kernels.functions.code_sums(tables.pointer, columns, codes.pointer, 16 * columns, 3, &found, nil)
            plain.code_sums(tables.pointer, columns, codes.pointer, 16 * columns, 3, &expected, nil)
            #expect(found == expected && found[96] == 9, "\(columns) columns")
        }
    }

    /// Deviations that the mean of many estimates may be off.
    static let deviations = 5.0

    @Test("estimate inner products without bias, and within the deviation that they state", arguments: [64, 384, 832])
    func unbiased(width: Int) {
        let (rounds, dimension) = (400, width - 3)
        var (sum, squares) = (0.0, 0.0)
        var generator = RandomGenerator(seed: 11)
        for round in 0..<rounds {
            let rotation = RandomRotation(dimension: dimension, seed: UInt64(round))
            // Vectors far from random: few large coordinates.
            var v = (0..<dimension).map { $0 % 7 == round % 7 ? generator.normal() : 0.01 * generator.normal() }
            var w = v.map { 0.6 * $0 + 0.1 * generator.normal() }
            v += [Float](repeating: 0, count: width - dimension)
            w += [Float](repeating: 0, count: width - dimension)
            let product = zip(v, w).reduce(0) { $0 + Double($1.0) * Double($1.1) }
            let lengths = (CodeKernels.norms(v, count: width).squares, CodeKernels.norms(w, count: width).squares)
            v.withUnsafeMutableBufferPointer { rotation.apply($0.baseAddress!) }
            w.withUnsafeMutableBufferPointer { rotation.apply($0.baseAddress!) }
            let norms = CodeKernels.norms(v, count: width)
            let rescale = norms.squares / norms.magnitudes
            let estimate = rescale * zip(v, w).reduce(0) { $0 + ($1.0 > 0 ? Double($1.1) : -Double($1.1)) }
            let variance = (Double(width) * rescale * rescale - norms.squares) / Double(width - 1)
            let orthogonal = lengths.1 - product * product / lengths.0
            let error = (estimate - product) / (variance * orthogonal).squareRoot()
            sum += error
            squares += error * error
        }
        #expect(abs(sum) / Double(rounds).squareRoot() < Self.deviations)
        #expect(abs(squares / Double(rounds) - 1) < Self.deviations * (2 / Double(rounds)).squareRoot())
    }
}
