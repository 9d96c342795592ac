import Files
import TestSupport
import Testing
import VectorMath

@testable import Training

#if canImport(Glibc)
    import Glibc
#endif

@Suite("MultipleNegativesRanking loss")
struct MultipleNegativesRankingLossTests {
    /// Against PyTorch in float32.
    static let recorded = Tolerance(absolute: 2e-6, relative: 2e-5)
    /// Against a computation in float64.
    static let exact = Tolerance(absolute: 3e-6, relative: 1e-4)

    // MARK: Recorded from PyTorch

    private struct Fixture: Decodable {
        struct Value: Decodable {
            let loss: Double
            let da, dp, dn: [[Double]]?
        }
        let a, p, n: [[Float]]
        let scale: Float
        let mnrl, hardMNRL: Value

        enum CodingKeys: String, CodingKey {
            case a, p, n, scale, mnrl
            case hardMNRL = "mnrl_hard"
        }
    }

    private func fixture() throws -> Fixture {
        try decodeJSON(Fixture.self, path: SharedData.tinyBERT + "/losses.json")
    }

    @Test("gives PyTorch's loss and gradients for pairs")
    func pairs() throws {
        let fixture = try fixture()
        let value = MultipleNegativesRankingLoss(scale: fixture.scale).evaluate(
            EmbeddingBatch(
                embeddings: Matrix(rowsOf: fixture.a + fixture.p).view, anchors: Array(0..<6),
                positives: Array(6..<12)))
        #expect(Self.recorded.accepts(value.loss, fixture.mnrl.loss))
        let expected = try #require(fixture.mnrl.da) + #require(fixture.mnrl.dp)
        #expect(difference(value.gradients.elements(), expected.flatMap(\.self), within: Self.recorded) == nil)
    }

    @Test("gives PyTorch's loss and gradients with hard negatives")
    func hardNegatives() throws {
        let fixture = try fixture()
        let value = MultipleNegativesRankingLoss(scale: fixture.scale).evaluate(
            EmbeddingBatch(
                embeddings: Matrix(rowsOf: fixture.a + fixture.p + fixture.n).view, anchors: Array(0..<6),
                positives: Array(6..<12), negatives: (12..<18).map { [$0] }))
        #expect(Self.recorded.accepts(value.loss, fixture.hardMNRL.loss))
        let expected =
            try #require(fixture.hardMNRL.da) + #require(fixture.hardMNRL.dp)
            + #require(fixture.hardMNRL.dn)
        #expect(difference(value.gradients.elements(), expected.flatMap(\.self), within: Self.recorded) == nil)
    }

