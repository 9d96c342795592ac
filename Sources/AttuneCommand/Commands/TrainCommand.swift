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
    @Option(
        name: .shortAndLong,
        help: ArgumentHelp("A data set with a split `train`; may be given several times.", valueName: "folder"))
    var data: [String]
    @Option(name: .shortAndLong, help: ArgumentHelp("The run folder.", valueName: "run"))
    var output: String

    @OptionGroup(title: "Adapter") var adapter: AdapterFlags
    @OptionGroup(title: "Query head") var head: HeadFlags
    @OptionGroup(title: "Loss") var loss: LossFlags
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

    func validate() throws {
        if adapter.method != .lora, forgetting.dial {
            throw ValidationError("--dial is an adapter's strength; --method \(adapter.method.rawValue) has no adapter")
        }
        try checkHead()
        if adapter.method != .queryHead, engine.precision == .int8 {
            throw ValidationError("--precision is int8; training computes in f32 or bf16")
        }
    }

    func run() throws {
        engine.apply()
        if adapter.method == .queryHead { return try trainHead() }
        let start: TrainingRun.Start = resume ? .resuming : force.force ? .replacing : .new
        try TrainingRun(path: output).check(start)
        let folder = try ModelFolder(path: ModelReference.resolve(model))
        let kinds = try data.map { try DataSet.open($0) }
        let evaluator = try evaluator(on: kinds[0])
        let trainer = try Trainer(
            model: folder, baseName: model,
            sets: zip(data, kinds).map { try TrainingSet(name: $0, rows: TrainingRows($1, path: $0)) },
            settings: settings(), mining: mining.task(of: kinds, paths: data),
            anchorTexts: forgetting.readAnchorTexts())

        let dial = try forgetting.makeDial(domain: evaluator, maxLength: learning.maxLength)
        let reporting = try reporting(on: kinds[0], evaluator)
        trainer.warnings.forEach(Console.warn)
        Interruption.letWorkStopItself()
        let observer = TrainProgress(
            metric: evaluator?.metric, canaryMetric: dial?.canary.metric, isQuiet: printing.quiet)
        let result = try trainer.train(
            into: output, start: start, observer: observer, evaluator: evaluator, dial: dial, reporting: reporting,
            isCancelled: { Interruption.isRequested })
        observer.finish()
        if printing.json {
            Console.print(try TrainingRun(path: output).record())
        } else {
            report(result, metric: evaluator?.metric)
        }
    }

    /// What the run is evaluated with on its way.
    private func evaluator(on kind: DataSetKind) throws -> (any DevelopmentEvaluator)? {
        guard evaluation.evalEvery != nil || forgetting.dial else { return nil }
        return try heldOut(on: kind)
    }

    private func reporting(
        on kind: DataSetKind, _ evaluator: (any DevelopmentEvaluator)?
    ) throws -> RunReporting {
        switch evaluation.report {
        case .some(.none): return .none
        case .brief: return .brief
        case .full: return .full(on: try (evaluator ?? heldOut(on: kind)) as? any ExplainingEvaluator)
        case nil:
            guard evaluator == nil else { return .full() }
            // Nobody asked: where there is something to evaluate on, a part of it must do.
            var sample = try? HeldOutRetrieval(sampleOf: kind, path: data[0], maxLength: learning.maxLength)
            sample?.progress = showingProgress
            return .full(on: sample)
        }
    }

    private func heldOut(on kind: DataSetKind) throws -> any DevelopmentEvaluator {
        try HeldOut.evaluator(of: kind, path: data[0], maxLength: learning.maxLength, progress: showingProgress)
    }

    private var showingProgress: (Int, Int) -> Void {
        let passes = PassProgress("evaluate", unit: "texts", isQuiet: printing.quiet)
        return { passes.update(done: $0, total: $1) }
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
        guard let dial = result.dial else { return }
        Console.print(
            "  strength \(Console.fixed(dial.chosen.scale, 3)): the canary's \(dial.canaryMetric) loses "
                + "\(Console.fixed(dial.loss(at: dial.chosen), 4)) of \(Console.fixed(dial.budget, 4)) allowed")
    }
}
