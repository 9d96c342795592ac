internal import Files

#if canImport(Glibc)
    internal import Glibc
#endif

/// `metrics.jsonl`: a line a step, appended as the run goes.
///
/// The fields `seconds`, `pairs_per_s` and `tokens_per_s` differ from run to run; all others are the same for the same
/// settings, model and data, also in a run that was interrupted and resumed.
final class MetricsLog {
    private let path: String
    private let file: UnsafeMutablePointer<FILE>

    /// Opens the log for a run that has taken `steps` steps: later lines, of steps that a resumed run takes again, are
    /// dropped. Returns whether a line of every step was there.
    static func open(_ path: String, afterSteps steps: Int) throws(FilesError) -> (log: MetricsLog, isComplete: Bool) {
        var kept: [String] = []
        if steps > 0, FileSystem.exists(path) {
            for line in String(decoding: try readFile(path), as: UTF8.self).split(separator: "\n").prefix(steps) {
                let value = try? JSONValue.parse(Array(line.utf8), path: path)
                guard value?["step"]?.intValue == kept.count + 1 else { break }
                kept.append(line + "\n")
            }
        }
        try writeFile(kept.joined(), to: path)
        return (try MetricsLog(appendingTo: path), kept.count == steps)
    }

    private init(appendingTo path: String) throws(FilesError) {
        guard let file = fopen(path, "ae") else {
            throw .cannotWrite(path: path, reason: String(cString: strerror(errno)))
        }
        self.path = path
        self.file = file
    }

    deinit { fclose(file) }

    /// Appends the line of a step, and its evaluation where there was one.
    func append(_ progress: TrainingProgress, evaluation: Evaluation?) throws(FilesError) {
        var line: [String: JSONValue] = [
            "step": .integer(Int64(progress.step)), "epoch": .number(progress.epoch), "loss": .number(progress.loss),
            "lr": .number(progress.learningRate), "gradient_norm": .number(progress.gradientNorm),
            "seconds": .number(progress.seconds), "pairs_per_s": .number(progress.pairsPerSecond),
            "tokens_per_s": .number(progress.tokensPerSecond),
        ]
        if let anchor = progress.anchor { line["anchor"] = .number(anchor) }
        if let evaluation { line["evaluation"] = .object(evaluation.metrics.mapValues(JSONValue.number)) }
        let text = JSONValue.object(line).serialized() + "\n"
        guard fputs(text, file) >= 0, fflush(file) == 0 else { throw failure }
    }

    /// Puts what was appended on the disk, so that a checkpoint never knows more than the log.
    func synchronize() throws(FilesError) {
        guard fsync(fileno(file)) == 0 else { throw failure }
    }

    private var failure: FilesError { .cannotWrite(path: path, reason: String(cString: strerror(errno))) }
}
