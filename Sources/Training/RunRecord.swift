internal import Files

/// What `run.json` says of a run: what it is made of, where and when it ran, and what it came to.
struct RunRecord {
    /// The members of the document.
    private(set) var json: [String: JSONValue]

    private static let format = 1

    /// The record of a run that begins now.
    init(trainer: Trainer, identity: RunIdentity) {
        var settings = trainer.settings.json
        settings.merge(identity.settings) { $1 }
        var model = identity.model
        model["reference"] = .string(trainer.baseName)
        var data = identity.data
        data["name"] = .string(trainer.dataName)
        json = [
            "format": .integer(Int64(Self.format)), "attune": .string(attuneVersion),
            "state": .string(TrainingRun.State.running.rawValue), "settings": .object(settings),
            "model": .object(model), "data": .object(data), "hardware": Hardware.json,
            "total_steps": .integer(Int64(trainer.totalSteps)), "started": .string(timestamp()),
        ]
    }

    /// Notes what the steps need of the memory.
    mutating func planned(_ memory: MemoryPlan) { json["memory"] = memory.jsonValue }

    /// Notes what each mining of hard negatives came to.
    mutating func mined(_ history: [JSONValue]) { json["mining"] = .array(history) }

    /// Takes over when the run began, and notes that it goes on now.
    mutating func continues(_ recorded: JSONValue) {
        if let started = recorded["started"] { json["started"] = started }
        json["resumed"] = .array((recorded["resumed"]?.arrayValue ?? []) + [.string(timestamp())])
    }

    /// The record of a run that an error has ended.
    func ended(by error: TrainingError) -> [String: JSONValue] { error.ending(json) }

    /// Notes the result.
    mutating func finish(_ result: TrainingResult, stoppedEarly: Bool) {
        json["state"] = .string(TrainingRun.State.finished.rawValue)
        json["finished"] = .string(timestamp())
        json["result"] = [
            "steps": .integer(Int64(result.steps)), "stopped_early": .bool(stoppedEarly),
            "loss": .number(result.loss), "parameters": .integer(Int64(result.parameters)),
            "adapter_sha256": .string(result.adapterDigest), "seconds": .number(result.seconds),
            "before": result.before?.json ?? .null, "best": result.best?.json ?? .null,
            "dial": result.dial?.json ?? .null,
        ]
    }
}

extension RunIdentity {
    /// What a run was made of, by its record.
    init(record: JSONValue) {
        func members(_ key: String) -> [String: JSONValue] { record[key]?.objectValue ?? [:] }
        self.init(settings: members("settings"), model: members("model"), data: members("data"))
    }
}

extension Evaluation {
    fileprivate var json: JSONValue {
        ["step": .integer(Int64(step)), "metrics": .object(metrics.mapValues(JSONValue.number))]
    }
}

extension TrainingError {
    /// The record of a run that this has ended.
    func ending(_ record: [String: JSONValue]) -> [String: JSONValue] {
        var ended = record
        if case .interrupted = self {
            ended["state"] = .string(TrainingRun.State.interrupted.rawValue)
        } else {
            ended["state"] = .string(TrainingRun.State.failed.rawValue)
            ended["error"] = .string(description)
        }
        return ended
    }
}
