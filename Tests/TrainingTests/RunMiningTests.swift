import Corpora
import Files
import TestSupport
import Testing
import VectorMath

@testable import Training

@Suite("Mining within a run")
struct RunMiningTests {
    /// Nine steps with negatives mined before steps 1, 4 and 7.
    static var settings: TrainingSettings {
        var settings = Tiny.settings
        var choice = MiningSettings()
        choice.negatives = 2
        choice.relativeMargin = nil
        choice.sampling = .random
        choice.rangeMax = 12
        settings.mining = RunMiningSettings(choice, every: 3)
        settings.dropout = 0.1
        return settings
    }

    /// Remembers what was mined when.
    private final class MiningRecorder: TrainingObserver {
        var mined: [(summary: MiningSummary, steps: Int)] = []
        var texts = 0
        var atStep: (Int) -> Void = { _ in }

        func mining(done: Int, total: Int) { texts = max(texts, done) }
        func mined(_ summary: MiningSummary, afterSteps steps: Int) { mined.append((summary, steps)) }
        func finished(_ progress: TrainingProgress) { atStep(progress.step) }
    }

    private func history(_ run: TrainingRun) throws -> [JSONValue] { try run.record()["mining"]?.arrayValue ?? [] }

    @Test("mines with the base before the first step and with the current weights later, and says so")
    func mines() throws {
        let folder = try TemporaryFolder()
        let recorder = MiningRecorder()
        let run = TrainingRun(
            path: try Tiny.trainer(Self.settings).train(into: folder.file("run"), observer: recorder).path)
        #expect(recorder.mined.map(\.steps) == [0, 3, 6])
        let documents = Set(Tiny.tuples.map { $0.positive.lowercased() }).count
        #expect(recorder.mined.allSatisfy { $0.summary.queries == 21 && $0.summary.found == 42 })
        #expect(recorder.texts >= documents)
        let history = try history(run)
        #expect(history.map { $0["step"]?.intValue } == [0, 3, 6])
        #expect(history.allSatisfy { $0["negatives"]?.intValue == 42 })
        // The weights have moved, and with them the scores.
        #expect(Set(history.compactMap { $0["negative_score"]?.doubleValue }).count == 3)
        let settings = try run.record()["settings"]
        for (name, value) in ["mine": 2, "mine-every": 3, "mine-range-max": 12] {
            #expect(settings?[name]?.intValue == value, "\(name)")
        }
    }

    @Test("the first mining is what the base model finds, and its negatives are in the loss")
    func firstMining() throws {
        let folder = try TemporaryFolder()
        var settings = Self.settings
        settings.mining?.every = nil
        settings.mining?.choice.sampling = .top
        settings.dropout = 0
        let trainer = try Tiny.trainer(settings)
        let whole = try trainer.train(into: folder.file("run"))

        var choice = settings.mining!.choice
        choice.seed = settings.seed
        let task = MiningTask(tuples: Tiny.tuples)
        let mined = try #require(try HardNegativeMiner(choice).mine(task, encoder: trainer.miner!.encoder))
        settings.mining = nil
        let given = try Tiny.trainer(settings, tuples: mined.added(to: Tiny.tuples, of: task))
            .train(into: folder.file("given"))
        #expect(whole.adapterDigest == given.adapterDigest)
        #expect(try Tiny.trainer(settings).train(into: folder.file("plain")).adapterDigest != whole.adapterDigest)
    }

    @Test("mines among the documents of a corpus that no tuple names")
    func corpus() throws {
        let folder = try TemporaryFolder()
        let corpus = ["the vector is new", "a password is slow", "the bank of new york", "money is on the card"]
        var settings = Self.settings
        settings.mining?.choice.rangeMax = 100
        let trainer = try Trainer(
            model: Tiny.model(), tuples: Tiny.tuples, settings: settings,
            mining: MiningTask(tuples: Tiny.tuples, corpus: corpus))
        let run = TrainingRun(path: try trainer.train(into: folder.file("run")).path)
        let plain = MiningTask(tuples: Tiny.tuples).documents.count
        #expect(try history(run).map { $0["documents"]?.intValue } == Array(repeating: plain + 4, count: 3))
    }

    @Test("writes the same adapter with one thread and with two")
    func threads() throws {
        let folder = try TemporaryFolder()
        let trainer = try Tiny.trainer(Self.settings)
        let digests = try [1, 2].map { width in
            try ThreadPool.withWidth(width) { try trainer.train(into: folder.file("run-\(width)")).adapterDigest }
        }
        #expect(digests[0] == digests[1])
    }

