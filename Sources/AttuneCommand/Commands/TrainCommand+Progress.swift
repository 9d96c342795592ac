import Attune

/// Shows how training comes along.
struct TrainProgress: TrainingObserver {
    private let progress: Progress
    private let metric: String?
    private let canaryMetric: String?
    private let isQuiet: Bool
    private let miningPasses: PassProgress

    /// - Parameters:
    ///   - metric: what is shown of an evaluation.
    ///   - canaryMetric: what is shown of the canary set.
    init(metric: String?, canaryMetric: String?, isQuiet: Bool) {
        progress = Progress("train", unit: "steps", isQuiet: isQuiet)
        self.metric = metric
        self.canaryMetric = canaryMetric
        self.isQuiet = isQuiet
        miningPasses = PassProgress("mine", unit: "texts", isQuiet: isQuiet)
    }

    func planned(_ memory: MemoryPlan) {
        func megabytes(_ bytes: Int) -> String { Figures.grouped((bytes + (1 << 20) - 1) >> 20) + " MB" }
        let way =
            memory.computesTwice
            ? "in parts, each computed twice, because a batch of the longest rows would take "
                + "\(megabytes(memory.activations)) of \(megabytes(memory.budget)) allowed"
            : "\(megabytes(memory.budget)) allowed"
        Console.note(
            "memory: \(megabytes(memory.weights)) of weights, \(megabytes(memory.trained)) of what trains, at most "
                + "\(megabytes(memory.activationsAtOnce)) of activations (\(way))", quiet: isQuiet)
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
        func text(_ name: String?, _ metrics: [String: Double]) -> String {
            name.flatMap { name in metrics[name].map { "\(name) \(Console.fixed($0, 4))" } } ?? ""
        }
        Console.note(
            "strength \(Console.fixed(point.scale, 3)): dev \(text(metric, point.domain)), "
                + "canary \(text(canaryMetric, point.canary))",
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
