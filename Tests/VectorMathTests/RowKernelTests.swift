import CAttuneKernels
import Glibc
import Testing
import VectorMath

@Suite("Row kernels")
struct RowKernelTests {
    /// Error of a row's result, for inputs of about 1: a few dozen roundings.
    static let tolerance = 4e-6
    /// The lengths where a gradient by differences is taken too; it costs the square of the length.
    static let gradientLengths = [1, 2, 7, 16, 31, 64, 130]

    @Test("sum in every length, from unaligned starts", arguments: KernelSet.all)
    func sum(kernels: KernelSet) {
        let f = kernels.functions
        for n in kernelLengths {
            let x = GuardedFloats(randomFloats(n, seed: 1), offset: n % 5)
            let exact = x.values.map(Double.init)
            #expect(abs(Double(f.sum(x.pointer, n)) - exact.reduce(0, +)) <= Self.tolerance * Double(max(1, n)) / 20)
            let squares = exact.map { $0 * $0 }.reduce(0, +)
            #expect(abs(f.sum_squares(x.pointer, n) - squares) <= 1e-13 * squares)
            #expect(f.max_abs(x.pointer, n) == (x.values.map(abs).max() ?? 0))
        }
    }

    @Test("find the largest magnitude, infinity and NaN included", arguments: KernelSet.all)
    func maxAbs(kernels: KernelSet) {
        for place in 0..<40 {
            var x = randomFloats(40, seed: 2)
            x[place] = -50
            #expect(kernels.functions.max_abs(x, 40) == 50)
            x[place] = -.infinity
            #expect(kernels.functions.max_abs(x, 40) == .infinity)
            x[place] = .nan
            #expect(kernels.functions.max_abs(x, 40).isNaN)
        }
    }

    @Test("compute softmax and its backward in every length", arguments: KernelSet.all)
    func softmax(kernels: KernelSet) {
        for n in kernelLengths {
            for scale: Float in [1, 0.125, -2] {
                let start = randomFloats(n, seed: 3, scale: 6)
                let y = GuardedFloats(start, offset: n % 5)
                kernels.functions.softmax(y.pointer, n, scale)
                let exact = Reference.softmax(start.map(Double.init), scale: Double(scale))
                expectNear(y.values, exact, "softmax of \(n)") { 1e-9 + Self.tolerance * exact[$0] }

                let dy = GuardedFloats(randomFloats(n, seed: 4), offset: n % 3)
                let dx = GuardedFloats([Float](repeating: 9, count: n), offset: n % 7)
                kernels.functions.softmax_backward(dy.pointer, y.pointer, dx.pointer, n, scale)
                #expect(y.guardsHold && dx.guardsHold)
                guard Self.gradientLengths.contains(n) else { continue }
                let expected = Reference.gradient(
                    of: { Reference.softmax($0, scale: Double(scale)) }, at: start.map(Double.init),
                    dy.values.map(Double.init))
                expectNear(dx.values, expected, "softmax backward of \(n)") { _ in Self.tolerance }
            }
        }
    }

    @Test("compute softmax of huge and infinite scores", arguments: KernelSet.all)
    func softmaxOfHugeScores(kernels: KernelSet) {
        var x: [Float] = [1000, 1000, -1000, -.infinity, 999]
        kernels.functions.softmax(&x, 5, 1)
        #expect(abs(x[0] - 0.42231882) < 1e-6 && x[0] == x[1] && x[2] == 0 && x[3] == 0)
        var masked = [Float](repeating: -.infinity, count: 3)
        kernels.functions.softmax(&masked, 3, 1)
        #expect(masked.allSatisfy { $0.isNaN })
    }

