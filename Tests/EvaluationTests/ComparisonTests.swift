import Evaluation
import Files
import Testing
import VectorMath

@Suite("Comparing two systems")
struct ComparisonTests {
    static let few = (permutations: 2000, samples: 2000)

    static func values(_ count: Int, shift: Double, seed: UInt64) -> [String: Double] {
        var generator = RandomGenerator(seed: seed)
        return Dictionary(
            uniqueKeysWithValues: (0..<count).map { ("q\($0)", Double(generator.uniform()) * 0.2 + shift) })
    }

    @Test("calls a clear gain better, and the same the other way round worse")
    func clearGain() throws {
        let (a, b) = (Self.values(60, shift: 0.1, seed: 1), Self.values(60, shift: 0.4, seed: 2))
        let gain = try Comparison(a, b, metric: "ndcg@10")
        #expect(gain.secondIsBetter && !gain.firstIsBetter)
        #expect(gain.interval.contains(gain.difference) && gain.interval.lowerBound > 0)
        #expect(gain.wins == 60 && gain.losses == 0 && gain.ties == 0)
        #expect(abs(gain.second - gain.first - gain.difference) < 1e-12)
        let loss = try Comparison(b, a, metric: "ndcg@10")
        #expect(loss.firstIsBetter && !loss.secondIsBetter)
        #expect(loss.p == gain.p)
    }

    @Test("does not call a system better than itself")
    func same() throws {
        let a = Self.values(60, shift: 0, seed: 1)
        let comparison = try Comparison(a, a, metric: "map@10")
        #expect(!comparison.secondIsBetter && !comparison.firstIsBetter)
        #expect(comparison.difference == 0 && comparison.p == 1 && comparison.ties == 60)
        #expect(comparison.interval == 0...0)
    }

    @Test("looks at the queries that both have, and counts the others")
    func commonQueries() throws {
        let comparison = try Comparison(["a": 0, "b": 0.5, "c": 1], ["b": 1, "d": 0], metric: "mrr@10")
        #expect(comparison.count == 1 && comparison.onlyFirst == 2 && comparison.onlySecond == 1)
        #expect(comparison.difference == 0.5)
    }

    @Test("gives the same numbers for the same seed, whatever the order of the queries")
    func deterministic() throws {
        let (a, b) = (Self.values(40, shift: 0.1, seed: 3), Self.values(40, shift: 0.12, seed: 4))
        let shuffled = Dictionary(uniqueKeysWithValues: b.sorted { $0.value < $1.value }.map { ($0.key, $0.value) })
        #expect(try Comparison(a, b, metric: "m", seed: 9) == Comparison(a, shuffled, metric: "m", seed: 9))
    }

    @Test("compares results of evaluations by one of their metrics")
    func results() throws {
        let evaluator = RetrievalEvaluator(RetrievalEvaluatorTests.dataSet, metrics: RetrievalEvaluatorTests.metrics)
        let good = try evaluator.evaluate(MadeUpEncoder(), split: "test")
        let bad = try evaluator.evaluate(MadeUpEncoder(queryPrompt: "bark swim "), split: "test")
        let comparison = try Comparison(bad, good, metric: "ndcg@10")
        #expect(comparison.difference == (good.means["ndcg@10"] ?? 0) - (bad.means["ndcg@10"] ?? 0))
        #expect(comparison.jsonValue["queries"] == 2)
        #expect(comparison.jsonValue["p"] == .number(comparison.p))
    }

    /// Pairs whose scores a system follows up to some noise.
    private static func pairs(noise: Float, seed: UInt64, count: Int = 200) -> ScoredPairResult {
        var generator = RandomGenerator(seed: seed)
        let scores = (0..<count).map { Double($0 % 20) / 4 }
        let similarities = scores.map { $0 + Double(noise * generator.normal()) }
        return ScoredPairResult(similarities: similarities, scores: scores)
    }

    @Test("calls the system whose similarities follow the scores of pairs more closely better")
    func correlations() throws {
        let (coarse, fine) = (Self.pairs(noise: 1.5, seed: 1), Self.pairs(noise: 0.5, seed: 2))
        let gain = try Comparison(coarse, fine, permutations: Self.few.permutations, samples: Self.few.samples)
        #expect(gain.metric == "spearman" && gain.count == 200)
        #expect(gain.difference == fine.spearman - coarse.spearman)
        #expect(gain.secondIsBetter && gain.interval.lowerBound > 0 && gain.wins > gain.losses)
        let same = try Comparison(fine, fine, permutations: 100, samples: 100)
        #expect(same.difference == 0 && same.p == 1 && same.interval == 0...0 && same.ties == 200)
    }

    @Test("does not take two systems of the same noise for different")
    func equalCorrelations() throws {
        let comparison = try Comparison(
            Self.pairs(noise: 1, seed: 3), Self.pairs(noise: 1, seed: 4), permutations: Self.few.permutations,
            samples: Self.few.samples)
        #expect(!comparison.secondIsBetter && !comparison.firstIsBetter)
        #expect(comparison.interval.contains(0))
    }

    @Test("refuses correlations of different pairs, and those of no spread")
    func unlikePairs() throws {
        let (few, many) = (Self.pairs(noise: 1, seed: 1, count: 20), Self.pairs(noise: 1, seed: 1))
        #expect(throws: EvaluationError.self) { try Comparison(few, many) }
        let flat = Self.pairs(noise: 0, seed: 1, count: 1)
        #expect(throws: EvaluationError.self) { try Comparison(flat, flat) }
    }

    @Test("refuses results that share no query, lack the metric, or follow different rules")
    func refusals() throws {
        #expect(throws: EvaluationError.notComparable(metric: "m", reason: "they have no query in common")) {
            try Comparison(["a": 1], ["b": 1], metric: "m")
        }
        let data = RetrievalEvaluatorTests.dataSet
        let trec = try RetrievalEvaluator(data).evaluate(MadeUpEncoder(), split: "test")
        let st = try RetrievalEvaluator(data, profile: .st).evaluate(MadeUpEncoder(), split: "test")
        #expect(throws: EvaluationError.notComparable(metric: "ndcg@7", reason: "the first has no such metric")) {
            try Comparison(trec, trec, metric: "ndcg@7")
        }
        #expect(
            throws: EvaluationError.notComparable(
                metric: "ndcg@10", reason: "they are of different profiles, trec and st")
        ) { try Comparison(trec, st, metric: "ndcg@10") }
    }
}
