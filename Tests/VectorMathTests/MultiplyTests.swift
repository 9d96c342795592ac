import Testing
import VectorMath

/// A shape of a product: `[m, k]` by `[k, n]`.
struct ProductShape: CustomTestStringConvertible, Sendable {
    let m, n, k: Int
    var testDescription: String { "\(m) × \(k) × \(n)" }
}

@Suite("Matrix products")
struct MultiplyTests {
    static let shapes = [
        (1, 1, 1), (0, 3, 2), (3, 0, 2), (3, 2, 0), (5, 7, 3), (12, 384, 384), (300, 384, 64), (257, 130, 33),
        (8, 384, 3000), (384, 8, 2500), (40, 2100, 17), (1, 3000, 400), (600, 300, 200), (3, 5, 40_000),
        (8, 64, 30_000),
    ].map { ProductShape(m: $0.0, n: $0.1, k: $0.2) }

    /// Half a unit in the last place of 1: roundings of a sum of k terms add up to some √k of it, as a share of the terms' magnitudes.
    static let tolerance: Float = 0x1p-24

    @Test("agree with double precision and have the same bits for any number of threads", arguments: shapes)
    func agrees(shape: ProductShape) {
        let (m, n, k) = (shape.m, shape.n, shape.k)
        for (first, second) in [(false, false), (false, true), (true, false), (true, true)] {
            let a = first ? randomMatrix(k, m, seed: 1) : randomMatrix(m, k, seed: 1)
            let b = second ? randomMatrix(n, k, seed: 2) : randomMatrix(k, n, seed: 2)
            let start = randomMatrix(m, n, seed: 3)
            for (alpha, beta) in [(Float(1), Float(0)), (0.5, 1), (-2, 0.25)] {
                var results: [Matrix<Float>] = []
                for width in [1, 2, 5] {
                    var c =
                        beta == 0 ? Matrix(rows: m, columns: n, elements: .init(repeating: .nan, count: m * n)) : start
                    ThreadPool.withWidth(width) {
                        multiply(
                            a.view, transposingFirst: first, b.view, transposingSecond: second, into: &c,
                            alpha: alpha, beta: beta)
                    }
                    results.append(c)
                }
                #expect(results[0] == results[1])
                #expect(results[0] == results[2])
                guard m > 0, n > 0 else { continue }
                // A sample of the elements against double precision.
                var generator = RandomGenerator(seed: 4)
                for _ in 0..<20 {
                    let (i, j) = (generator.below(m), generator.below(n))
                    var (sum, magnitude) = (0.0, 0.0)
                    for l in 0..<k {
                        let term = Double(first ? a[l, i] : a[i, l]) * Double(second ? b[j, l] : b[l, j])
                        sum += term
                        magnitude += abs(term)
                    }
                    let expected = Float(Double(alpha) * sum + (beta == 0 ? 0 : Double(beta) * Double(start[i, j])))
                    let bound = Self.tolerance * Float(4 + abs(Double(alpha)) * magnitude * Double(k).squareRoot())
                    #expect(abs(results[0][i, j] - expected) <= bound)
                }
            }
        }
    }

    @Test("may write over the matrix that a factor was a view of")
    func mayOverwriteAFactor() {
        var a = Matrix<Float>(rows: 2, columns: 2, elements: [1, 2, 3, 4])
        multiply(a.view, a.view, into: &a)
        #expect(a.elements() == [7, 10, 15, 22])
    }

    @Test("read factors through windows")
    func readWindows() {
        let a = Matrix<Float>(rows: 3, columns: 4, elements: (0..<12).map(Float.init))
        var c = Matrix<Float>(rows: 2, columns: 2)
        multiply(a[rows: 1..<3].columns(1..<3), a[rows: 0..<2].columns(0..<2), transposingSecond: true, into: &c)
        #expect(c.elements() == [6, 50, 10, 86])
    }
}
