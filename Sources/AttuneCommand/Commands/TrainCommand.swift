import ArgumentParser
import Attune

struct TrainCommand: ParsableCommand {
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

    @Flag(help: "Go on from the newest checkpoint in the run folder.") var resume = false
    @Option(help: "Write a checkpoint after every so many steps (0: only when interrupted).") var checkpointEvery = 100
    @Option(help: ArgumentHelp("Memory that activations may take.", valueName: "bytes")) var memoryBudget = 2 << 30
    @OptionGroup var engine: EngineOptions
    @OptionGroup var force: ForceOption
    @OptionGroup var printing: OutputOptions

    struct AdapterFlags: ParsableArguments {
        @Option(help: "Rank of the adapter's matrices.") var rank = 16
        @Option(help: "Strength: the adapter's product is multiplied by alpha / rank.") var alpha = 32.0
        @Option(help: "Probability that an input of the adapter is dropped.") var dropout = 0.0
        @Option(help: "attention, all-linear, or module names separated by commas.") var targets = "attention"
    }

    struct LearningFlags: ParsableArguments {
        @Option(help: "What multiplies the cosines in the loss.") var scale = 20.0
        @Option(help: "Passes over the data.") var epochs = 1
        @Option(help: "Stop after so many steps.") var maxSteps: Int?
        @Option(help: "Pairs a batch.") var batchSize = 64
        @Option(help: "Learning rate at its highest.") var lr = 1e-3
        @Option(help: "What follows the warm-up: linear, cosine or constant.", transform: Choice.parse)
        var schedule = LearningRateSchedule.Shape.linear
        @Option(help: "Part of the run over which the learning rate rises.") var warmup = 0.1
        @Option(help: "Tokens that a text is cut to (default: the model's limit).") var maxLength: Int?
        @Option(help: "Decides the first values, the order of the data and dropout.") var seed: UInt64 = 0
        @Option(help: "AdamW's weight decay.") var weightDecay = 0.01
    }

    func run() throws {
        engine.apply()
        let folder = try ModelFolder(path: ModelReference.resolve(model))
        let kind = try DataSet.open(data)
        let trainer = try Trainer(
            model: folder, baseName: model, tuples: kind.trainingTuples(split: "train", path: data), dataName: data,
            settings: settings)

        trainer.warnings.forEach(Console.warn)
        Interruption.letWorkStopItself()
        let observer = ProgressObserver(isQuiet: printing.quiet)
        let start: TrainingRun.Start = resume ? .resuming : force.force ? .replacing : .new
        let result = try trainer.train(
            into: output, start: start, observer: observer, isCancelled: { Interruption.isRequested })
        observer.finish()
        if printing.json {
            Console.print(try TrainingRun(path: output).record())
        } else {
            Console.print(
                "\(output): \(result.steps) steps in \(Console.duration(result.seconds)), last loss "
                    + Console.fixed(result.loss, 4))
        }
    }

    private var settings: TrainingSettings {
        var settings = TrainingSettings()
        settings.rank = adapter.rank
        settings.alpha = adapter.alpha
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
        settings.checkpointEvery = checkpointEvery
        settings.memoryBudget = memoryBudget
        return settings
    }
}

/// Shows how training comes along.
private struct ProgressObserver: TrainingObserver {
    private let progress: Progress

    init(isQuiet: Bool) {
        progress = Progress("train", unit: "steps", isQuiet: isQuiet)
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
