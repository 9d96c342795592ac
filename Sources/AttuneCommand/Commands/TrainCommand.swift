import ArgumentParser
import Attune

struct TrainCommand: ConfigurableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train", abstract: "Tune a LoRA adapter for a model to the training pairs of a data set.",
        discussion: """
            The run folder is an adapter in PEFT's layout, with run.json (what it was made of), metrics.jsonl (a line a \
            step), checkpoints, curves for TensorBoard, a model card and report.html. The same settings, data and base \
            give the same adapter, bit for bit.
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
        @Option(help: "What is trained.") var method = TrainingSettings.Method.lora
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
        @Option(help: "Learning rate at its highest.") var lr = 1e-3
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
        @Option(
            help: ArgumentHelp(
                "report.html: full compares base and tuned query by query on the split `dev`, brief leaves that out, none "
                    + "writes none (default: full, on a sample of `dev` unless --eval-every evaluates all of it)."))
        var report: Report?

        enum Report: String, CaseIterable, ExpressibleByArgument {
            case full, brief, none
        }

        func validate() throws {
            if patience != nil && evalEvery == nil { throw ValidationError("--patience needs --eval-every") }
        }
    }

    func validate() throws {
        if let precision = engine.precision, precision != .f32 {
            throw ValidationError("--precision is \(precision.rawValue); training computes in f32")
        }
    }

    func run() throws {
        engine.apply()
        let start: TrainingRun.Start = resume ? .resuming : force.force ? .replacing : .new
        try TrainingRun(path: output).check(start)
        let folder = try ModelFolder(path: ModelReference.resolve(model))
        let kind = try DataSet.open(data)
        let trainer = try Trainer(
            model: folder, baseName: model, tuples: kind.trainingTuples(split: "train", path: data), dataName: data,
            settings: settings)

        let evaluator = try evaluation.evalEvery == nil ? nil : heldOut(on: kind)
        trainer.warnings.forEach(Console.warn)
        Interruption.letWorkStopItself()
        let observer = ProgressObserver(metric: evaluator?.metric, isQuiet: printing.quiet)
        let result = try trainer.train(
            into: output, start: start, observer: observer, evaluator: evaluator,
            reporting: reporting(on: kind, evaluator), isCancelled: { Interruption.isRequested })
        observer.finish()
        if printing.json {
            Console.print(try TrainingRun(path: output).record())
        } else {
            report(result, metric: evaluator?.metric)
        }
    }

    private func reporting(on kind: DataSetKind, _ evaluator: HeldOutRetrieval?) throws -> RunReporting {
        switch evaluation.report {
        case .some(.none): return .none
        case .brief: return .brief
        case .full: return .full(on: try evaluator ?? heldOut(on: kind))
        case nil:
            // Nobody asked: where there is something to evaluate on, a part of it must do.
            let sample = try? HeldOutRetrieval(sampleOf: kind, path: data, maxLength: learning.maxLength)
            return .full(on: evaluator ?? sample.map(showingProgress))
        }
    }

    private func heldOut(on kind: DataSetKind) throws -> HeldOutRetrieval {
        showingProgress(try HeldOutRetrieval(of: kind, path: data, maxLength: learning.maxLength))
    }

    private func showingProgress(_ evaluator: HeldOutRetrieval) -> HeldOutRetrieval {
        var evaluator = evaluator
        let passes = PassProgress("evaluate", unit: "texts", isQuiet: printing.quiet)
        evaluator.progress = { passes.update(done: $0, total: $1) }
        return evaluator
    }

    private func report(_ result: TrainingResult, metric: String?) {
        Console.print(
            "\(output): \(result.steps) steps in \(Console.duration(result.seconds)), last loss "
                + Console.fixed(result.loss, 4))
        if let report = result.report { Console.print("  report: \(report)") }
        guard let metric, let base = result.before?.metrics[metric], let best = result.best,
            let tuned = best.metrics[metric]
        else { return }
        Console.print(
            "  \(metric) on dev: base \(Console.fixed(base, 4)), kept adapter \(Console.fixed(tuned, 4)) "
                + "(step \(best.step))")
    }

    private var settings: TrainingSettings {
        var settings = TrainingSettings()
        settings.method = adapter.method
        settings.rank = adapter.rank
        settings.alpha = adapter.alpha
        settings.variant = adapter.variant
        settings.dropout = adapter.dropout
        settings.targets = adapter.targets.split(separator: ",").map(String.init)
        settings.scale = learning.scale
        settings.epochs = learning.epochs
        settings.maxSteps = learning.maxSteps
        settings.batchSize = learning.batchSize
        settings.learningRate = learning.lr
        settings.schedule = learning.schedule
        settings.warmup = learning.warmup
        settings.maxLength = learning.maxLength
        settings.seed = learning.seed
        settings.weightDecay = learning.weightDecay
        settings.maxGradientNorm = learning.maxGradNorm
        settings.evaluateEvery = evaluation.evalEvery
        settings.patience = evaluation.patience
        settings.checkpointEvery = checkpointEvery
        settings.memoryBudget = memoryBudget
        return settings
    }
}

extension TrainCommand {
    static let configurableFlags: [String: ConfigurationFile.Kind] = [
        "model": .text, "data": .text, "output": .text,
        "method": .choice(of: TrainingSettings.Method.self), "rank": .wholeNumber, "alpha": .number,
        "variant": .choice(of: TrainingSettings.Variant.self), "dropout": .number, "targets": .texts,
        "loss": .choice(of: LearningFlags.Loss.self), "scale": .number, "epochs": .wholeNumber,
        "max-steps": .wholeNumber, "batch-size": .wholeNumber, "lr": .number,
        "schedule": .choice(of: LearningRateSchedule.Shape.self), "warmup": .number, "max-length": .wholeNumber,
        "seed": .seed, "weight-decay": .number, "max-grad-norm": .number, "eval-every": .wholeNumber,
        "patience": .wholeNumber, "report": .choice(of: EvaluationFlags.Report.self), "checkpoint-every": .wholeNumber,
        "memory-budget": .wholeNumber,
        "threads": .wholeNumber, "precision": .choice(of: Precision.self), "resume": .onOff,
        "force": .onOff, "json": .onOff, "quiet": .onOff,
    ]
}

/// Shows how training comes along.
private struct ProgressObserver: TrainingObserver {
    private let progress: Progress
    private let metric: String?
    private let isQuiet: Bool

    init(metric: String?, isQuiet: Bool) {
        progress = Progress("train", unit: "steps", isQuiet: isQuiet)
        self.metric = metric
        self.isQuiet = isQuiet
    }

    func evaluated(_ evaluation: Evaluation, isBest: Bool) {
        guard let metric, let value = evaluation.metrics[metric] else { return }
        progress.finish()
        Console.note(
            "step \(evaluation.step): \(metric) \(Console.fixed(value, 4))" + (isBest ? ", the best so far" : ""),
            quiet: isQuiet)
    }

    func finished(_ step: TrainingProgress) {
        // A resumed run has steps behind it that this process did not take, and evaluations take time too.
        let pace = Progress.Pace(rate: 1 / step.seconds, secondsLeft: step.secondsLeft)
        progress.update(
            done: step.step, total: step.totalSteps, pace: pace,
            remark: "loss \(Console.fixed(step.loss, 4)), lr \(Figures.short(step.learningRate)), "
                + "\(Console.fixed(step.pairsPerSecond, 1)) pairs/s")
        // What the report evaluates has a bar of its own.
        if step.step == step.totalSteps { progress.finish() }
    }

    func warned(_ message: String) {
        Console.warn(message)
    }

    func finish() {
        progress.finish()
    }
}
