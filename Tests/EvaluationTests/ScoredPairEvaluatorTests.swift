import Corpora
import Encoders
import Evaluation
import Files
import ModelFiles
import TestSupport
import Testing

@Suite("Evaluating scored pairs")
struct ScoredPairEvaluatorTests {
    /// Of sentence-transformers 6.2 with torch on the CPU, for the development split of the STS benchmark.
    static let miniLM = (spearman: 0.8671631, pearson: 0.8696195)
    static let tolerance = 1e-5

    @Test("correlates cosines with scores")
    func madeUp() throws {
        let pairs = [
            ScoredPair(first: "a b", second: "a b", score: 5), ScoredPair(first: "a b", second: "a c", score: 3),
            ScoredPair(first: "a b", second: "c d", score: 0), ScoredPair(first: "", second: "a", score: 0),
        ]
        let result = try ScoredPairEvaluator(pairs).evaluate(MadeUpEncoder(dimension: 97))
        #expect(result.count == 4)
        #expect(abs(result.similarities[0] - 1) < 1e-6)
        #expect(result.similarities[3] == 0)
        #expect(result.spearman > 0.99 && result.pearson > 0.95)
    }

    @Test("writes null where a correlation is undefined")
    func undefined() throws {
        let pair = ScoredPair(first: "a", second: "a", score: 1)
        let result = try ScoredPairEvaluator([pair, pair]).evaluate(MadeUpEncoder())
        #expect(result.jsonValue == ["spearman": .null, "pearson": .null, "pairs": 2])
        #expect(try ScoredPairEvaluator([]).evaluate(MadeUpEncoder()).jsonValue["pairs"] == 0)
    }

    @Test(
        "equals sentence-transformers on the STS benchmark",
        .enabled(if: SharedData.exists("stsb/dev.tsv") && SharedData.hasMiniLM))
    func miniLM() throws {
        guard case .scoredPairs(let splits) = try DataSet.open(SharedData.folder + "/stsb") else {
            Issue.record("the STS benchmark is no set of scored pairs")
            return
        }
        let encoder = try TextEncoder(model: ModelFolder(path: SharedData.miniLM))
        let result = try ScoredPairEvaluator(#require(splits["dev"])).evaluate(encoder)
        #expect(result.count == 1500)
        #expect(abs(result.spearman - Self.miniLM.spearman) < Self.tolerance)
        #expect(abs(result.pearson - Self.miniLM.pearson) < Self.tolerance)
    }
}
