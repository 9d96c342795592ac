import Glibc

/// Formulas in double precision, as in the textbook: what kernels are held to.
enum Reference {
    static func geluExact(_ x: Double) -> Double { 0.5 * x * erfc(-x * 0.5.squareRoot()) }

    static func geluExactSlope(_ x: Double) -> Double {
        0.5 * erfc(-x * 0.5.squareRoot()) + x * exp(-0.5 * x * x) / (2 * Double.pi).squareRoot()
    }

    private static func tanhArgument(_ x: Double) -> Double {
        (2 / Double.pi).squareRoot() * (x + 0.044715 * x * x * x)
    }

    static func geluTanh(_ x: Double) -> Double { 0.5 * x * (1 + tanh(tanhArgument(x))) }

    static func geluTanhSlope(_ x: Double) -> Double {
        if abs(x) > 30 { return x > 0 ? 1 : 0 }
        let t = tanh(tanhArgument(x))
        let slope = (2 / Double.pi).squareRoot() * (1 + 3 * 0.044715 * x * x)
        return 0.5 * (1 + t) + 0.5 * x * (1 - t * t) * slope
    }

    static func softmax(_ x: [Double], scale: Double = 1) -> [Double] {
        let largest = x.map { scale * $0 }.max() ?? 0
        let powers = x.map { exp(scale * $0 - largest) }
        let sum = powers.reduce(0, +)
        return powers.map { $0 / sum }
    }

    static func layerNorm(_ x: [Double], gain: [Double], bias: [Double], epsilon: Double) -> [Double] {
        let mean = x.reduce(0, +) / Double(x.count)
        let variance = x.map { ($0 - mean) * ($0 - mean) }.reduce(0, +) / Double(x.count)
        let reciprocal = 1 / (variance + epsilon).squareRoot()
        return x.indices.map { (x[$0] - mean) * reciprocal * gain[$0] + bias[$0] }
    }

    static func normalize(_ x: [Double]) -> [Double] {
        let norm = x.map { $0 * $0 }.reduce(0, +).squareRoot()
        return x.map { $0 / norm }
    }

    /// The gradient of Σ dy·f(x) by central differences.
    static func gradient(of f: ([Double]) -> [Double], at x: [Double], _ dy: [Double]) -> [Double] {
        let step = 1e-5
        return x.indices.map { index in
            var up = x
            var down = x
            up[index] += step
            down[index] -= step
            return zip(zip(f(up), f(down)), dy).map { ($0.0 - $0.1) * $1 }.reduce(0, +) / (2 * step)
        }
    }
}
