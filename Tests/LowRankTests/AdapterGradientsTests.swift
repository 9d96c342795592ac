import LowRank
import ModelFiles
import Testing
import VectorMath

@Suite("Adapter gradients")
struct AdapterGradientsTests {
    private func adapter() throws -> LowRankAdapter {
        try LowRankAdapter(
            configuration: AdapterConfiguration(rank: 3, alpha: 3, targets: .attention), modules: AdapterTests.modules,
            seed: 1)
    }

    @Test("begin as zeros in the adapter's shapes")
    func zeros() throws {
        let adapter = try adapter()
        let gradients = AdapterGradients(zerosLike: adapter)
        #expect(gradients.names == adapter.names && gradients.sumOfSquares == 0)
        for (gradient, pair) in zip(gradients.pairs, adapter.pairs) {
            #expect(gradient.a.rows == pair.a.rows && gradient.a.columns == pair.a.columns)
            #expect(gradient.b.rows == pair.b.rows && gradient.b.columns == pair.b.columns)
        }
    }

    @Test("scale, add, and the sum of squares, do what they say; reset leaves zeros")
    func arithmetic() throws {
        var gradients = AdapterGradients(zerosLike: try adapter())
        for i in gradients.pairs.indices {
            gradients.pairs[i].a = random(3, 8, seed: UInt64(i))
            gradients.pairs[i].b = random(8, 3, seed: UInt64(10 + i))
        }
        let all = gradients.pairs.flatMap { $0.a.elements() + $0.b.elements() }
        let expected = all.reduce(0) { $0 + Double($1) * Double($1) }
        #expect(abs(gradients.sumOfSquares / expected - 1) < 1e-12)
        let original = gradients
        gradients.scale(by: 3)
        gradients.add(original, scale: -2)
        for (a, b) in zip(gradients.pairs, original.pairs) {
            #expect(difference(a.a, b.a) < 1e-5 && difference(a.b, b.b) < 1e-5)
        }
        gradients.reset()
        #expect(gradients.sumOfSquares == 0 && original.sumOfSquares > 0)
    }
}
