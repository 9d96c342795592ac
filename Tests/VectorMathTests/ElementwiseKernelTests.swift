import CAttuneKernels
import Glibc
import Testing
import VectorMath

@Suite("Element-wise kernels")
struct ElementwiseKernelTests {
    typealias Unary = (UnsafePointer<Float>, UnsafeMutablePointer<Float>, Int) -> Void

    /// Largest error of e^x in units of the last place.
    static let exponentialULP = 1.1
    /// Largest error of GELU and of its derivative, for each unit of max(1, |x|).
    static let geluError = 1.5e-7

    /// Numbers that lie dense around zero, reach far and include the borders between the branches of the kernels.
    static func samples(_ count: Int, seed: UInt64) -> [Float] {
        var generator = RandomGenerator(seed: seed)
        var samples: [Float] = [
            0, -0.0, 1, -1, 0.927734375, 1.3120154, -1.3120154, 30, -30, Float(bitPattern: 0x116c2), -1e-30, 1e20,
            -1e20,
        ]
        while samples.count < count {
            let scales: [Float] = [0.01, 1, 5, 14, 40]
            samples.append(scales[generator.below(5)] * (2 * generator.uniform() - 1))
        }
        return samples
    }

    @Test("multiply and add in every length, from unaligned starts", arguments: KernelSet.all)
    func multiplyAndAdd(kernels: KernelSet) {
        let f = kernels.functions
        for n in kernelLengths {
            let x = GuardedFloats(randomFloats(n, seed: 1), offset: n % 5)
            let start = randomFloats(n, seed: 2)
            let sum = GuardedFloats(start, offset: n % 3)
            f.axpy(0.75, x.pointer, sum.pointer, n)
            expectNear(sum.values, zip(x.values, start).map { 0.75 * Double($0) + Double($1) }, "axpy \(n)") {
                _ in 0x1p-23
            }
            let product = GuardedFloats(start, offset: n % 3)
            f.multiply(x.pointer, product.pointer, n)
            #expect(product.values == zip(x.values, start).map { $0 * $1 })
            let scaled = GuardedFloats(start, offset: n % 3)
            f.scale(-3, scaled.pointer, n)
            #expect(scaled.values == start.map { -3 * $0 })
            #expect(sum.guardsHold && product.guardsHold && scaled.guardsHold)
        }
    }

    @Test("compute e^x within 1.1 ULP", arguments: KernelSet.all)
    func exponential(kernels: KernelSet) {
        let count = 400_000
        let x = (0..<count).map { Float(-104.5 + 193.5 * Double($0) / Double(count)) }
        var y = x
        kernels.functions.exponential(x, &y, count)
        for index in 0..<count {
            let expected = exp(Double(x[index]))
            let rounded = Float(expected)
            if rounded.isInfinite {
                #expect(y[index].isInfinite || y[index] == Float.greatestFiniteMagnitude)
            } else if abs(Double(y[index]) - expected) > Self.exponentialULP * Double(rounded.ulp) {
                Issue.record("e^\(x[index]) is \(expected), not \(y[index])")
            }
        }
    }

    @Test("know the limits of e^x", arguments: KernelSet.all)
    func limitsOfExponential(kernels: KernelSet) {
        let x: [Float] = [-.infinity, .infinity, 0, -0.0, -200, 200, -1e30, 1e30, 88.7, 88.8, -104]
        var y = x
        kernels.functions.exponential(x, &y, x.count)
        #expect(y[0] == 0 && y[1] == .infinity && y[2] == 1 && y[3] == 1)
        #expect(y[4] == 0 && y[5] == .infinity && y[6] == 0 && y[7] == .infinity)
        #expect(y[8].isFinite && y[9] == .infinity && y[10] == 0)
        var nan: [Float] = [.nan]
        kernels.functions.exponential(nan, &nan, 1)
        #expect(nan[0].isNaN)
    }

