import Corpora
import Encoders
import Files
import LowRank
import ModelFiles
import TestSupport
import Testing
import Tokenization
import VectorMath

@testable import Training

@Suite("Trainer")
struct TrainerTests {
    @Test("makes the loss smaller", arguments: ["attention", "all-linear"])
    func learns(_ targets: String) throws {
        let folder = try TemporaryFolder()
        var settings = Tiny.settings
        settings.epochs = 12
        settings.targets = [targets]
        let recorder = Recorder()
        _ = try Tiny.trainer(settings).train(into: folder.file("run"), observer: recorder)
        func mean(_ steps: some Collection<TrainingProgress>) -> Double {
            steps.reduce(0) { $0 + $1.loss } / Double(steps.count)
        }
        #expect(recorder.steps.count == 36)
        #expect(mean(recorder.steps.suffix(3)) < 0.5 * mean(recorder.steps.prefix(3)))
    }

    @Test("writes the same adapter with one thread and with two")
    func threads() throws {
        let folder = try TemporaryFolder()
        for width in [1, 2] {
            _ = try ThreadPool.withWidth(width) {
                try Tiny.trainer().train(into: folder.file("run-\(width)"))
            }
        }
        let (one, two) = (TrainingRun(path: folder.file("run-1")), TrainingRun(path: folder.file("run-2")))
        #expect(try one.tensors == two.tensors)
        #expect(try one.metrics == two.metrics)
    }

