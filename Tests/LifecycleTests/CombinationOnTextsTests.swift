import Corpora
import Encoders
import Evaluation
import Files
import LowRank
import TestSupport
import Testing
import Training
import VectorMath

@testable import Lifecycle

/// Searches in which texts are embedded and ranked.
@Suite("Combinations evaluated on texts")
struct CombinationOnTextsTests {
    private static let subjects = [
        "cat", "dog", "bank", "card", "money", "model", "vector", "search", "password", "mat",
    ]

    /// Thirty passages, and a question for each third.
    private static var retrieval: HeldOutRetrieval {
        let corpus = subjects.enumerated().flatMap { index, subject in
            ["the \(subject) is on the mat", "my \(subject) is fast", "to reset the \(subject)"].enumerated().map {
                Passage(id: "d\(index)-\($0)", text: $1)
            }
        }
        let queries = subjects.enumerated().map { Query(id: "q\($0)", text: "where is the \($1)?") }
        let relevance = Dictionary(uniqueKeysWithValues: subjects.indices.map { ("q\($0)", ["d\($0)-0": 1]) })
        let set = DataSet(corpus: corpus, queries: queries, judgements: ["dev": relevance])
        return HeldOutRetrieval(RetrievalEvaluator(set, metrics: HeldOutRetrieval.metrics))
    }

    private static var pairs: HeldOutPairs {
        HeldOutPairs(
            ScoredPairEvaluator(
                subjects.enumerated().map {
                    ScoredPair(first: "the \($1) sat", second: "my \($1) is slow, do run", score: Double($0 * 7 % 10))
                }))
    }

    private func search(
        _ names: [String], domains: [any DevelopmentEvaluator], budget: Double? = nil, evaluations: Int = 20
    ) throws -> CombinationSearch {
        try CombinationSearch(
            of: names.map { try Tiny.recorded($0) }, base: Tiny.encoder(),
            domains: domains.enumerated().map { CombinationDomain(name: "set \($0)", evaluator: $1) },
            canary: budget.map { CombinationCanary(name: "pairs", evaluator: Self.pairs, budget: $0) },
            evaluations: evaluations)
    }

    @Test("gives the same result on one thread and on two")
    func threads() throws {
        let search = try search(["one", "two", "three"], domains: [Self.retrieval], budget: 0.05, evaluations: 14)
        let one = try ThreadPool.withWidth(1) { try search.run() }
        let two = try ThreadPool.withWidth(2) { try search.run() }
        #expect(one != nil && one == two)
    }

    @Test("says what was gained query by query and pair by pair, with an interval")
    func comparisons() throws {
        let result = try #require(try search(["one", "two"], domains: [Self.retrieval, Self.pairs]).run())
        #expect(!result.chosen.isBase)
        let metrics = ["ndcg@10", "spearman"]
        for (index, metric) in metrics.enumerated() {
            let comparison = try #require(result.againstBase[index])
            let (base, chosen) = (result.base.metrics.domains[index], result.chosen.metrics.domains[index])
            #expect(comparison.metric == metric && comparison.count == Self.subjects.count)
            #expect(abs(comparison.first - (base[metric] ?? 0)) < 1e-12)
            #expect(abs(comparison.second - (chosen[metric] ?? 0)) < 1e-12)
            #expect(comparison.interval.contains(comparison.difference))
        }
        #expect(result.json["against_base"]?[0]?["metric"]?.stringValue == "ndcg@10")
        // A point is not held against itself.
        if result.bestSingle == result.chosen { #expect(result.againstBestSingle == [nil, nil]) }
    }

    @Test("every point is what the adapter at its weights gives")
    func points() throws {
        let search = try search(["one", "three"], domains: [Self.retrieval], budget: 1, evaluations: 8)
        let result = try #require(try search.run())
        for point in result.points {
            let adapter = try search.adapters.combined(at: point.weights)
            #expect(try search.metrics(of: adapter) == point.metrics)
            let encoder = try search.base.adapted(by: adapter)
            #expect(try Self.retrieval.evaluate(encoder) == point.metrics.domains[0])
            #expect(try Self.pairs.evaluate(encoder) == point.metrics.canary)
        }
    }

    @Test("a combination is the weighted sum of the changes; one alone keeps its matrices, none is the base")
    func combined() throws {
        /// How far a float32 sum of products may be from the sum of float32 products.
        let tolerance: Float = 1e-5
        let candidates = try ["one", "two", "three"].map { try Tiny.recorded($0) }
        #expect(try candidates.combined(at: [0, 0, 0]) == nil)
        let alone = try #require(try candidates.combined(at: [0, 1, 0]))
        #expect(alone.digest == candidates[1].adapter.digest)
        let half = try #require(try candidates.combined(at: [0, 0, 0.5], by: AdapterCombination(.svd)))
        #expect(half.digest == candidates[2].adapter.dialled(to: 0.5).digest)
        let small = try #require(try candidates.combined(at: [0.5, 0, 0], by: AdapterCombination(.svd, rank: 1)))
        #expect(small.pairs.allSatisfy { $0.rank == 1 })

        let weights: [Float] = [0.25, 0, 0.75]
        let sum = try #require(try candidates.combined(at: weights.map(Double.init)))
        #expect(Set(sum.names) == Set(candidates[0].adapter.names + candidates[2].adapter.names))
        for (name, pair) in zip(sum.names, sum.pairs) {
            var expected = [Float](repeating: 0, count: pair.outputWidth * pair.inputWidth)
            for (candidate, weight) in zip(candidates, weights) {
                guard weight > 0, let part = candidate.adapter[name] else { continue }
                for (index, value) in part.deltaWeight().elements().enumerated() { expected[index] += weight * value }
            }
            let found = pair.deltaWeight().elements()
            #expect(zip(found, expected).allSatisfy { abs($0 - $1) <= tolerance })
        }
    }
}