    @Test("gives the bits of a run that was never interrupted", arguments: 1...8, [0, 2])
    func resumes(step: Int, checkpointEvery: Int) throws {
        let folder = try TemporaryFolder()
        var settings = Self.settings
        settings.checkpointEvery = checkpointEvery
        let whole = TrainingRun(path: try Tiny.trainer(settings).train(into: folder.file("whole")).path)
        let run = TrainingRun(path: folder.file("run"))
        let recorder = MiningRecorder()
        var stops = false
        recorder.atStep = { if $0 == step { stops = true } }
        guard
            case .interrupted(step, _) = failure({
                _ = try Tiny.trainer(settings).train(into: run.path, observer: recorder, isCancelled: { stops })
            })
        else {
            Issue.record("it was not interrupted")
            return
        }
        _ = try Tiny.trainer(settings).train(into: run.path, start: .resuming)
        #expect(try run.tensors == whole.tensors)
        #expect(try run.metrics == whole.metrics)
        #expect(try history(run) == history(whole))
    }

    @Test("with the guide's mask too it gives the bits of a run that was never interrupted", arguments: 1...8)
    func resumesGuided(step: Int) throws {
        let folder = try TemporaryFolder()
        var settings = Self.settings
        settings.loss.masks = Set(FalseNegativeMask.allCases)
        settings.loss.guideMargin = 0.05
        let whole = TrainingRun(path: try Tiny.trainer(settings).train(into: folder.file("whole")).path)
        let run = TrainingRun(path: folder.file("run"))
        let recorder = MiningRecorder()
        var stops = false
        recorder.atStep = { if $0 == step { stops = true } }
        _ = failure {
            _ = try Tiny.trainer(settings).train(into: run.path, observer: recorder, isCancelled: { stops })
        }
        _ = try Tiny.trainer(settings).train(into: run.path, start: .resuming)
        #expect(try run.tensors == whole.tensors)
        settings.loss = LossSettings()
        let unguided = TrainingRun(path: try Tiny.trainer(settings).train(into: folder.file("unguided")).path)
        #expect(try unguided.tensors != whole.tensors)
    }

    @Test("where a model's own weights train it mines with those, and resumes to the same bits")
    func ownWeights() throws {
        let folder = try TemporaryFolder()
        var settings = Self.settings
        settings.method = .full
        settings.dropout = 0
        settings.learningRate = 1e-3
        let whole = try Tiny.trainer(settings).train(into: folder.file("whole"))
        let run = TrainingRun(path: folder.file("run"))
        let recorder = MiningRecorder()
        var stops = false
        recorder.atStep = { if $0 == 4 { stops = true } }
        _ = failure {
            _ = try Tiny.trainer(settings).train(into: run.path, observer: recorder, isCancelled: { stops })
        }
        #expect(recorder.mined.map(\.steps) == [0, 3])
        let resumed = try Tiny.trainer(settings).train(into: run.path, start: .resuming)
        #expect(resumed.adapterDigest == whole.adapterDigest)
        let scores = try history(run).compactMap { $0["negative_score"]?.doubleValue }
        #expect(Set(scores).count == 3)
    }

    @Test("triplets whose data has no negatives learn from those that are mined")
    func triplets() throws {
        let folder = try TemporaryFolder()
        let tuples = Tiny.tuples.map { TrainingTuple(anchor: $0.anchor, positive: $0.positive) }
        var settings = Self.settings
        settings.loss.kind = .triplet
        settings.loss.margin = 1
        let result = try Tiny.trainer(settings, tuples: tuples).train(into: folder.file("run"))
        #expect(result.loss > 0)
        settings.mining = nil
        #expect(failure { _ = try Tiny.trainer(settings, tuples: tuples) }?.description.contains("no tuple") == true)
    }

