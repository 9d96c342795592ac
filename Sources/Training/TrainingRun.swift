public import Files

/// The folder of a training run.
///
/// It is there from the start of the run, with `run.json` saying `"state": "running"`, `metrics.jsonl` growing by a line a
/// step, TensorBoard's `events.out.tfevents.*` and `checkpoints/step-N`. At the end `adapter_config.json` and `adapter_model.safetensors` (PEFT's layout),
/// `README.md` (the model card), `report.html` and a `run.json` with the state `finished` and the result join them.
public struct TrainingRun: Sendable {
    /// How a run uses a folder that may be there already.
    public enum Start: Sendable {
        /// The folder must not be there, or be empty.
        case new
        /// A run that is there is replaced; a folder that holds anything but a run is not touched.
        case replacing
        /// The run that is there goes on from its newest checkpoint that can be read.
        case resuming
    }

    /// What `run.json` says of a run.
    public enum State: String, Sendable {
        /// It runs, or its process ended without a word.
        case running
        /// It was asked to stop.
        case interrupted
        /// It met an error.
        case failed
        /// It is complete.
        case finished
    }

    /// The folder.
    public let path: String

    /// A run in a folder; nothing is read or written yet.
    public init(path: String) { self.path = path }

    /// Settings, versions, digests, hardware, times and the result.
    public var recordPath: String { FileSystem.joined(path, "run.json") }
    /// A line a step.
    public var metricsPath: String { FileSystem.joined(path, "metrics.jsonl") }
    /// A folder a checkpoint, the last two.
    public var checkpointsPath: String { FileSystem.joined(path, "checkpoints") }
    /// Curves, base against tuned, the queries won and lost, costs: a page in one file.
    public var reportPath: String { FileSystem.joined(path, "report.html") }
    /// The model card.
    public var cardPath: String { FileSystem.joined(path, "README.md") }
    /// PEFT's configuration of the adapter.
    public var configurationPath: String { FileSystem.joined(path, "adapter_config.json") }
    /// The tuned model's folder, where the model's own weights were trained.
    public var modelPath: String { FileSystem.joined(path, "model") }
    /// The adapter's tensors.
    public var tensorsPath: String { FileSystem.joined(path, "adapter_model.safetensors") }

    /// What `run.json` holds.
    public func record() throws(TrainingError) -> JSONValue {
        guard FileSystem.isFile(recordPath) else { throw .noRun(path: path) }
        do throws(FilesError) {
            return try JSONValue.read(recordPath)
        } catch {
            throw .files(error)
        }
    }

    /// Where a run stands, by its record; one that this version does not know is an error.
    public func state() throws(TrainingError) -> State {
        let name = try record()["state"]?.stringValue
        guard let name, let state = State(rawValue: name) else {
            throw .files(.malformed(path: recordPath, line: nil, reason: "'state' is \(name ?? "missing")"))
        }
        return state
    }

    /// Refuses what a start of this kind must not touch. Nothing is changed: who has long work to do before the run
    /// begins asks first.
    public func check(_ start: Start) throws(TrainingError) {
        switch start {
        case .new:
            guard isFree else {
                throw FileSystem.isFile(recordPath) ? .runExists(path: path) : .notARun(path: path)
            }
        case .replacing:
            // A slip in the path must not cost a folder that is no run.
            guard isFree || FileSystem.isFile(recordPath) else { throw .notARun(path: path) }
        case .resuming:
            guard try state() != .finished else { throw .runFinished(path: path) }
        }
    }

    /// Makes the folder, or empties it of the run that it held. `check` comes first.
    func prepare(_ start: Start) throws(FilesError) {
        if case .replacing = start { try FileSystem.remove(path) }
        try FileSystem.makeDirectory(path)
    }

    /// Writes the record.
    func write(record: [String: JSONValue]) throws(FilesError) {
        try writeFile(JSONValue.object(record).serialized(pretty: true) + "\n", to: recordPath)
    }

    /// Whether there is nothing under the path, or an empty folder.
    private var isFree: Bool {
        guard FileSystem.exists(path) else { return true }
        return (try? FileSystem.names(in: path))?.isEmpty ?? false
    }
}
