public import Encoders
public import Files
public import LowRank
public import ModelFiles

/// Why a training run cannot begin, continue or end.
public enum TrainingError: Error {
    /// A setting that no run can be made with; the name is the command line's.
    case invalidSetting(name: String, found: String, expected: String)
    /// In-batch training needs at least two tuples.
    case tooFewTuples(found: Int)
    /// The data are not what the loss learns from.
    case unfitData(data: String, loss: String, needs: String, reason: String)
    /// The loss of a step is NaN or infinite.
    case nonFiniteLoss(step: Int, tuples: [String])
    /// A gradient of a step is NaN or infinite.
    case nonFiniteGradient(step: Int, module: String, tuples: [String])
    /// The run was asked to stop. What was done up to the step is in the checkpoint, if there was any step.
    case interrupted(step: Int, checkpoint: String?)
    /// The run's folder is there already and neither replacing nor resuming was asked for.
    case runExists(path: String)
    /// A folder that is to be replaced holds something else than a run.
    case notARun(path: String)
    /// There is no run to resume.
    case noRun(path: String)
    /// The run to resume has ended.
    case runFinished(path: String)
    /// What a run was started with is not what it is to be resumed with.
    case resumeMismatch(path: String, what: String, recorded: String, found: String)
    /// A checkpoint cannot be read.
    case damagedCheckpoint(path: String, reason: String)
    /// A run has checkpoints, and none of them can be read.
    case noValidCheckpoint(path: String, reasons: [String])
    /// The evaluation on held-out data failed, or did not give the number that it was to give.
    case evaluationFailed(step: Int, reason: String)
    /// The encoder's vectors could not be searched for hard negatives.
    case miningFailed(reason: String)
    /// A file could not be read or written.
    case files(FilesError)
    /// A model's or an adapter's file is not what it should be.
    case modelFiles(ModelFilesError)
    /// The adapter does not fit the model.
    case lowRank(LowRankError)
    /// The encoder refused.
    case encoders(EncodersError)
}

extension TrainingError: CustomStringConvertible {
    public var description: String { text.onOneLine }

    private var text: String {
        switch self {
        case .invalidSetting(let name, let found, let expected):
            "\(name) is \(found), expected \(expected)"
        case .tooFewTuples(let found):
            "the training data has \(found) \(found == 1 ? "pair" : "pairs"), expected at least 2"
        case .unfitData(let data, let loss, let needs, let reason):
            "\(data) does not fit the loss \(loss), which learns from \(needs): \(reason)"
        case .nonFiniteLoss(let step, let tuples):
            "the loss of step \(step) is not a finite number (batch: \(list(tuples))): try a lower learning rate"
        case .nonFiniteGradient(let step, let module, let tuples):
            "the gradient of \(module) in step \(step) is not finite (batch: \(list(tuples))): try a lower learning rate"
        case .interrupted(let step, let checkpoint?):
            "interrupted after step \(step); \(checkpoint) continues with --resume"
        case .interrupted(let step, nil):
            "interrupted after step \(step), before there was anything to keep"
        case .runExists(let path):
            "\(path) exists: --resume continues it, --force replaces it"
        case .notARun(let path):
            "\(path) exists and is no training run: it is not replaced"
        case .noRun(let path):
            "\(path) holds no run to resume: run.json is missing"
        case .runFinished(let path):
            "\(path) has finished: there is nothing to resume"
        case .resumeMismatch(let path, let what, let recorded, let found):
            "\(path) cannot be resumed: \(what) was \(recorded), is now \(found)"
        case .damagedCheckpoint(let path, let reason):
            "\(path) is damaged: \(reason)"
        case .noValidCheckpoint(let path, let reasons):
            "\(path) has no checkpoint that can be read: \(reasons.joined(separator: "; "))"
        case .evaluationFailed(let step, let reason):
            "the evaluation after step \(step) failed: \(reason)"
        case .miningFailed(let reason): "hard negatives could not be mined: \(reason)"
        case .files(let error): error.description
        case .modelFiles(let error): error.description
        case .lowRank(let error): error.description
        case .encoders(let error): error.description
        }
    }

    private func list(_ tuples: [String]) -> String {
        let shown = tuples.prefix(8).joined(separator: ", ")
        return tuples.count > 8 ? "\(shown), … \(tuples.count) in all" : shown
    }
}