    @Test("needs one data set of tuples, and a loss that takes further negatives")
    func unfit() throws {
        let tuples = TrainingSet(name: "pairs", rows: .tuples(Tiny.tuples))
        let texts = TrainingSet(
            name: "labels",
            rows: .labelledTexts(["a", "b", "a", "b"].map { LabelledText(text: "the \($0)", label: $0) }))
        let taught = Tiny.tuples.map { tuple in
            var tuple = tuple
            tuple.negatives = ["the mat"]
            tuple.scores = [1, 0.5]
            return tuple
        }
        for (sets, kind, reason) in [
            ([tuples, tuples], .mnrl, "a run mines for one data set of tuples, this one has 2 data sets"),
            ([texts], .mnrl, "a run mines for tuples, labels holds texts with labels"),
            (
                [TrainingSet(name: "taught", rows: .tuples(taught))], .marginMSE,
                "the loss margin-mse cannot learn from further negatives"
            ),
        ] as [([TrainingSet], LossSettings.Kind, String)] {
            var settings = Self.settings
            settings.loss.kind = kind
            #expect(
                failure { _ = try Trainer(model: Tiny.model(), sets: sets, settings: settings) }?.description
                    == "hard negatives could not be mined: \(reason)")
        }
    }

    @Test("gives the same bits when it is interrupted while it mines, again and again")
    func interruptedWhileMining() throws {
        let folder = try TemporaryFolder()
        let whole = TrainingRun(path: try Tiny.trainer(Self.settings).train(into: folder.file("whole")).path)
        let run = TrainingRun(path: folder.file("run"))
        let trainer = try Tiny.trainer(Self.settings)
        var start = TrainingRun.Start.new
        var attempts = 0
        while true {
            attempts += 1
            try #require(attempts < 100)
            var questions = 0
            let error = failure {
                _ = try trainer.train(
                    into: run.path, start: start,
                    isCancelled: {
                        questions += 1
                        return questions > 15 + attempts % 4
                    })
            }
            guard let error else { break }
            guard case .interrupted = error else {
                Issue.record("\(error)")
                return
            }
            start = .resuming
        }
        #expect(attempts > 3)
        #expect(try run.tensors == whole.tensors)
        #expect(try history(run) == history(whole))
    }

    @Test("is not resumed with other mining, or with none")
    func otherMining() throws {
        let folder = try TemporaryFolder()
        let run = TrainingRun(path: folder.file("run"))
        let recorder = MiningRecorder()
        var stops = false
        recorder.atStep = { if $0 == 4 { stops = true } }
        _ = failure { _ = try Tiny.trainer(Self.settings).train(into: run.path, observer: recorder) { stops } }
        func refusal(_ change: (inout TrainingSettings) -> Void) -> String? {
            var settings = Self.settings
            change(&settings)
            return failure { _ = try Tiny.trainer(settings).train(into: run.path, start: .resuming) }?.description
        }
        #expect(refusal { $0.mining = nil }?.contains("the setting mine was 2, is now null") == true)
        #expect(refusal { $0.mining?.every = 4 }?.contains("the setting mine-every was 3, is now 4") == true)
        #expect(refusal { $0.mining?.choice.minScore = 0 }?.contains("mine-min-score") == true)
        let other = MiningTask(tuples: Tiny.tuples, corpus: ["the mat is fast"])
        let error = failure {
            let trainer = try Trainer(model: Tiny.model(), tuples: Tiny.tuples, settings: Self.settings, mining: other)
            _ = try trainer.train(into: run.path, start: .resuming)
        }
        #expect(error?.description.contains("the data's mining_") == true, "\(String(describing: error))")
    }

    @Test("negatives come back from a checkpoint's text as they were, and what is no number is refused")
    func encoding() throws {
        for documents in [[[3, 14], [15], [], [9, 2]], [[]], [[], []]] {
            let negatives = NegativesInUse(step: 4, documents: documents, history: [["step": 4]])
            let json = try encodeJSON(negatives, pretty: true)
            let folder = try TemporaryFolder()
            let path = try folder.write(json, to: "n.json")
            #expect(try decodeJSON(NegativesInUse.self, path: path) == negatives)
        }
        let folder = try TemporaryFolder()
        let path = try folder.write(#"{"step": 1, "history": [], "documents": "1 x"}"#, to: "n.json")
        #expect(throws: FilesError.self) { try decodeJSON(NegativesInUse.self, path: path) }
    }

    @Test("refuses settings that make no sense, by the names of train's flags")
    func impossible() throws {
        for (message, change) in [
            ("mine is 0", { $0.mining?.choice.negatives = 0 }), ("mine-every is 0", { $0.mining?.every = 0 }),
            ("mine-max-score is 3.0", { $0.mining?.choice.maxScore = 3 }),
        ] as [(String, (inout TrainingSettings) -> Void)] {
            var settings = Self.settings
            change(&settings)
            let error = failure { _ = try Tiny.trainer(settings) }
            #expect(error?.description.hasPrefix(message) == true, "\(String(describing: error))")
        }
    }
}
