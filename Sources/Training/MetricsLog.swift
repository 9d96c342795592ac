internal import Files

/// `metrics.jsonl`: a line a step, appended as the run goes.
///
/// The fields `seconds`, `evaluation_seconds`, `pairs_per_s` and `tokens_per_s` differ from run to run; all others are the same for
/// the same settings, model and data, also in a run that was interrupted and resumed.
struct MetricsLog {
    private let file: AppendedFile

    /// What a line says of a step.
    struct Line: Sendable, Equatable {
        var step: Int
        var loss: Double
        var learningRate: Double
        var gradientNorm: Double
        var seconds: Double
        var pairsPerSecond: Double
        /// Tuples of the batch; nil in runs that did not write it down.
        var pairs: Int?
        /// Tokens that were computed.
        var tokens: Int?
        /// Candidates that were left out of the loss as false negatives.
        var masked: Int?
        /// What the anchor's term added to the loss, where the run has one.
        var anchor: Double?
        /// The metrics of the evaluation after the step, where there was one.
        var evaluation: [String: Double]?
        /// What that evaluation took.
        var evaluationSeconds: Double?

        /// Nil where the value is no such line.
        init?(_ value: JSONValue) {
            func number(_ key: String) -> Double? { value[key]?.doubleValue }
            guard let step = value["step"]?.intValue, let loss = number("loss"), let rate = number("lr") else {
                return nil
            }
            self.step = step
            self.loss = loss
            learningRate = rate
            gradientNorm = number("gradient_norm") ?? .nan
            seconds = number("seconds") ?? 0
            pairsPerSecond = number("pairs_per_s") ?? .nan
            pairs = value["pairs"]?.intValue
            tokens = value["tokens"]?.intValue
            masked = value["masked"]?.intValue
            anchor = number("anchor")
            evaluation = value["evaluation"]?.objectValue?.compactMapValues(\.doubleValue)
            evaluationSeconds = number("evaluation_seconds")
        }
    }

    /// Opens the log for a run that has taken `steps` steps: later lines, of steps that a resumed run takes again, are
    /// dropped. Returns the earlier ones too, as many as there are without a gap.
    static func open(_ path: String, afterSteps steps: Int) throws(FilesError) -> (log: MetricsLog, earlier: [Line]) {
        let kept = steps > 0 ? try lines(path).prefix(steps) : []
        try writeFile(kept.map { $0.text + "\n" }.joined(), to: path)
        return (MetricsLog(file: try AppendedFile(path)), kept.map(\.line))
    }

    /// The steps of a run from the first on, up to the first that is missing; none where there is no such file.
    static func read(_ path: String) throws(FilesError) -> [Line] { try lines(path).map(\.line) }

    private static func lines(_ path: String) throws(FilesError) -> [(text: String, line: Line)] {
        guard FileSystem.exists(path) else { return [] }
        var lines: [(text: String, line: Line)] = []
        for text in String(decoding: try readFile(path), as: UTF8.self).split(separator: "\n") {
            guard let value = try? JSONValue.parse(Array(text.utf8), path: path), let line = Line(value),
                line.step == lines.count + 1
            else { break }
            lines.append((String(text), line))
        }
        return lines
    }

    /// Appends the line of a step, and its evaluation where there was one.
    func append(
        _ progress: TrainingProgress, evaluation: Evaluation?, evaluationSeconds: Double? = nil
    ) throws(FilesError) {
        var line: [String: JSONValue] = [
            "step": .integer(Int64(progress.step)), "epoch": .number(progress.epoch), "loss": .number(progress.loss),
            "lr": .number(progress.learningRate), "gradient_norm": .number(progress.gradientNorm),
            "seconds": .number(progress.seconds), "pairs_per_s": .number(progress.pairsPerSecond),
            "tokens_per_s": .number(progress.tokensPerSecond), "pairs": .integer(Int64(progress.pairs)),
            "tokens": .integer(Int64(progress.tokens)), "masked": .integer(Int64(progress.maskedNegatives)),
        ]
        if let anchor = progress.anchor { line["anchor"] = .number(anchor) }
        if let evaluation { line["evaluation"] = .object(evaluation.metrics.mapValues(JSONValue.number)) }
        if let evaluationSeconds { line["evaluation_seconds"] = .number(evaluationSeconds) }
        try file.append(Array((JSONValue.object(line).serialized() + "\n").utf8))
    }

    /// Puts what was appended on the disk, so that a checkpoint never knows more than the log.
    func synchronize() throws(FilesError) { try file.synchronize() }
}
