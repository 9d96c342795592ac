import Corpora
import Encoders
import Evaluation
import Files
import Testing

@Suite("Evaluating retrieval")
struct RetrievalEvaluatorTests {
    static let dataSet = DataSet(
        path: "made-up",
        corpus: [
            Passage(id: "cats", title: "About cats", text: "cats sleep all day "),
            Passage(id: "dogs", text: "dogs bark at cats"),
            Passage(id: "fish", text: "fish swim"),
            Passage(id: "q-self", text: "whales sing songs"),
        ],
        queries: [
            Query(id: "q1", text: "cats sleep"), Query(id: "q2", text: "fish"), Query(id: "q3", text: "dogs"),
            Query(id: "q-self", text: "whales sing songs"), Query(id: "unjudged", text: "nothing"),
        ],
        judgements: [
            "test": ["q1": ["cats": 2, "dogs": 1], "q2": ["fish": 1], "q3": ["cats": 0, "fish": 0]],
            "dev": ["q3": ["dogs": 1, "fish": 0], "q-self": ["dogs": 1]],
            "empty": ["q3": ["dogs": 0]],
        ])

    static let metrics = RetrievalMetric.all(at: [1, 10])

    @Test("finds what the judgements call relevant, and leaves out queries without any")
    func evaluates() throws {
        let evaluator = RetrievalEvaluator(Self.dataSet, metrics: Self.metrics)
        var calls: [[Int]] = []
        let result = try evaluator.evaluate(MadeUpEncoder(), split: "test") { calls.append([$0, $1]) }
        #expect(result.count == 2)
        #expect(result.skippedCount == 1)
        #expect(result.missingCount == 0)
        #expect(Set(result.perQuery.keys) == ["q1", "q2"])
        #expect(result.run["q1"]?.map(\.id).prefix(2) == ["cats", "dogs"])
        #expect(result.run["q1"]?.count == 4)
        #expect(result.means["ndcg@10"] == 1)
        #expect(result.means["recall@1"] == 0.75)
        #expect(calls == [[4, 4], [2, 2]])
    }

    @Test("encodes the corpus once for several splits")
    func reuse() throws {
        let evaluator = RetrievalEvaluator(Self.dataSet, metrics: Self.metrics)
        let documents = try evaluator.documentVectors(by: MadeUpEncoder())
        var texts = 0
        for split in ["test", "dev"] {
            let result = try evaluator.evaluate(MadeUpEncoder(), split: split, documents: documents) { _, all in
                texts += all
            }
            #expect(try result == evaluator.evaluate(MadeUpEncoder(), split: split))
        }
        #expect(texts == 2 + 2)
    }

    @Test("refuses document vectors of another space, and names both")
    func wrongSpace() throws {
        let evaluator = RetrievalEvaluator(Self.dataSet)
        let documents = try evaluator.documentVectors(by: MadeUpEncoder())
        let other = MadeUpEncoder(name: "other")
        let expected = EvaluationError.wrongSpace(documents: documents.space, queries: other.space)
        #expect(throws: expected) { try evaluator.evaluate(other, split: "test", documents: documents) }
        #expect(expected.description.contains(documents.space.description))
        #expect(expected.description.contains(other.space.description))
    }

    @Test("drops a document that has the query's id under the profile of BEIR")
    func identicalID() throws {
        for (profile, first) in [(MetricProfile.trec, 0.0), (.beir, 1.0)] {
            let evaluator = RetrievalEvaluator(Self.dataSet, profile: profile, metrics: Self.metrics)
            // Only "q-self" finds itself; the document that it is judged by shares no word with it.
            let run: Run = ["q-self": [ScoredDocument(id: "q-self", score: 2), ScoredDocument(id: "dogs", score: 1)]]
            #expect(try evaluator.evaluate(run, split: "dev").perQuery["q-self"]?["recall@1"] == first)
            #expect(evaluator.depth == (profile == .beir ? 101 : 100))
        }
    }

    @Test("keeps as many documents as the largest cutoff asks for")
    func depth() {
        #expect(RetrievalEvaluator(Self.dataSet, metrics: RetrievalMetric.all(at: [1, 1000])).depth == 1000)
        #expect(RetrievalEvaluator(Self.dataSet, metrics: RetrievalMetric.all(at: [3])).depth == 100)
    }

    @Test("scores a run that is there already, and says what is missing from it")
    func givenRun() throws {
        let evaluator = RetrievalEvaluator(Self.dataSet, metrics: Self.metrics)
        let run: Run = ["q2": [ScoredDocument(id: "cats", score: 2), ScoredDocument(id: "fish", score: 1)]]
        let result = try evaluator.evaluate(run, split: "test")
        #expect(result.means["mrr@10"] == 0.5)
        #expect(result.count == 1)
        #expect(result.missingCount == 1)
        #expect(TrecRun(run, tag: "x").run == run)
    }

    @Test("refuses a split that the data set does not have, and one without a relevant document")
    func badSplits() {
        let evaluator = RetrievalEvaluator(Self.dataSet)
        #expect(throws: EvaluationError.nothingToEvaluate(path: "made-up", split: "empty")) {
            try evaluator.evaluate(MadeUpEncoder(), split: "empty")
        }
        let missing = CorporaError.noSuchSplit(path: "made-up", split: "none", available: ["dev", "test", "empty"])
        #expect(throws: EvaluationError.data(missing)) { try evaluator.evaluate(MadeUpEncoder(), split: "none") }
    }

    @Test("writes its result as JSON")
    func json() throws {
        let evaluator = RetrievalEvaluator(Self.dataSet, metrics: [RetrievalMetric(.ndcg, at: 10)])
        let result = try evaluator.evaluate(MadeUpEncoder(), split: "test")
        #expect(
            result.jsonValue == [
                "ndcg@10": .number(1), "queries": 2, "skipped": 1, "missing": 0, "split": "test", "profile": "trec",
            ])
        #expect(
            result.perQueryJSON == [
                ["query": "q1", "ndcg@10": .number(1)], ["query": "q2", "ndcg@10": .number(1)],
            ])
    }
}
