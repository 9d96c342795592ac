import CAttuneKernels
import Testing
import VectorMath

@Suite("Distance kernels")
struct DistanceKernelTests {
    /// Rounding errors of a sum of n products: at most n + 1 roundings of the sum of their magnitudes.
    static let unit = 0x1p-24

    static let lengths = Array(kernelLengths) + [384, 768, 1024, 1536]

    @Test("agree with double precision in every length, from unaligned starts", arguments: KernelSet.all)
    func agreeWithDoublePrecision(kernels: KernelSet) {
        for n in Self.lengths {
            let a = GuardedFloats(randomFloats(n, seed: 1), offset: n % 5)
            let b = GuardedFloats(randomFloats(n, seed: 2), offset: n % 3)
            let x = a.values.map(Double.init)
            let y = b.values.map(Double.init)
            let slack = Self.unit * Double(n + 2)

            let products = zip(x, y).map { $0 * $1 }
            let dot = kernels.functions.dot(a.pointer, b.pointer, n)
            #expect(abs(Double(dot) - products.reduce(0, +)) <= slack * products.map(abs).reduce(0, +))

            let squares = zip(x, y).map { ($0 - $1) * ($0 - $1) }
            let distance = kernels.functions.squared_l2(a.pointer, b.pointer, n)
            #expect(abs(Double(distance) - squares.reduce(0, +)) <= 2 * slack * squares.reduce(0, +))

            let norms = [x, y].map { $0.map { $0 * $0 }.reduce(0, +).squareRoot() }
            let cosine = kernels.functions.cosine(a.pointer, b.pointer, n)
            let expected = n == 0 ? 0 : products.reduce(0, +) / (norms[0] * norms[1])
            #expect(abs(Double(cosine) - expected) <= 3 * slack)
        }
    }

    @Test("give a row the same bits alone, among others and at any place", arguments: KernelSet.all)
    func doNotDependOnNeighbours(kernels: KernelSet) {
        for n in [0, 1, 7, 16, 33, 64, 100, 384, 391] {
            let stride = n + 3
            let rows = GuardedFloats(randomFloats(11 * stride, seed: 3), offset: 1)
            let query = GuardedFloats(randomFloats(n, seed: 4), offset: 2)
            let f = kernels.functions
            let forms = [(f.dot, f.dots), (f.squared_l2, f.squared_l2s), (f.cosine, f.cosines)]
            for (one, many) in forms {
                let alone = (0..<11).map { one(query.pointer, rows.pointer + $0 * stride, n) }
                for first in 0..<6 {
                    for count in 0...(11 - first) {
                        let out = GuardedFloats([Float](repeating: 0, count: count), offset: 1)
                        many(query.pointer, rows.pointer + first * stride, stride, count, n, out.pointer)
                        #expect(out.values == Array(alone[first..<first + count]))
                        #expect(out.guardsHold)
                    }
                }
            }
        }
    }

    @Test("say that a zero vector has cosine 0 with everything", arguments: KernelSet.all)
    func cosineOfZero(kernels: KernelSet) {
        let zero = [Float](repeating: 0, count: 40)
        let other = randomFloats(40, seed: 5)
        #expect(kernels.functions.cosine(zero, other, 40) == 0)
        #expect(kernels.functions.cosine(other, zero, 40) == 0)
        #expect(kernels.functions.cosine(zero, zero, 40) == 0)
    }

    @Test("let NaN through", arguments: KernelSet.all)
    func propagateNaN(kernels: KernelSet) {
        for place in 0..<70 {
            var a = randomFloats(70, seed: 6)
            let b = a
            a[place] = .nan
            #expect(kernels.functions.dot(a, b, 70).isNaN)
            #expect(kernels.functions.squared_l2(a, b, 70).isNaN)
            #expect(kernels.functions.cosine(a, b, 70).isNaN)
            #expect(kernels.functions.cosine(b, a, 70).isNaN)
        }
    }

    @Test("answer the same through the Swift face")
    func throughSwift() {
        let rows = randomMatrix(9, 50, seed: 7)
        let query = randomFloats(50, seed: 8)
        var dots = [Float](repeating: 0, count: 9)
        var distances = dots
        var cosines = dots
        Distance.dots(query, rows: rows.view, into: &dots)
        Distance.squaredL2s(query, rows: rows.view, into: &distances)
        Distance.cosines(query, rows: rows.view, into: &cosines)
        for row in 0..<9 {
            #expect(dots[row] == Distance.dot(query, rows.row(row), count: 50))
            #expect(distances[row] == Distance.squaredL2(query, rows.row(row), count: 50))
            #expect(cosines[row] == Distance.cosine(query, rows.row(row), count: 50))
        }
    }
}
