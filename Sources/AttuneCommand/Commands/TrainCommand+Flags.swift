import ArgumentParser
import Attune

extension TrainCommand {
    struct LearningFlags: ParsableArguments {
        @Option(help: "Passes over the data (default: 1; query-head: at most 20).") var epochs: Int?
        @Option(help: "Stop after so many steps.") var maxSteps: Int?
        @Option(help: "Rows of the data a batch.") var batchSize = 64
        @Option(
            help: ArgumentHelp(
                "Batches a step. It adds no negatives: a larger --batch-size does, in the same memory.",
                valueName: "batches"))
        var accumulate = 1
        @Option(
            help:
                "Learning rate at its highest (default: 1e-3 for lora and query-head, 4e-5 for full, 1e-4 for last-layers)."
        )
        var lr: Double?
        @Option(help: "What follows the warm-up.") var schedule = LearningRateSchedule.Shape.linear
        @Option(help: "Part of the run over which the learning rate rises.") var warmup = 0.1
        @Option(help: "Tokens that a text is cut to (default: the model's limit).") var maxLength: Int?
        @Option(help: "Decides the first values, the order of the data and dropout.") var seed: UInt64 = 0
        @Option(help: "AdamW's weight decay.") var weightDecay = 0.01
        @Option(help: "Gradients that are longer are scaled down to this norm (0: never).") var maxGradNorm = 1.0
    }

    struct EvaluationFlags: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "Evaluate on the split `dev` of the first data set before the first step, after every so many and after the last; the best "
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

    /// The settings that the flags make.
    func settings() throws -> TrainingSettings {
        var settings = TrainingSettings()
        try adapter.apply(to: &settings)
        settings.loss = try loss.settings()
        settings.mixing = loss.mixing
        settings.epochs = learning.epochs ?? 1
        settings.maxSteps = learning.maxSteps
        settings.batchSize = learning.batchSize
        settings.accumulate = learning.accumulate
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

    static let configurableFlags: [String: ConfigurationFile.Kind] = [
        "model": .text, "data": .repeatedTexts(short: "d"), "output": .text,
        "epochs": .wholeNumber,
        "max-steps": .wholeNumber, "batch-size": .wholeNumber,
        "accumulate": .wholeNumber, "lr": .number,
        "schedule": .choice(of: LearningRateSchedule.Shape.self), "warmup": .number, "max-length": .wholeNumber,
        "seed": .seed, "weight-decay": .number, "max-grad-norm": .number, "eval-every": .wholeNumber,
        "patience": .wholeNumber, "report": .choice(of: EvaluationFlags.Report.self), "checkpoint-every": .wholeNumber,
        "memory-budget": .wholeNumber, "head": .choice(of: EmbeddingHead.Kind.self), "head-hidden": .wholeNumber,
        "head-negatives": .choice(of: HeadTrainingSettings.Negatives.self),
        "head-start": .choice(of: HeadTrainingSettings.Start.self), "held-out": .number,
        "threads": .wholeNumber, "precision": .choice(of: Precision.self), "resume": .onOff,
        "force": .onOff, "json": .onOff, "quiet": .onOff,
    ].merging(LossFlags.configurableFlags) { $1 }.merging(MiningFlags.configurableFlags) { $1 }
        .merging(ForgettingFlags.configurableFlags) { $1 }.merging(AdapterFlags.configurableFlags) { $1 }
}
