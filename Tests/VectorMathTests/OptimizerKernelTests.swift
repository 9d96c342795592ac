import CAttuneKernels
import Glibc
import Testing
import VectorMath

@Suite("AdamW")
struct OptimizerKernelTests {
    /// Error after some steps, for parameters of about 1.
    static let tolerance = 2e-6

    /// The formula of torch.optim.AdamW, in double precision.
    private struct Plain {
        var p, m, v: Double

        mutating func step(
            _ gradient: Double, rate: Double, beta1: Double, beta2: Double, epsilon: Double, decay: Double, step: Int
        ) {
            p *= 1 - rate * decay
            m = beta1 * m + (1 - beta1) * gradient
            v = beta2 * v + (1 - beta2) * gradient * gradient
            let corrected = (v / (1 - pow(beta2, Double(step)))).squareRoot()
            p -= rate * m / (1 - pow(beta1, Double(step))) / (corrected + epsilon)
        }
    }

    @Test("follows the formula in every length, from unaligned starts", arguments: KernelSet.all)
    func everyLength(kernels: KernelSet) {
        for n in kernelLengths {
            let p = GuardedFloats(randomFloats(n, seed: 1), offset: n % 5)
            let m = GuardedFloats(randomFloats(n, seed: 2, scale: 0.1), offset: n % 3)
            let v = GuardedFloats(randomFloats(n, seed: 3, scale: 0.1).map { abs($0) }, offset: n % 7)
            let g = GuardedFloats(randomFloats(n, seed: 4), offset: n % 2)
            var plain = (0..<n).map { Plain(p: Double(p.values[$0]), m: Double(m.values[$0]), v: Double(v.values[$0])) }
            for index in 0..<n {
                plain[index].step(
                    0.5 * Double(g.values[index]), rate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-8, decay: 0.1,
                    step: 3)
            }
            var setting = attune_adamw(
                decay: 1 - 0.001, beta1_complement: 0.1, beta2: 0.99, beta2_complement: 0.01,
                step_size: Float(0.01 / (1 - pow(0.9, 3))), correction: Float((1 - pow(0.99, 3)).squareRoot()),
                epsilon: 1e-8, gradient_scale: 0.5)
            kernels.functions.adamw(p.pointer, g.pointer, m.pointer, v.pointer, n, &setting)
            expectNear(p.values, plain.map(\.p), "parameters") { _ in Self.tolerance }
            expectNear(m.values, plain.map(\.m), "first moment") { _ in Self.tolerance }
            expectNear(v.values, plain.map(\.v), "second moment") { _ in Self.tolerance }
            #expect(p.guardsHold && m.guardsHold && v.guardsHold && g.guardsHold)
        }
    }

    @Test("takes many steps as the formula does, with the same bits for any number of threads")
    func manySteps() {
        let (rows, columns) = (300, 257)
        let start = randomMatrix(rows, columns, seed: 5)
        var results: [Matrix<Float>] = []
        for width in [1, 2] {
            var (p, m, v) = (
                start, Matrix<Float>(rows: rows, columns: columns), Matrix<Float>(rows: rows, columns: columns)
            )
            ThreadPool.withWidth(width) {
                for step in 1...20 {
                    let gradients = randomMatrix(rows, columns, seed: UInt64(100 + step))
                    adamWStep(
                        parameters: &p, gradients: gradients.view, firstMoment: &m, secondMoment: &v,
                        learningRate: 1e-2, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, step: step,
                        gradientScale: 2)
                }
            }
            results.append(p)
        }
        #expect(results[0] == results[1])
        var plain = start.row(7).map { Plain(p: Double($0), m: 0, v: 0) }
        for step in 1...20 {
            let gradients = randomMatrix(rows, columns, seed: UInt64(100 + step)).row(7)
            for index in plain.indices {
                plain[index].step(
                    2 * Double(gradients[index]), rate: 1e-2, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, decay: 0.01,
                    step: step)
            }
        }
        // A first moment near zero is a difference of larger numbers: what a step adds is known to fewer digits.
        expectNear(results[0].row(7), plain.map(\.p), "parameters") { _ in 10 * Self.tolerance }
    }
}
