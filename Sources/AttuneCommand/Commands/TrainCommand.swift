import ArgumentParser
import Attune

struct TrainCommand: ConfigurableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Tune a LoRA adapter for a model to the training pairs of a data set.",
        discussion: """
            The run folder is an adapter in PEFT's layout, with run.json (what it was made of), metrics.jsonl (a line a \
            step), checkpoints and a model card. The same settings, data and base give the same adapter, bit for bit.
            """)

    @Option(
        name: [.customShort("M"), .long],
        help: ArgumentHelp("The base model: a folder or a hub name.", valueName: "ref"))
    var model: String
    @Option(name: .shortAndLong, help: ArgumentHelp("A data set with a split `train`.", valueName: "folder"))
    var data: String
    @Option(name: .shortAndLong, help: ArgumentHelp("The run folder.", valueName: "run"))
    var output: String

    @OptionGroup(title: "Adapter") var adapter: AdapterFlags
    @OptionGroup(title: "Learning") var learning: LearningFlags
    @OptionGroup(title: "Hard negatives") var mining: MiningFlags
    @OptionGroup(title: "Forgetting") var forgetting: ForgettingFlags
    @OptionGroup(title: "Evaluation") var evaluation: EvaluationFlags

    @Option(
        help: ArgumentHelp(
            "Flags by their long names: {\"rank\": 8, \"lr\": 1e-3}. The command line's win.", valueName: "file.json"))
    var config: String?
    @Flag(help: "Go on from the newest checkpoint in the run folder.") var resume = false
    @Option(help: "Write a checkpoint after every so many steps (0: only when interrupted).") var checkpointEvery = 100
    @Option(help: ArgumentHelp("Memory that activations may take.", valueName: "bytes")) var memoryBudget = 2 << 30
    @OptionGroup var engine: EngineOptions
    @OptionGroup var force: ForceOption
    @OptionGroup var printing: OutputOptions

    struct AdapterFlags: ParsableArguments {
        @Option(help: "What is trained: an adapter, all weights, or those of the last layers.")
        var method = TrainingSettings.Method.lora
        @Option(help: "How many of the last layers train with --method last-layers.") var layers = 2
        @Option(help: "Rank of the adapter's matrices.") var rank = 16
        @Option(help: "Strength: the adapter's product is multiplied by alpha / rank.") var alpha = 32.0
        @Option(help: "rslora multiplies by alpha / √rank instead, which keeps high ranks learning.")
        var variant = TrainingSettings.Variant.lora
        @Option(help: "Probability that an input of the adapter is dropped.") var dropout = 0.0
        @Option(help: "attention, all-linear, or module names separated by commas.") var targets = "attention"
    }

    struct LearningFlags: ParsableArguments {
        @Option(help: "mnrl: multiple negatives ranking, the softmax over the batch.") var loss = Loss.mnrl
        @Option(help: "What multiplies the cosines in the loss.") var scale = 20.0
        @Option(help: "Passes over the data.") var epochs = 1
        @Option(help: "Stop after so many steps.") var maxSteps: Int?
        @Option(help: "Pairs a batch.") var batchSize = 64
        @Option(help: "Learning rate at its highest (default: 1e-3 for lora, 4e-5 for full, 1e-4 for last-layers).")
        var lr: Double?
        @Option(help: "What follows the warm-up.") var schedule = LearningRateSchedule.Shape.linear
        @Option(help: "Part of the run over which the learning rate rises.") var warmup = 0.1
        @Option(help: "Tokens that a text is cut to (default: the model's limit).") var maxLength: Int?
        @Option(help: "Decides the first values, the order of the data and dropout.") var seed: UInt64 = 0
        @Option(help: "AdamW's weight decay.") var weightDecay = 0.01
        @Option(help: "Gradients that are longer are scaled down to this norm (0: never).") var maxGradNorm = 1.0

        enum Loss: String, CaseIterable, ExpressibleByArgument {
            case mnrl
        }
    }

    struct EvaluationFlags: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "Evaluate on the split `dev` before the first step, after every so many and after the last; the best "
                    + "adapter is the one that is kept.", valueName: "steps"))
        var evalEvery: Int?
        @Option(help: ArgumentHelp("Stop after so many evaluations without a new best.", valueName: "evaluations"))
        var patience: Int?

        func validate() throws {
            if patience != nil && evalEvery == nil { throw ValidationError("--patience needs --eval-every") }
        }
    }

    func validate() throws {
        if adapter.method != .lora, forgetting.dial {
            throw ValidationError("--dial is an adapter's strength; --method \(adapter.method.rawValue) has no adapter")
        }
        if engine.precision == .int8 { throw ValidationError("--precision is int8; training computes in f32 or bf16") }
    }

    func run() throws {
        engine.apply()
        let start: TrainingRun.Start = resume ? .resuming : force.force ? .replacing : .new
        try TrainingRun(path: output).check(start)
        let folder = try ModelFolder(path: ModelReference.resolve(model))
        let kind = try DataSet.open(data)
        let trainer = try Trainer(
            model: folder, baseName: model, tuples: kind.trainingTuples(split: "train", path: data), dataName: data,
            settings: settings, mining: mining.task(of: kind, path: data), anchorTexts: forgetting.readAnchorTexts())

        let evaluator = try evaluator(on: kind)
        let dial = try forgetting.makeDial(domain: evaluator, maxLength: learning.maxLength)
        trainer.warnings.forEach(Console.warn)
        Interruption.letWorkStopItself()
        let observer = ProgressObserver(metric: evaluator?.metric, isQuiet: printing.quiet)
        let result = try trainer.train(
            into: output, start: start, observer: observer, evaluator: evaluator, dial: dial,
            isCancelled: { Interruption.isRequested })
        observer.finish()
        if printing.json {
            Console.print(try TrainingRun(path: output).record())
        } else {
            report(result, metric: evaluator?.metric)
        }
    }

    private func evaluator(on kind: DataSetKind) throws -> HeldOutRetrieval? {
        guard evaluation.evalEvery != nil || forgetting.dial else { return nil }
        var evaluator = try HeldOutRetrieval(of: kind, path: data, maxLength: learning.maxLength)
        let passes = PassProgress("evaluate", unit: "texts", isQuiet: printing.quiet)
        evaluator.progress = { passes.update(done: $0, total: $1) }
        return evaluator
    }

    private func report(_ result: TrainingResult, metric: String?) {
        Console.print(
            "\(output): \(result.steps) steps in \(Console.duration(result.seconds)), last loss "
                + Console.fixed(result.loss, 4))
        guard let metric, let base = result.before?.metrics[metric], let best = result.best,
            let tuned = best.metrics[metric]
        else { return }
        Console.print(
            "  \(metric) on dev: base \(Console.fixed(base, 4)), kept adapter \(Console.fixed(tuned, 4)) "
                + "(step \(best.step))")
        guard let dial = result.dial else { return }
        Console.print(
            "  strength \(Console.fixed(dial.chosen.scale, 3)): the canary's \(dial.canaryMetric) loses "
                + "\(Console.fixed(dial.loss(at: dial.chosen), 4)) of \(Console.fixed(dial.budget, 4)) allowed")
    }

    private var settings: TrainingSettings {
        var settings = TrainingSettings()
        settings.method = adapter.method
        settings.layers = adapter.layers
        settings.rank = adapter.rank
        settings.alpha = adapter.alpha
        settings.variant = adapter.variant
        settings.dropout = adapter.dropout
        settings.targets = adapter.targets.split(separator: ",").map(String.init)
        settings.scale = learning.scale
        settings.epochs = learning.epochs
        settings.maxSteps = learning.maxSteps
        settings.batchSize = learning.batchSize
        settings.learningRate = learning.lr ?? adapter.method.learningRate
        settings.schedule = learning.schedule
        settings.warmup = learning.warmup
        settings.maxLength = learning.maxLength
        settings.seed = learning.seed
        settings.weightDecay = learning.weightDecay
        settings.maxGradientNorm = learning.maxGradNorm
        settings.evaluateEvery = evaluation.evalEvery
        settings.patience = evaluation.patience
        settings.mining = mining.settings
        settings.anchor = forgetting.anchorSettings
        settings.checkpointEvery = checkpointEvery
        settings.memoryBudget = memoryBudget
        settings.precision = engine.precision
        return settings
    }
}

