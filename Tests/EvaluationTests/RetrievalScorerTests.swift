import Evaluation
import Testing

@Suite("Retrieval metrics")
struct RetrievalScorerTests {
    /// The fixtures carry nine digits.
    static let tolerance = 1e-8
    /// BEIR rounds to five digits.
    static let roundingOfBEIR = 5.1e-6

    static let metrics = RetrievalMetric.all(at: [1, 3, 10])

    static func run(_ fixture: MetricCase) -> Run {
        fixture.run.mapValues { list in zip(list.ids, list.scores).map { ScoredDocument(id: $0, score: $1) } }
    }

    @Test("equals pytrec_eval on recorded runs full of ties")
    func equalsTrec() throws {
        let scorer = RetrievalScorer(profile: .trec, metrics: Self.metrics)
        try #require(MetricFixtures.metrics.count >= 200)
        for fixture in MetricFixtures.metrics {
            let scores = try scorer.scores(of: Self.run(fixture), relevance: fixture.qrels)
            try #require(Set(scores.perQuery.keys) == Set(fixture.trec.perQuery.keys))
            for (query, expected) in fixture.trec.perQuery {
                for (name, value) in expected {
                    let found = try #require(scores.perQuery[query]?[name])
                    #expect(abs(found - value) < Self.tolerance, "\(name) of \(query)")
                }
            }
            for (name, value) in fixture.trec.means {
                #expect(abs(try #require(scores.means[name]) - value) < Self.tolerance, "mean \(name)")
            }
            #expect(scores.queryCount == fixture.run.keys.count { fixture.qrels[$0] != nil })
            #expect(scores.missingCount == fixture.qrels.keys.count { fixture.run[$0] == nil })
            #expect(scores.unjudgedCount == fixture.run.keys.count { fixture.qrels[$0] == nil })
        }
    }

    @Test("equals BEIR's evaluator on the same runs")
    func equalsBEIR() throws {
        let scorer = RetrievalScorer(profile: .beir, metrics: Self.metrics)
        for fixture in MetricFixtures.metrics {
            let scores = try scorer.scores(of: Self.run(fixture), relevance: fixture.qrels)
            for (name, value) in fixture.beir {
                #expect(abs(try #require(scores.means[name]) - value) < Self.roundingOfBEIR, "mean \(name)")
            }
        }
    }

    @Test("equals sentence-transformers' evaluator on the same runs")
    func equalsSentenceTransformers() throws {
        let scorer = RetrievalScorer(profile: .st, metrics: Self.metrics)
        for fixture in MetricFixtures.metrics {
            let scores = try scorer.scores(of: Self.run(fixture), relevance: fixture.qrels)
            for (name, value) in fixture.st {
                #expect(abs(try #require(scores.means[name]) - value) < Self.tolerance, "mean \(name)")
            }
        }
    }

    @Test("breaks ties by the larger document id under trec and by the smaller under st")
    func ties() throws {
        let run: Run = ["q": [ScoredDocument(id: "a", score: 1), ScoredDocument(id: "b", score: 1)]]
        let first = RetrievalMetric(.success, at: 1)
        for (profile, expected) in [(MetricProfile.trec, 0.0), (.beir, 1.0), (.st, 1.0)] {
            let scores = try RetrievalScorer(profile: profile, metrics: [first])
                .scores(of: run, relevance: ["q": ["a": 1]])
            #expect(scores.means == ["success@1": expected])
        }
    }

    @Test("gives linear gain: the worked example of two judged documents")
    func linearGain() throws {
        let run: Run = ["q": [ScoredDocument(id: "b", score: 2), ScoredDocument(id: "a", score: 1)]]
        let scores = try RetrievalScorer(metrics: [RetrievalMetric(.ndcg, at: 2)])
            .scores(of: run, relevance: ["q": ["b": 1, "a": 3]])
        #expect(abs(try #require(scores.means["ndcg@2"]) - 0.79671) < 5e-6)
    }

    @Test("has means of 0 where there is no query at all", arguments: MetricProfile.allCases)
    func empty(profile: MetricProfile) throws {
        let scores = try RetrievalScorer(profile: profile, metrics: [RetrievalMetric(.map, at: 5)])
            .scores(of: [:], relevance: [:])
        #expect(scores.means == ["map@5": 0])
        #expect(scores.queryCount == 0)
    }

    @Test("refuses a list that names a document twice")
    func duplicate() {
        let run: Run = ["q": [ScoredDocument(id: "a", score: 1), ScoredDocument(id: "a", score: 2)]]
        #expect(throws: EvaluationError.duplicateDocument(query: "q", document: "a")) {
            try RetrievalScorer(metrics: Self.metrics).scores(of: run, relevance: ["q": ["a": 1]])
        }
    }

    @Test("refuses a score that is not a number")
    func notANumber() {
        let run: Run = ["q": [ScoredDocument(id: "a", score: .nan)]]
        #expect(throws: EvaluationError.scoreNotANumber(query: "q", document: "a")) {
            try RetrievalScorer(metrics: Self.metrics).scores(of: run, relevance: ["q": ["a": 1]])
        }
    }

    @Test("ranks infinite scores like any other")
    func infinite() throws {
        let run: Run = ["q": [ScoredDocument(id: "a", score: -.infinity), ScoredDocument(id: "b", score: .infinity)]]
        let scores = try RetrievalScorer(metrics: [RetrievalMetric(.mrr, at: 10)])
            .scores(of: run, relevance: ["q": ["a": 1]])
        #expect(scores.means == ["mrr@10": 0.5])
    }

    @Test("reads metric names", arguments: ["ndcg@10", "mrr@1", "recall@100", "map@7", "precision@5", "success@1"])
    func names(name: String) throws {
        #expect(try RetrievalMetric(name: name).name == name)
    }

    @Test(
        "refuses names that are no metric",
        arguments: [
            "ndcg", "ndcg@", "ndcg@0", "ndcg@-1", "ndcg@+5", "ndgc@10", "@10", "ndcg@1@2", "",
            "ndcg@99999999999999999999",
        ])
    func badNames(name: String) {
        #expect(throws: EvaluationError.unknownMetric(name: name)) { try RetrievalMetric(name: name) }
    }
}