    @Test("writes the same adapter within any memory budget")
    func memoryBudget() throws {
        let folder = try TemporaryFolder()
        for budget in [0, 2 << 30] {
            var settings = Tiny.settings
            settings.memoryBudget = budget
            _ = try Tiny.trainer(settings).train(into: folder.file("run-\(budget)"))
        }
        #expect(
            try TrainingRun(path: folder.file("run-0")).tensors
                == TrainingRun(path: folder.file("run-\(2 << 30)")).tensors)
    }

    @Test("gives another adapter for another seed")
    func seeds() throws {
        let folder = try TemporaryFolder()
        for seed in [UInt64(1), 2] {
            var settings = Tiny.settings
            settings.seed = seed
            _ = try Tiny.trainer(settings).train(into: folder.file("run-\(seed)"))
        }
        #expect(
            try TrainingRun(path: folder.file("run-1")).tensors != TrainingRun(path: folder.file("run-2")).tensors)
    }

    @Test(
        "gives another adapter for every setting that a resumed run must have", arguments: ResumeTests.changes.indices)
    func settingsMatter(_ index: Int) throws {
        let folder = try TemporaryFolder()
        var settings = Tiny.settings
        _ = try Tiny.trainer(settings).train(into: folder.file("before"))
        ResumeTests.changes[index].change(&settings)
        _ = try Tiny.trainer(settings).train(into: folder.file("after"))
        #expect(
            try TrainingRun(path: folder.file("before")).tensors != TrainingRun(path: folder.file("after")).tensors)
    }

    @Test("follows the schedule and reports every step")
    func reports() throws {
        let folder = try TemporaryFolder()
        var settings = Tiny.settings
        settings.warmup = 0.3
        settings.schedule = .cosine
        let recorder = Recorder()
        let result = try Tiny.trainer(settings).train(into: folder.file("run"), observer: recorder)
        let schedule = LearningRateSchedule(.cosine, totalSteps: 9, warmupFraction: 0.3)
        #expect(recorder.steps.map(\.step) == Array(1...9))
        #expect(recorder.steps.map(\.learningRate) == (0..<9).map { 1e-2 * schedule.factor(afterSteps: $0) })
        #expect(recorder.steps.map(\.epoch) == (1...9).map { Double($0) / 3 })
        let isSound = recorder.steps.allSatisfy {
            $0.totalSteps == 9 && $0.loss > 0 && $0.gradientNorm > 0 && $0.pairsPerSecond > 0
                && $0.tokensPerSecond > $0.pairsPerSecond && $0.secondsLeft >= 0
        }
        #expect(isSound)
        #expect(recorder.steps.last?.secondsLeft == 0)
        #expect(result.steps == 9 && result.loss == recorder.steps.last?.loss)
        #expect(recorder.warnings.isEmpty)
    }

    @Test("lets the number of steps decide over the number of epochs", arguments: [1, 4, 11])
    func maxSteps(_ steps: Int) throws {
        let folder = try TemporaryFolder()
        var settings = Tiny.settings
        settings.maxSteps = steps
        let trainer = try Tiny.trainer(settings)
        #expect(trainer.totalSteps == steps)
        #expect(try trainer.train(into: folder.file("run")).steps == steps)
    }

    @Test("clips gradients to the norm that is set")
    func clips() {
        #expect(AdamW.clippingScale(norm: 0.5, limit: 1) == 1)
        #expect(AdamW.clippingScale(norm: 4, limit: 1) == Float(1 / (4 + 1e-6)))
        #expect(AdamW.clippingScale(norm: 4, limit: 0) == 1)
        #expect(AdamW.clippingScale(norm: 0, limit: 1) == 1)
    }

    // MARK: The result

    @Test("writes an adapter that moves anchors to their positives")
    func adapterWorks() throws {
        let folder = try TemporaryFolder()
        var settings = Tiny.settings
        settings.epochs = 12
        let path = try Tiny.trainer(settings).train(into: folder.file("run")).path
        let base = try TextEncoder(model: Tiny.model())
        let tuned = try TextEncoder(model: Tiny.model(), adapter: AdapterFolder(path: path))
        #expect(base.space != tuned.space)
        let pairs = Tiny.tuples.prefix(20)
        /// How much nearer an anchor is to its positive than to the others', as a mean of cosines.
        func margin(_ encoder: TextEncoder) throws -> Float {
            let anchors = try encoder.encodeQueries(pairs.map(\.anchor))
            let positives = try encoder.encodeDocuments(pairs.map(\.positive))
            var cosines = Matrix<Float>(rows: 20, columns: 20)
            multiply(anchors.view, positives.view, transposingSecond: true, into: &cosines)
            return (0..<20).reduce(0) { sum, row in
                let values = cosines.row(row)
                return sum + (values[row] - (values.reduce(0, +) - values[row]) / 19) / 20
            }
        }
        let (before, after) = (try margin(base), try margin(tuned))
        #expect(after > 2 * before + 0.1, "\(before) before, \(after) after")
    }

    @Test("writes PEFT's configuration, a record and a card")
    func writesEverything() throws {
        let folder = try TemporaryFolder()
        var settings = Tiny.settings
        settings.variant = .rslora
        let result = try Tiny.trainer(settings).train(into: folder.file("run"))
        let run = TrainingRun(path: result.path)
        let adapter = try AdapterFolder(path: result.path)
        #expect(adapter.configuration.baseModel == "example/tiny-bert")
        #expect(adapter.configuration.rank == 4 && adapter.configuration.alpha == 8)
        #expect(adapter.configuration.useRSLoRA)
        #expect(adapter.modules.count == 4)
        #expect(try run.state() == .finished)

        let record = try run.record()
        #expect(record["settings"]?["lr"]?.doubleValue == 0.01)
        #expect(record["settings"]?["loss"]?.stringValue == "mnrl")
        #expect(record["settings"]?["checkpoint-every"]?.intValue == 2)
        #expect(record["model"]?["reference"]?.stringValue == "example/tiny-bert")
        #expect(
            record["model"]?["weights"]?.stringValue
                == (try SHA256Digest.of(fileAt: Tiny.modelPath + "/model.safetensors").hex))
        #expect(record["data"]?["name"]?.stringValue == "tiny pairs")
        #expect(record["data"]?["tuples"]?.intValue == 22)
        #expect(record["hardware"]?["instruction_set"]?.stringValue == InstructionSet.current.rawValue)
        #expect(record["result"]?["steps"]?.intValue == 9)
        #expect(record["result"]?["parameters"]?.intValue == 4 * (4 * 32 * 2))
        #expect(record["result"]?["adapter_sha256"]?.stringValue == result.adapterDigest)
        #expect(record["attune"]?.stringValue == attuneVersion)
        #expect(record["started"]?.stringValue?.count == 20)

        let card = try readText(run.cardPath)
        for text in [
            "base_model: \"example/tiny-bert\"", "library_name: peft", "`tiny pairs`: 22 rows", "| lr | 0.01 |",
            "model.load_adapter(\"RUN\")", "attune embed -M example/tiny-bert -A RUN",
        ] { #expect(card.contains(text), "\(text)") }
        #expect(!card.contains("## Evaluation"))

        let names = try FileSystem.list(result.path)
        #expect(
            names.filter { !$0.hasPrefix("checkpoints/") && !$0.hasPrefix("events.out.tfevents.") } == [
                ".lock", "README.md", "adapter_config.json", "adapter_model.safetensors", "metrics.jsonl",
                "report.html",
                "run.json",
            ])
    }

    @Test("logs a line a step")
    func logsMetrics() throws {
        let folder = try TemporaryFolder()
        let run = TrainingRun(path: try Tiny.trainer().train(into: folder.file("run")).path)
        let lines = String(decoding: try readFile(run.metricsPath), as: UTF8.self).split(separator: "\n")
        #expect(lines.count == 9)
        for (index, line) in lines.enumerated() {
            let value = try JSONValue.parse(Array(line.utf8), path: run.metricsPath)
            #expect(
                value.objectValue?.keys.sorted() == [
                    "epoch", "gradient_norm", "loss", "lr", "masked", "pairs", "pairs_per_s", "seconds", "step",
                    "tokens",
                    "tokens_per_s",
                ])
            #expect(value["step"]?.intValue == index + 1)
        }
    }

    @Test("puts the model's prompts in front of anchors and documents, and leaves them out of pooling where it does")
    func prompts() throws {
        let folder = try TemporaryFolder()
        for name in try FileSystem.list(Tiny.modelPath) {
            try folder.write(readFile(Tiny.modelPath + "/" + name), to: "model/" + name)
        }
        try folder.write(
            "{\"prompts\": {\"query\": \"search \", \"document\": \"the model \"}}",
            to: "model/config_sentence_transformers.json")
        try folder.write(
            "{\"embedding_dimension\": 32, \"pooling_mode\": \"mean\", \"include_prompt\": false}",
            to: "model/1_Pooling/config.json")
        let tuples = [
            TrainingTuple(anchor: "cat", positive: "dog", negatives: ["cat"]),
            TrainingTuple(anchor: "a", positive: "b"),
        ]
        let model = try ModelFolder(path: folder.file("model"))
        let data = try Trainer(model: model, tuples: tuples).data
        let encoder = try TextEncoder(model: model)
        let tokenizer = encoder.model.tokenizer
        guard case .tuples(let rows) = data.rows,
            case .tuples(let batch) = data.batch([0, 1], microBatchTokens: 100).rows
        else {
            Issue.record("\(data.rows)")
            return
        }
        #expect(data.tokens[rows.anchors[0]].ids == tokenizer.encode("search cat"))
        #expect(data.tokens[rows.positives[0]].ids == tokenizer.encode("the model dog"))
        #expect(data.tokens[rows.negatives[0][0]].ids == tokenizer.encode("the model cat"))
        // [CLS] counts as part of the prompt.
        #expect(data.tokens[rows.anchors[0]].skipped == tokenizer.encode("search").count - 1)
        #expect(data.tokens[rows.positives[0]].skipped == tokenizer.encode("the model").count - 1)
        // The negative is the anchor's own text, prompts apart.
        #expect(batch.falseNegatives[.queryToDocument][0] == [2])
    }

    // MARK: What it refuses

    @Test("refuses data without two tuples", arguments: [0, 1])
    func tooFewTuples(_ count: Int) throws {
        let error = failure { _ = try Tiny.trainer(tuples: Array(Tiny.tuples.prefix(count))) }
        #expect(
            error?.description == "the training data has \(count) \(count == 1 ? "pair" : "pairs"), expected at least 2"
        )
    }

    static let impossible: [(message: String, change: @Sendable (inout TrainingSettings) -> Void)] = [
        ("rank is 0", { $0.rank = 0 }),
        ("alpha is 0.0", { $0.alpha = 0 }),
        ("alpha is nan", { $0.alpha = .nan }),
        ("dropout is 1.0", { $0.dropout = 1 }),
        ("dropout is -0.1", { $0.dropout = -0.1 }),
        ("targets is []", { $0.targets = [] }),
        ("targets is all-linear,query", { $0.targets = ["all-linear", "query"] }),
        ("lr is 0.0", { $0.learningRate = 0 }),
        ("lr is inf", { $0.learningRate = .infinity }),
        ("warmup is 1.5", { $0.warmup = 1.5 }),
        ("epochs is 0", { $0.epochs = 0 }),
        ("max-steps is 0", { $0.maxSteps = 0 }),
        ("batch-size is 1", { $0.batchSize = 1 }),
        ("scale is -20.0", { $0.scale = -20 }),
        ("scale is 1e+300", { $0.scale = 1e300 }),
        ("max-length is 2", { $0.maxLength = 2 }),
        ("weight-decay is -1.0", { $0.weightDecay = -1 }),
        ("max-grad-norm is nan", { $0.maxGradientNorm = .nan }),
        ("checkpoint-every is -1", { $0.checkpointEvery = -1 }),
        ("eval-every is 0", { $0.evaluateEvery = 0 }),
        ("patience is 0", { $0.patience = 0 }),
        ("memory-budget is -1", { $0.memoryBudget = -1 }),
        ("micro-batch-tokens is 0", { $0.microBatchTokens = 0 }),
    ]

    @Test("refuses settings that make no sense, by their names", arguments: impossible.indices)
    func impossibleSettings(_ index: Int) throws {
        var settings = Tiny.settings
        Self.impossible[index].change(&settings)
        let error = try #require(failure { _ = try Tiny.trainer(settings) })
        #expect(error.description.hasPrefix(Self.impossible[index].message), "\(error)")
    }

    @Test("refuses settings that do not fit the model")
    func unfitSettings() throws {
        var settings = Tiny.settings
        settings.targets = ["attention", "convolution"]
        let unknownTarget = try #require(failure { _ = try Tiny.trainer(settings) })
        #expect(unknownTarget.description.contains("convolution"))
        settings = Tiny.settings
        settings.maxLength = 41
        let tooLong = try #require(failure { _ = try Tiny.trainer(settings) })
        #expect(tooLong.description.contains("41"))
        settings = Tiny.settings
        settings.rank = 33
        let tooWide = try #require(failure { _ = try Tiny.trainer(settings) })
        #expect(tooWide.description.contains("33"))
    }

    /// A loss that goes wrong in its third batch.
    private struct Failing: EmbeddingLoss {
        var needs: LossNeeds { .tuples([.queryToDocument]) }
        enum Fault { case loss, gradients }
        let fault: Fault
        let calls = Counter()
        var name: String { "failing" }

        func evaluate(_ batch: EmbeddingBatch) -> LossValue {
            let good = MultipleNegativesRankingLoss().evaluate(batch)
            guard calls.increment() == 3 else { return good }
            if fault == .loss { return LossValue(loss: .nan, gradients: good.gradients) }
            var gradients = good.gradients
            gradients[0, 0] = .infinity
            return LossValue(loss: good.loss, gradients: gradients)
        }
    }

    private final class Counter: @unchecked Sendable {
        private var count = 0
        func increment() -> Int {
            count += 1
            return count
        }
    }

    @Test("stops at a loss that is no number and says where")
    func nonFiniteLoss() throws {
        let folder = try TemporaryFolder()
        let trainer = try Tiny.trainer(loss: Failing(fault: .loss))
        let error = failure { _ = try trainer.train(into: folder.file("run")) }
        guard case .nonFiniteLoss(step: 3, let tuples) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        // The last batch of the first epoch: 22 = 8 + 8 + 6.
        #expect(tuples.count == 6)
        let run = TrainingRun(path: folder.file("run"))
        #expect(try run.state() == .failed)
        #expect(try run.record()["error"]?.stringValue == error?.description)
        #expect(!FileSystem.exists(run.configurationPath))
        #expect(try run.metrics.count == 2)
    }

    @Test("stops at a gradient that is no number and says where")
    func nonFiniteGradient() throws {
        let folder = try TemporaryFolder()
        let trainer = try Tiny.trainer(loss: Failing(fault: .gradients))
        let error = failure { _ = try trainer.train(into: folder.file("run")) }
        guard case .nonFiniteGradient(step: 3, let module, let tuples) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(trainer.initial.adapter.names.contains(module))
        #expect(tuples.count == 6)
    }

    // MARK: A real model

    @Test(
        "writes the same adapter with one thread and with two, on a real model",
        .enabled(if: SharedData.hasMiniLM && SharedData.exists("nl2bash")))
    func realModel() throws {
        let folder = try TemporaryFolder()
        guard case .retrieval(let dataSet) = try DataSet.open(SharedData.folder + "/nl2bash") else {
            Issue.record("no retrieval set")
            return
        }
        var settings = TrainingSettings()
        settings.maxSteps = 4
        settings.batchSize = 32
        settings.microBatchTokens = 512
        settings.warmup = 0
        let trainer = try Trainer(
            model: ModelFolder(path: SharedData.miniLM), tuples: dataSet.trainingTuples(split: "train"),
            settings: settings)
        let recorder = Recorder()
        for width in [1, 2] {
            _ = try ThreadPool.withWidth(width) {
                try trainer.train(into: folder.file("run-\(width)"), observer: recorder)
            }
        }
        let (one, two) = (TrainingRun(path: folder.file("run-1")), TrainingRun(path: folder.file("run-2")))
        #expect(try one.tensors == two.tensors)
        #expect(try one.metrics == two.metrics)
    }
}
