import Encoders
import Glibc
import LowRank
import VectorMath

func exponential(_ x: Double) -> Double { exp(x) }
func logarithm(_ x: Double) -> Double { log(x) }

/// Normal values with a standard deviation of `scale`.
func random(_ rows: Int, _ columns: Int, seed: UInt64, scale: Float = 1) -> Matrix<Float> {
    var generator = RandomGenerator(seed: seed)
    return Matrix(
        rows: rows, columns: columns, elements: (0..<rows * columns).map { _ in generator.normal() * scale })
}

func random(_ count: Int, seed: UInt64, scale: Float = 1) -> [Float] {
    random(1, count, seed: seed, scale: scale).row(0)
}

/// Σ a · b in double precision.
func inner(_ a: Matrix<Float>, _ b: Matrix<Float>) -> Double {
    zip(a.elements(), b.elements()).reduce(0) { $0 + Double($1.0) * Double($1.1) }
}

/// A batch of texts of given lengths with random ids.
func batch(_ lengths: [Int], vocabulary: Int, seed: UInt64 = 1) -> TokenBatch {
    var generator = RandomGenerator(seed: seed)
    return TokenBatch(lengths.map { (0..<$0).map { _ in Int32(generator.below(vocabulary)) } })
}

/// A layer of one module, or of several, with random weights.
func randomLinear(_ name: String, outputs: Int, inputs: Int, seed: UInt64, parts: [String]? = nil) -> Linear {
    let names = parts ?? [name]
    let weights = names.indices.map {
        random(
            outputs / names.count, inputs, seed: seed + 1000 * UInt64($0), scale: 1 / Float(inputs).squareRoot())
    }
    return Linear(modules: zip(names, weights).map { ($0, $1.view) }, bias: random(outputs, seed: seed + 1))
}

func randomPair(outputs: Int, inputs: Int, rank: Int, seed: UInt64, scaling: Float = 0.5) -> LowRankPair {
    LowRankPair(
        a: random(rank, inputs, seed: seed, scale: 0.3), b: random(outputs, rank, seed: seed + 1, scale: 0.3),
        scaling: scaling)
}

/// What a finite difference says of a gradient: the derivative of `loss` along `direction`, by a central difference.
///
/// With values of order 1 in float32 a step of 1e-2 leaves an error of about 1e-4 of the derivative from rounding and the third
/// derivative together; `finiteDifferenceTolerance` leaves room for unlucky directions.
func slope(_ step: Float = 1e-2, _ loss: (Float) throws -> Double) rethrows -> Double {
    (try loss(step) - loss(-step)) / Double(2 * step)
}

/// Relative to the length of the gradient times the length of the direction.
let finiteDifferenceTolerance = 2e-3

/// x + step · direction.
func moved(_ x: Matrix<Float>, _ direction: Matrix<Float>, _ step: Float) -> Matrix<Float> {
    var y = x
    add(direction.view, to: &y, scale: step)
    return y
}

/// |found - expected| as a part of |gradient| · |direction| / √n, the size that a random direction would show.
func mismatch(_ found: Double, _ gradient: Matrix<Float>, _ direction: Matrix<Float>) -> Double {
    let expected = inner(gradient, direction)
    let count = Double(gradient.rows * gradient.columns)
    let size = (inner(gradient, gradient) * inner(direction, direction) / count).squareRoot()
    return abs(found - expected) / max(size, 1e-6)
}