extension TrainCommand {
    static let configurableFlags: [String: ConfigurationFile.Kind] = [
        "model": .text, "data": .text, "output": .text,
        "method": .choice(of: TrainingSettings.Method.self), "layers": .wholeNumber, "rank": .wholeNumber,
        "alpha": .number,
        "variant": .choice(of: TrainingSettings.Variant.self), "dropout": .number, "targets": .texts,
        "loss": .choice(of: LearningFlags.Loss.self), "scale": .number, "epochs": .wholeNumber,
        "max-steps": .wholeNumber, "batch-size": .wholeNumber, "lr": .number,
        "schedule": .choice(of: LearningRateSchedule.Shape.self), "warmup": .number, "max-length": .wholeNumber,
        "seed": .seed, "weight-decay": .number, "max-grad-norm": .number, "eval-every": .wholeNumber,
        "patience": .wholeNumber, "checkpoint-every": .wholeNumber, "memory-budget": .wholeNumber,
        "threads": .wholeNumber, "precision": .choice(of: Precision.self), "resume": .onOff,
        "force": .onOff, "json": .onOff, "quiet": .onOff,
    ].merging(MiningFlags.configurable) { $1 }.merging(ForgettingFlags.configurable) { $1 }
}

/// Shows how training comes along.
private struct ProgressObserver: TrainingObserver {
    private let progress: Progress
    private let metric: String?
    private let isQuiet: Bool
    private let miningPasses: PassProgress

