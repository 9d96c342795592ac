import Corpora
import Encoders
import Evaluation
import Files
import LowRank
import ModelFiles
import Synchronization
import TestSupport
import Testing

@testable import Training

/// Gives recorded scores, one after the other, and remembers the spaces that it saw.
private final class Scripted: DevelopmentEvaluator {
    let metric = "score"
    var scores: [Double]
    var metrics: [String: Double] = [:]
    var spaces: [String] = []

    init(_ scores: [Double]) { self.scores = scores }

    struct Refusal: Error, CustomStringConvertible {
        let description = "no more scores"
    }

    func evaluate(_ encoder: TextEncoder) throws -> [String: Double] {
        spaces.append(encoder.space.digest)
        guard !scores.isEmpty else { throw Refusal() }
        return metrics.merging(["score": scores.removeFirst()]) { $1 }
    }
}

@Suite("Evaluation during training")
struct EvaluationDuringTrainingTests {
    private func settings(every: Int?, patience: Int? = nil) -> TrainingSettings {
        var settings = Tiny.settings
        settings.evaluateEvery = every
        settings.patience = patience
        return settings
    }

    @Test("measures the base first, then as often as asked, and at the end")
    func schedule() throws {
        let folder = try TemporaryFolder()
        let evaluator = Scripted([0.1, 0.2, 0.3, 0.4])
        let recorder = Recorder()
        let result = try Tiny.trainer(settings(every: 4)).train(
            into: folder.file("run"), observer: recorder, evaluator: evaluator)
        #expect(recorder.evaluations.map(\.step) == [4, 8, 9])
        #expect(result.before == Evaluation(step: 0, metrics: ["score": 0.1]))
        #expect(result.best == Evaluation(step: 9, metrics: ["score": 0.4]))
        #expect(evaluator.spaces.first == (try TextEncoder(model: Tiny.model()).space.digest))
        #expect(Set(evaluator.spaces).count == 4)
        let run = TrainingRun(path: result.path)
        #expect(try run.metrics[3]["evaluation"] == ["score": 0.2])
        #expect(try run.metrics[4]["evaluation"] == nil)
        #expect(try run.record()["result"]?["best"]?["metrics"]?["score"]?.doubleValue == 0.4)
        #expect(try readText(run.cardPath).contains("| score | 0.1000 | 0.4000 |"))
    }

    @Test("measures before and after where nothing else is asked for")
    func onlyEnds() throws {
        let folder = try TemporaryFolder()
        let recorder = Recorder()
        let result = try Tiny.trainer(settings(every: nil)).train(
            into: folder.file("run"), observer: recorder, evaluator: Scripted([0.5, 0.4]))
        #expect(recorder.evaluations.map(\.step) == [9])
        #expect(result.before?.metrics == ["score": 0.5] && result.best?.metrics == ["score": 0.4])
    }

    @Test("keeps the adapter that did best, the first of equals")
    func keepsBest() throws {
        let folder = try TemporaryFolder()
        let evaluator = Scripted([0.1, 0.2, 0.7, 0.7, 0.3, 0.4])
        let result = try Tiny.trainer(settings(every: 2)).train(into: folder.file("run"), evaluator: evaluator)
        #expect(result.best?.step == 4)
        let kept = try TextEncoder(model: Tiny.model(), adapter: AdapterFolder(path: result.path))
        #expect(kept.space.digest == evaluator.spaces[2])
    }

    @Test("stops when patience runs out")
    func patience() throws {
        let folder = try TemporaryFolder()
        let result = try Tiny.trainer(settings(every: 1, patience: 3)).train(
            into: folder.file("run"), evaluator: Scripted([0.9, 0.1, 0.2, 0.15, 0.2, 0.1, 0.9]))
        #expect(result.steps == 5)
        #expect(result.best?.step == 2)
        #expect(try TrainingRun(path: result.path).record()["result"]?["stopped_early"]?.boolValue == true)
    }

    @Test("remembers the best and the patience over an interruption", arguments: 1...5)
    func resumes(step: Int) throws {
        let folder = try TemporaryFolder()
        let scores = [0.9, 0.1, 0.6, 0.15, 0.2, 0.1, 0.9]
        let settings = settings(every: 1, patience: 3)
        let whole = TrainingRun(
            path: try Tiny.trainer(settings).train(into: folder.file("whole"), evaluator: Scripted(scores)).path)
        let run = TrainingRun(path: folder.file("run"))
        let recorder = Recorder()
        var stops = false
        recorder.atStep = { if $0 == step { stops = true } }
        _ = failure {
            _ = try Tiny.trainer(settings).train(
                into: run.path, observer: recorder, evaluator: Scripted(scores), isCancelled: { stops })
        }
        if step < 5 {
            let rest = Scripted(Array(scores.dropFirst(step + 1)))
            let result = try Tiny.trainer(settings).train(into: run.path, start: .resuming, evaluator: rest)
            #expect(result.before?.metrics == ["score": 0.9])
            #expect(result.best == Evaluation(step: 2, metrics: ["score": 0.6]))
        }
        #expect(try run.tensors == whole.tensors)
        #expect(try run.metrics == whole.metrics)
    }

