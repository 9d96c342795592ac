internal import Corpora
internal import Encoders
internal import Files
internal import LowRank
internal import ModelFiles
internal import VectorMath

/// `run.json` of a head's run, in the members of every other run's.
struct HeadRecord {
    private(set) var json: [String: JSONValue]

    private static let format = 1

    /// The record of a run that begins now.
    init(_ trainer: HeadTrainer) {
        let encoder = trainer.encoder
        json = [
            "format": .integer(Int64(Self.format)), "attune": .string(attuneVersion),
            "state": .string(TrainingRun.State.running.rawValue), "settings": .object(trainer.settings.json),
            "model": [
                "reference": .string(trainer.baseName), "adapter": trainer.adapter.map { .string($0) } ?? .null,
                "weights": (try? trainer.model.weightsDigest().hex).map { .string($0) } ?? .null,
                "tokenizer": (try? trainer.model.tokenizerDigest().hex).map { .string($0) } ?? .null,
                "space": .string(encoder.space.digest), "dimension": .integer(Int64(encoder.dimension)),
                "query_prompt": .string(encoder.queryPrompt), "document_prompt": .string(encoder.documentPrompt),
                "max_length": .integer(Int64(trainer.settings.maxLength ?? encoder.maxLength)),
                "precision": .string(encoder.precision.rawValue),
            ],
            "data": [
                "name": .string(trainer.dataName), "tuples": .integer(Int64(trainer.tuples.count)),
                "sha256": .string(Self.digest(of: trainer.tuples).hex),
            ],
            "hardware": Hardware.json, "started": .string(timestamp()),
        ]
    }

    /// A digest of all tuples, each part with its length in front so that none runs into the next.
    private static func digest(of tuples: [TrainingTuple]) -> SHA256Digest {
        var hasher = SHA256Digest.Hasher()
        for tuple in tuples {
            hasher.update(Array("\(tuple.negatives.count) ".utf8))
            for text in [tuple.anchor, tuple.positive] + tuple.negatives { hasher.update(text: text) }
            if let group = tuple.group { hasher.update(text: group) }
        }
        return hasher.finalize()
    }

    /// Notes the result.
    mutating func finish(_ outcome: HeadFitting.Outcome, embedding: Double, training: Double) {
        func optional(_ value: Double?) -> JSONValue { value.map { .number($0) } ?? .null }
        json["state"] = .string(TrainingRun.State.finished.rawValue)
        json["finished"] = .string(timestamp())
        json["result"] = [
            "steps": .integer(Int64(outcome.steps)), "epochs": .integer(Int64(outcome.epochs)),
            "kept_epoch": .integer(Int64(outcome.keptEpoch)), "loss": .number(outcome.loss),
            "parameters": .integer(Int64(outcome.head.parameterCount)), "head_sha256": .string(outcome.head.digest),
            "held_out": [
                "queries": .integer(Int64(outcome.heldOutQueries)), "metric": .string(HeldOutRanking.metric),
                "before": optional(outcome.before), "start": optional(outcome.started), "best": optional(outcome.best),
            ],
            "embedding_seconds": .number(embedding), "seconds": .number(training),
        ]
    }

    /// The record of a run that an error has ended.
    func ended(by error: TrainingError) -> [String: JSONValue] { error.ending(json) }
}