    @Test("compute GELU and its derivative within the stated error", arguments: KernelSet.all)
    func gelu(kernels: KernelSet) {
        let f = kernels.functions
        let x = Self.samples(100_000, seed: 3)
        let ones = [Float](repeating: 1, count: x.count)
        let bound = { (index: Int) in Self.geluError * Double(max(1, abs(x[index]))) }
        var y = x
        f.gelu_erf(x, &y, x.count)
        expectNear(y, x.map { Reference.geluExact(Double($0)) }, "erf", bound: bound)
        f.gelu_tanh(x, &y, x.count)
        expectNear(y, x.map { Reference.geluTanh(Double($0)) }, "tanh", bound: bound)
        f.gelu_erf_backward(ones, x, &y, x.count)
        expectNear(y, x.map { Reference.geluExactSlope(Double($0)) }, "erf backward") { _ in 2 * Self.geluError }
        f.gelu_tanh_backward(ones, x, &y, x.count)
        expectNear(y, x.map { Reference.geluTanhSlope(Double($0)) }, "tanh backward") { _ in 2 * Self.geluError }
    }

    @Test("know the limits of GELU", arguments: KernelSet.all)
    func limitsOfGELU(kernels: KernelSet) {
        let f = kernels.functions
        for function in [f.gelu_erf, f.gelu_tanh] {
            let x: [Float] = [0, 100, -100, 3e38, -3e38, .nan, .infinity]
            var y = x
            function(x, &y, x.count)
            #expect(y[0] == 0 && y[1] == 100 && y[2] == 0 && y[3] == 3e38 && y[4] == 0)
            #expect(y[5].isNaN && y[6] == .infinity)
        }
        for function in [f.gelu_erf_backward, f.gelu_tanh_backward] {
            let x: [Float] = [0, 100, -100, 1e19, -1e19, .nan]
            let ones = [Float](repeating: 1, count: x.count)
            var dx = x
            function(ones, x, &dx, x.count)
            #expect(dx[0] == 0.5 && dx[1] == 1 && dx[2] == 0 && dx[3] == 1 && dx[4] == 0 && dx[5].isNaN)
        }
    }

    @Test("give an element the same bits at any place, in every length", arguments: KernelSet.all)
    func doNotDependOnPlace(kernels: KernelSet) {
        let f = kernels.functions
        let x = Self.samples(130, seed: 4)
        let dy = randomFloats(130, seed: 5)
        let functions: [Unary] = [
            { f.exponential($0, $1, $2) }, { f.gelu_erf($0, $1, $2) }, { f.gelu_tanh($0, $1, $2) },
            { f.gelu_erf_backward(dy, $0, $1, $2) }, { f.gelu_tanh_backward(dy, $0, $1, $2) },
        ]
        for function in functions {
            var all = x
            function(x, &all, x.count)
            for n in kernelLengths {
                let input = GuardedFloats(Array(x[..<n]), offset: n % 5)
                let output = GuardedFloats([Float](repeating: 9, count: n), offset: n % 7)
                function(input.pointer, output.pointer, n)
                #expect(output.values.map(\.bitPattern) == all[..<n].map(\.bitPattern))
                #expect(output.guardsHold)
            }
        }
    }

    @Test("work in place", arguments: KernelSet.all)
    func inPlace(kernels: KernelSet) {
        let f = kernels.functions
        let x = Self.samples(77, seed: 6)
        let dy = randomFloats(77, seed: 7)
        var apart = x
        var place = x
        f.gelu_erf(x, &apart, 77)
        place.withUnsafeMutableBufferPointer { f.gelu_erf($0.baseAddress!, $0.baseAddress!, 77) }
        #expect(apart == place)
        f.gelu_erf_backward(dy, x, &apart, 77)
        place = dy
        place.withUnsafeMutableBufferPointer { f.gelu_erf_backward($0.baseAddress!, x, $0.baseAddress!, 77) }
        #expect(apart == place)
    }
}