    @Test("refuses to go on with another metric")
    func otherMetric() throws {
        let folder = try TemporaryFolder()
        let run = TrainingRun(path: folder.file("run"))
        var questions = 0
        _ = failure {
            _ = try Tiny.trainer(settings(every: 1)).train(into: run.path, evaluator: Scripted([0.1, 0.2, 0.3])) {
                questions += 1
                return questions > 20
            }
        }
        let error = failure { _ = try Tiny.trainer(settings(every: 1)).train(into: run.path, start: .resuming) }
        guard case .resumeMismatch(_, "the setting metric", "score", "null") = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("fails with the evaluator's own words")
    func evaluatorFails() throws {
        let folder = try TemporaryFolder()
        let error = failure {
            _ = try Tiny.trainer(settings(every: 2)).train(into: folder.file("run"), evaluator: Scripted([0.1, 0.2]))
        }
        #expect(error?.description == "the evaluation after step 4 failed: no more scores")
        #expect(try TrainingRun(path: folder.file("run")).state() == .failed)
    }

    @Test("fails when the evaluation gives no number", arguments: [Double.nan, .infinity])
    func notFinite(_ score: Double) throws {
        let folder = try TemporaryFolder()
        let error = failure {
            _ = try Tiny.trainer(settings(every: 2)).train(into: folder.file("run"), evaluator: Scripted([score]))
        }
        guard case .evaluationFailed(step: 0, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    // MARK: Held-out data

    @Test("picks the best adapter by a held-out split of a retrieval set")
    func heldOutRetrieval() throws {
        let folder = try TemporaryFolder()
        let tuples = Tiny.tuples.prefix(20)
        let dataSet = DataSet(
            corpus: tuples.map { Passage(id: $0.positiveID ?? "", title: "", text: $0.positive) },
            queries: tuples.map { Query(id: $0.anchorID ?? "", text: $0.anchor) },
            judgements: [
                "dev": Dictionary(
                    uniqueKeysWithValues: tuples.map { ($0.anchorID ?? "", [$0.positiveID ?? "": 1]) })
            ])
        var settings = settings(every: 12)
        settings.epochs = 12
        let recorder = Recorder()
        let result = try Tiny.trainer(settings).train(
            into: folder.file("run"), observer: recorder,
            evaluator: HeldOutRetrieval(
                RetrievalEvaluator(dataSet, metrics: [RetrievalMetric(.ndcg, at: 10), RetrievalMetric(.recall, at: 1)]))
        )
        #expect(result.before?.metrics.keys.sorted() == ["ndcg@10", "recall@1"])
        let before = try #require(result.before?.metrics["ndcg@10"])
        let best = try #require(result.best?.metrics["ndcg@10"])
        #expect(best > before + 0.1)
        #expect(best == recorder.evaluations.compactMap { $0.metrics["ndcg@10"] }.max())
    }

    @Test("evaluates on held-out tuples, and says how far it has come")
    func heldOutTuples() throws {
        let folder = try TemporaryFolder()
        var evaluator = try HeldOutRetrieval(of: .tuples(["dev": Tiny.tuples]), path: "data")
        let last = Mutex((done: 0, total: 0))
        evaluator.progress = { done, total in last.withLock { $0 = (done, total) } }
        let result = try Tiny.trainer(settings(every: 5)).train(into: folder.file("run"), evaluator: evaluator)
        #expect(result.best?.metrics.keys.sorted() == HeldOutRetrieval.metrics.map(\.name).sorted())
        // The queries come last: the different anchors.
        let anchors = Set(Tiny.tuples.map(\.anchor)).count
        #expect(last.withLock { $0 } == (anchors, anchors))
        #expect(throws: CorporaError.noSuchSplit(path: "data", split: "dev", available: ["train"])) {
            try HeldOutRetrieval(of: .tuples(["train": Tiny.tuples]), path: "data")
        }
    }

    @Test("picks the best adapter by held-out pairs with scores")
    func heldOutPairs() throws {
        let folder = try TemporaryFolder()
        let pairs = Tiny.tuples.prefix(20).flatMap { tuple in
            [
                ScoredPair(first: tuple.anchor, second: tuple.positive, score: 5),
                ScoredPair(first: tuple.anchor, second: "money is fast", score: 0),
            ]
        }
        var settings = settings(every: nil)
        settings.epochs = 12
        let result = try Tiny.trainer(settings).train(
            into: folder.file("run"), evaluator: HeldOutPairs(ScoredPairEvaluator(pairs)))
        let before = try #require(result.before?.metrics["spearman"])
        #expect(try #require(result.best?.metrics["spearman"]) > before + 0.1)
    }

    @Test("fails when the held-out split is not there")
    func noSplit() throws {
        let folder = try TemporaryFolder()
        let dataSet = DataSet(corpus: [], queries: [], judgements: [:])
        let error = failure {
            _ = try Tiny.trainer().train(
                into: folder.file("run"), evaluator: HeldOutRetrieval(RetrievalEvaluator(dataSet)))
        }
        guard case .evaluationFailed(step: 0, let reason) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reason.contains("dev"))
    }
}