    // MARK: Against float64 and finite differences

    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let texts: Int
        let anchors, positives: [Int]
        var negatives: [[Int]]?
        var falseNegatives: [[Int]]?
        var scale: Float = 20
    }

    static let cases = [
        Case(testDescription: "pairs", texts: 8, anchors: [0, 1, 2, 3], positives: [4, 5, 6, 7]),
        Case(
            testDescription: "hard negatives, not as many for each", texts: 11, anchors: [0, 1, 2, 3],
            positives: [4, 5, 6, 7], negatives: [[8, 9], [], [10], [8]]),
        Case(
            testDescription: "texts that play several parts", texts: 5, anchors: [0, 0, 1, 2],
            positives: [3, 4, 3, 0], negatives: [[1], [2, 2], [], [4]]),
        Case(
            testDescription: "false negatives", texts: 10, anchors: [0, 1, 2, 3], positives: [4, 5, 6, 7],
            negatives: [[8], [9], [], []], falseNegatives: [[1, 3, 5], [], [0], [4, 5]]),
        Case(
            testDescription: "nothing but the positive left", texts: 6, anchors: [0, 1, 2], positives: [3, 4, 5],
            falseNegatives: [[1, 2], [0], []]),
        Case(testDescription: "one pair", texts: 2, anchors: [0], positives: [1]),
        Case(testDescription: "a large scale", texts: 6, anchors: [0, 1, 2], positives: [3, 4, 5], scale: 300),
    ]

    private func embeddings(_ count: Int) -> [[Float]] {
        var random = RandomGenerator(seed: 21)
        return (0..<count).map { _ in
            let length = 0.5 + 3 * random.uniform()
            return (0..<7).map { _ in random.normal() * length }
        }
    }

    /// The definition, term by term.
    private func definition(_ embeddings: [[Double]], _ test: Case) -> Double {
        func cosine(_ x: [Double], _ y: [Double]) -> Double {
            func dot(_ x: [Double], _ y: [Double]) -> Double { zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } }
            return dot(x, y) / (dot(x, x).squareRoot() * dot(y, y).squareRoot())
        }
        let candidates = test.positives + (test.negatives ?? []).flatMap(\.self)
        var sum = 0.0
        for (tuple, anchor) in test.anchors.enumerated() {
            let scores = candidates.map { Double(test.scale) * cosine(embeddings[anchor], embeddings[$0]) }
            let excluded = test.falseNegatives?[tuple] ?? []
            let top = scores.max()!
            let total = scores.indices.filter { !excluded.contains($0) }.reduce(0) { $0 + exp(scores[$1] - top) }
            sum += log(total) + top - scores[tuple]
        }
        return sum / Double(test.anchors.count)
    }

    private func evaluate(_ embeddings: [[Float]], _ test: Case) -> LossValue {
        MultipleNegativesRankingLoss(scale: test.scale).evaluate(
            EmbeddingBatch(
                embeddings: Matrix(rowsOf: embeddings).view, anchors: test.anchors, positives: test.positives,
                negatives: test.negatives, falseNegatives: test.falseNegatives))
    }

    @Test("is its definition, and its gradients are the definition's differences", arguments: cases)
    func definitionAndDifferences(_ test: Case) {
        let embeddings = embeddings(test.texts)
        let exact = embeddings.map { $0.map(Double.init) }
        let value = evaluate(embeddings, test)
        #expect(Self.exact.accepts(value.loss, definition(exact, test)))

        let step = 1e-6
        var differences: [Double] = []
        for row in exact.indices {
            for column in exact[row].indices {
                var (above, below) = (exact, exact)
                above[row][column] += step
                below[row][column] -= step
                differences.append((definition(above, test) - definition(below, test)) / (2 * step))
            }
        }
        // A larger scale multiplies the rounding of the cosines.
        let tolerance = Tolerance(
            absolute: Self.exact.absolute * Double(test.scale) / 10, relative: Self.exact.relative)
        #expect(difference(value.gradients.elements(), differences, within: tolerance) == nil)
    }

    @Test("gives the same bits for any number of threads")
    func threads() {
        let embeddings = embeddings(300)
        let test = Case(
            testDescription: "", texts: 300, anchors: Array(0..<150), positives: Array(150..<300),
            falseNegatives: (0..<150).map { $0 % 7 == 0 ? [($0 + 1) % 150] : [] })
        let alone = ThreadPool.withWidth(1) { evaluate(embeddings, test) }
        let together = ThreadPool.withWidth(2) { evaluate(embeddings, test) }
        #expect(alone.loss == together.loss)
        #expect(alone.gradients == together.gradients)
    }

    @Test("does not mind how long the vectors are")
    func lengths() {
        let test = Self.cases[1]
        let embeddings = embeddings(test.texts)
        let value = evaluate(embeddings, test)
        let scaled = evaluate(embeddings.map { $0.map { $0 * 64 } }, test)
        #expect(Self.exact.accepts(value.loss, scaled.loss))
        #expect(
            difference(scaled.gradients.elements().map { $0 * 64 }, value.gradients.elements(), within: Self.exact)
                == nil)
    }

    @Test("is not finite where an embedding is not", arguments: [Float.nan, .infinity])
    func notFinite(_ bad: Float) {
        var embeddings = embeddings(8)
        embeddings[5][2] = bad
        #expect(!evaluate(embeddings, Self.cases[0]).loss.isFinite)
    }

    @Test("is zero, and so are its gradients, for a batch without negatives")
    func noNegatives() {
        let value = evaluate(embeddings(2), Self.cases[5])
        #expect(value.loss == 0)
        let isZero = value.gradients.elements().allSatisfy { $0 == 0 }
        #expect(isZero)
    }

    @Test("survives a vector of zeros")
    func zeros() {
        var embeddings = embeddings(8)
        embeddings[0] = Array(repeating: 0, count: 7)
        let value = evaluate(embeddings, Self.cases[0])
        #expect(value.loss.isFinite)
        let isFinite = value.gradients.elements().allSatisfy(\.isFinite)
        #expect(isFinite)
    }
}