    init(metric: String?, isQuiet: Bool) {
        progress = Progress("train", unit: "steps", isQuiet: isQuiet)
        self.metric = metric
        self.isQuiet = isQuiet
        miningPasses = PassProgress("mine", unit: "texts", isQuiet: isQuiet)
    }

    func mining(done: Int, total: Int) { miningPasses.update(done: done, total: total) }

    func mined(_ summary: MiningSummary, afterSteps steps: Int) {
        progress.finish()
        for line in MiningText.lines(of: summary, flagPrefix: "mine-") {
            Console.note("step \(steps): \(line)", quiet: isQuiet)
        }
    }

    func dialled(_ point: DialResult.Point) {
        progress.finish()
        func text(_ metrics: [String: Double]) -> String {
            let name = metrics[metric ?? ""] == nil ? "spearman" : metric ?? ""
            return metrics[name].map { "\(name) \(Console.fixed($0, 4))" } ?? ""
        }
        Console.note(
            "strength \(Console.fixed(point.scale, 3)): dev \(text(point.domain)), canary \(text(point.canary))",
            quiet: isQuiet)
    }

    func evaluated(_ evaluation: Evaluation, isBest: Bool) {
        guard let metric, let value = evaluation.metrics[metric] else { return }
        progress.finish()
        Console.note(
            "step \(evaluation.step): \(metric) \(Console.fixed(value, 4))" + (isBest ? ", the best so far" : ""),
            quiet: isQuiet)
    }

    func finished(_ step: TrainingProgress) {
        progress.update(
            done: step.step, total: step.totalSteps,
            remark: "loss \(Console.fixed(step.loss, 4)), \(Console.fixed(step.pairsPerSecond, 1)) pairs/s")
    }

    func warned(_ message: String) {
        Console.warn(message)
    }

    func finish() {
        progress.finish()
    }
}