    @Test("compute layer norm and its backward in every length", arguments: KernelSet.all)
    func layerNorm(kernels: KernelSet) {
        let f = kernels.functions
        let epsilon: Float = 1e-5
        for n in kernelLengths.dropFirst() {
            let x = GuardedFloats(randomFloats(n, seed: 5).map { $0 + 0.5 }, offset: n % 5)
            let gain = GuardedFloats(randomFloats(n, seed: 6), offset: n % 3)
            let bias = GuardedFloats(randomFloats(n, seed: 7), offset: n % 7)
            let y = GuardedFloats([Float](repeating: 9, count: n), offset: 1)
            var mean: Float = 0
            var deviation: Float = 0
            f.layer_norm(x.pointer, gain.pointer, bias.pointer, n, epsilon, y.pointer, &mean, &deviation)
            let exact = { (x: [Double]) in
                Reference.layerNorm(
                    x, gain: gain.values.map(Double.init), bias: bias.values.map(Double.init), epsilon: Double(epsilon))
            }
            // Two elements close to each other lose digits in x - mean.
            let slack = Self.tolerance * max(1, Double(deviation) / 4)
            expectNear(y.values, exact(x.values.map(Double.init)), "layer norm of \(n)") { _ in slack }

            let dy = GuardedFloats(randomFloats(n, seed: 8), offset: n % 3)
            let dx = GuardedFloats([Float](repeating: 9, count: n), offset: n % 7)
            f.layer_norm_backward(dy.pointer, x.pointer, gain.pointer, mean, deviation, n, dx.pointer)
            let gainGradient = GuardedFloats([Float](repeating: 1, count: n), offset: n % 5)
            let biasGradient = GuardedFloats([Float](repeating: 2, count: n), offset: n % 3)
            f.layer_norm_backward_parameters(
                dy.pointer, x.pointer, mean, deviation, n, gainGradient.pointer, biasGradient.pointer)
            #expect(y.guardsHold && dx.guardsHold && gainGradient.guardsHold && biasGradient.guardsHold)
            expectNear(biasGradient.values, dy.values.map { 2 + Double($0) }, "bias gradient") { _ in Self.tolerance }
            expectNear(
                gainGradient.values,
                zip(x.values, dy.values).map { 1 + Double($1) * (Double($0) - Double(mean)) * Double(deviation) },
                "gain gradient"
            ) { _ in slack }
            guard Self.gradientLengths.contains(n) else { continue }
            let expected = Reference.gradient(of: exact, at: x.values.map(Double.init), dy.values.map(Double.init))
            expectNear(dx.values, expected, "layer norm backward of \(n)") { _ in slack * max(1, Double(deviation)) }
        }
    }

    @Test("normalise and its backward in every length", arguments: KernelSet.all)
    func normalize(kernels: KernelSet) {
        for n in kernelLengths.dropFirst() {
            let start = randomFloats(n, seed: 9)
            let y = GuardedFloats(start, offset: n % 5)
            let norm = kernels.functions.normalize(y.pointer, n, 1e-12)
            expectNear(y.values, Reference.normalize(start.map(Double.init)), "normalise \(n)") { _ in Self.tolerance }
            let dy = GuardedFloats(randomFloats(n, seed: 10), offset: n % 3)
            let dx = GuardedFloats([Float](repeating: 9, count: n), offset: n % 7)
            kernels.functions.normalize_backward(dy.pointer, y.pointer, norm, dx.pointer, n)
            #expect(y.guardsHold && dx.guardsHold)
            guard Self.gradientLengths.contains(n) else { continue }
            let expected = Reference.gradient(
                of: Reference.normalize, at: start.map(Double.init), dy.values.map(Double.init))
            expectNear(dx.values, expected, "normalise backward of \(n)") { _ in Self.tolerance / Double(norm) }
        }
    }

    @Test("leave a zero row zero when normalising", arguments: KernelSet.all)
    func normalizeZero(kernels: KernelSet) {
        var x = [Float](repeating: 0, count: 20)
        #expect(kernels.functions.normalize(&x, 20, 1e-12) == 1e-12)
        #expect(x.allSatisfy { $0 == 0 })
    }

    @Test("normalise numbers whose squares overflow or vanish", arguments: KernelSet.all)
    func normalizeExtremes(kernels: KernelSet) {
        for magnitude: Float in [1e-25, 1e30] {
            var x = [Float](repeating: magnitude, count: 16)
            let norm = kernels.functions.normalize(&x, 16, 0)
            #expect(abs(norm / magnitude - 4) < 1e-6)
            #expect(x.allSatisfy { abs($0 - 0.25) < 1e-6 })
        }
    }

    @Test("compute exponentials in bfloat16 and the reciprocal of their sum", arguments: KernelSet.all)
    func exponentials(set: KernelSet) {
        for length in kernelLengths where length > 0 {
            let x = randomFloats(length, seed: UInt64(length), scale: 30)
            var y = [UInt16](repeating: 0x7fc0, count: length + 1)
            let reciprocal = set.functions.exponentials_bf16(x, length, 0.25, &y)
            let largest = Double(x.max()!)
            let expected = x.map { exp(0.25 * (Double($0) - largest)) }
            for (found, wanted) in zip(y, expected) {
                // A rounding to a significand of 8 bits and the short polynomial's error; subnormal numbers may be zero.
                #expect(abs(Double(Float(BFloat16(bits: found))) - wanted) <= wanted * (0x1p-8 + 1e-4) + 1e-37)
            }
            #expect(abs(Double(reciprocal) * expected.reduce(0, +) - 1) <= 1e-4)
            #expect(y[length] == 0x7fc0)
        }
    }
}
