internal import Encoders
internal import Files

/// Who looks on while a run goes: writes its curves, warns when it goes wrong, and remembers what its report will tell.
final class RunWatch {
    /// What evaluations found for the report.
    struct Findings {
        var base: DetailedEvaluation?
        var best: DetailedEvaluation?
    }

    var findings = Findings()
    /// The time of the evaluations of this process that no line of the log tells of.
    private(set) var otherEvaluationSeconds = 0.0

    private let log: MetricsLog
    private let events: EventFile
    let observer: any TrainingObserver
    private var divergence = Divergence()
    /// The newest evaluation's queries, and how long it took.
    private(set) var newest: DetailedEvaluation?
    private var newestSeconds: Double?

    /// Opens the files of a run that has taken `steps` steps.
    init(_ run: TrainingRun, afterSteps steps: Int, observer: any TrainingObserver) throws(FilesError) {
        let opened = try MetricsLog.open(run.metricsPath, afterSteps: steps)
        if opened.earlier.count < steps { observer.warned("\(run.metricsPath) lacks lines of earlier steps") }
        log = opened.log
        events = try EventFile.open(in: run.path, afterSteps: steps)
        self.observer = observer
        for line in opened.earlier { _ = divergence.add(line.loss) }
    }

    // MARK: Evaluations

    /// Evaluates, and remembers what became of the queries where the evaluator says so.
    func evaluate(_ evaluator: any DevelopmentEvaluator, _ encoder: TextEncoder) throws -> [String: Double] {
        let clock = ContinuousClock()
        let start = clock.now
        defer {
            let seconds = (clock.now - start).seconds
            newestSeconds = seconds
            otherEvaluationSeconds += seconds
        }
        newest = nil
        guard let explaining = evaluator as? any ExplainingEvaluator else { return try evaluator.evaluate(encoder) }
        let detail = try explaining.evaluateInDetail(encoder)
        newest = detail
        return detail.metrics
    }

    /// The newest evaluation was that of the base model.
    func measuredBase(_ evaluation: Evaluation?) throws(FilesError) {
        findings.base = newest
        guard let evaluation else { return }
        try events.append(step: evaluation.step, scalars(of: evaluation))
    }

    /// The newest evaluation was the best one so far.
    func foundBest() { findings.best = newest }

    /// What is kept is no longer what the best evaluation was of.
    func forgetBest() { findings.best = nil }

    /// Evaluations took time that this watch was not asked for.
    func spentOnEvaluations(_ time: Duration) { otherEvaluationSeconds += time.seconds }

    // MARK: Steps

    /// Writes the line of a step down, and warns where the loss runs away.
    func finished(_ progress: TrainingProgress, evaluation: Evaluation?) throws(FilesError) {
        let evaluationSeconds = evaluation == nil ? nil : newestSeconds
        try log.append(progress, evaluation: evaluation, evaluationSeconds: evaluationSeconds)
        otherEvaluationSeconds -= evaluationSeconds ?? 0
        var figures = [
            ("train/loss", progress.loss), ("train/learning_rate", progress.learningRate),
            ("train/gradient_norm", progress.gradientNorm), ("train/pairs_per_second", progress.pairsPerSecond),
            ("train/epoch", progress.epoch),
        ]
        if let anchor = progress.anchor { figures.append(("train/anchor", anchor)) }
        if let evaluation { figures += scalars(of: evaluation) }
        try events.append(step: progress.step, figures)
        if let (first, last) = divergence.add(progress.loss) {
            observer.warned(
                "the loss runs away: its mean over the last \(Divergence.window) steps up to step \(progress.step) is "
                    + "\(last), over the first \(Divergence.window) it was \(first): try a lower learning rate")
        }
    }

    private func scalars(of evaluation: Evaluation) -> [(tag: String, value: Double)] {
        evaluation.metrics.sorted { $0.key < $1.key }.map { ("eval/\($0.key)", $0.value) }
    }

    /// Puts what was written on the disk, so that a checkpoint never knows more than the curves.
    func synchronize() throws(FilesError) {
        try log.synchronize()
        try events.synchronize()
    }
}

extension Duration {
    /// The length in seconds.
    var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}
