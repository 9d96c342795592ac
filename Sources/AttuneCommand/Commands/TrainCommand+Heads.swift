public import ArgumentParser
public import Attune

extension TrainCommand {
    /// What `--method query-head` trains.
    struct HeadFlags: ParsableArguments {
        @Option(help: "The form of the head of --method query-head; a low-rank one has the rank of --rank.")
        var head = EmbeddingHead.Kind.linear
        @Option(help: "The width between the two layers of a head.") var headHidden = 256
        @Option(help: "What a query's answer is held against: all training documents, or those of the batch.")
        var headNegatives = HeadTrainingSettings.Negatives.all
        @Option(help: "What a head begins as: the identity, or ridge regression from queries to answers.")
        var headStart = HeadTrainingSettings.Start.identity
        @Option(help: "The part of the training queries that says when to stop.") var heldOut = 0.1
    }

    /// What the other methods have and a head has not.
    func checkHead() throws {
        guard adapter.method == .queryHead else { return }
        for (isSet, name) in [
            (resume, "--resume"), (loss.loss != .mnrl, "--loss"), (loss.directions != nil, "--directions"),
            (loss.matryoshka != nil, "--matryoshka"), (mining.mine != nil, "--mine"),
            (evaluation.evalEvery != nil, "--eval-every"), (learning.accumulate != 1, "--accumulate"),
            (forgetting.anchorSettings != nil, "--anchor"),
        ] where isSet {
            throw ValidationError(
                "\(name) is not for --method query-head, which trains on frozen embeddings in seconds")
        }
    }

    func headSettings() -> HeadTrainingSettings {
        var settings = HeadTrainingSettings()
        settings.kind = head.head
        settings.rank = adapter.rank
        settings.hidden = head.headHidden
        settings.negatives = head.headNegatives
        settings.start = head.headStart
        settings.heldOut = head.heldOut
        settings.learningRate = learning.lr
        settings.schedule = learning.schedule
        settings.warmup = learning.warmup
        settings.epochs = learning.epochs ?? settings.epochs
        settings.maxSteps = learning.maxSteps
        settings.batchSize = learning.batchSize
        settings.scale = loss.scale ?? settings.scale
        settings.weightDecay = learning.weightDecay
        settings.maxGradientNorm = learning.maxGradNorm
        settings.maxLength = learning.maxLength
        settings.seed = learning.seed
        return settings
    }

    func trainHead() throws {
        let start: TrainingRun.Start = force.force ? .replacing : .new
        try TrainingRun(path: output).check(start)
        let folder = try ModelFolder(path: ModelReference.resolve(model))
        var tuples: [TrainingTuple] = []
        for path in data { tuples += try DataSet.open(path).trainingTuples(split: "train", path: path) }
        let trainer = try HeadTrainer(
            model: folder, baseName: model, tuples: tuples, dataName: data.joined(separator: ", "),
            settings: headSettings(), precision: try engine.precision(for: folder, quiet: printing.quiet))
        trainer.encoder.warnings.forEach(Console.warn)
        Interruption.letWorkStopItself()
        let passes = PassProgress("embed", unit: "texts", isQuiet: printing.quiet)
        let observer = TrainProgress(metric: "ndcg@10", canaryMetric: nil, isQuiet: printing.quiet)
        let result = try trainer.train(
            into: output, start: start, embedding: { passes.update(done: $0, total: $1) }, observer: observer,
            isCancelled: { Interruption.isRequested })
        observer.finish()
        if printing.json { return Console.print(try TrainingRun(path: output).record()) }
        Console.print(
            "\(output): \(result.steps) steps, \(result.epochs) passes in \(Console.fixed(result.seconds, 1)) s, after "
                + "\(Console.fixed(result.embeddingSeconds, 1)) s of embedding")
        guard let before = result.before, let best = result.best else {
            return Console.print("  too few queries to hold any out: the last head is kept")
        }
        Console.print(
            "  ndcg@10 of \(result.heldOutQueries) held-out queries among the training documents: base "
                + "\(Console.fixed(before, 4)), kept head \(Console.fixed(best, 4)) (pass \(result.keptEpoch))")
    }
}

extension EmbeddingHead.Kind: ExpressibleByArgument {}
extension HeadTrainingSettings.Negatives: ExpressibleByArgument {}
extension HeadTrainingSettings.Start: ExpressibleByArgument {}
