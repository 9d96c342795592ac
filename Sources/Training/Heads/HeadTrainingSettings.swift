public import Files
public import LowRank

/// Everything that a user sets about the training of a head on frozen embeddings.
public struct HeadTrainingSettings: Sendable, Equatable {
    /// What a query's answer is held against.
    public enum Negatives: String, Sendable, Codable, CaseIterable {
        /// Every document of the training data: they are embedded already.
        case all
        /// The documents of the batch.
        case inBatch = "in-batch"
    }

    /// What training begins with.
    public enum Start: String, Sendable, Codable, CaseIterable {
        /// A head that changes nothing.
        case identity
        /// The least squared error from queries to their answers, drawn towards the identity by a penalty that held-out queries
        /// choose. Not for two layers.
        case ridge
    }

    /// The form of the head.
    public var kind = EmbeddingHead.Kind.linear
    /// The rank of a low-rank head.
    public var rank = 16
    /// The width between two layers.
    public var hidden = 256
    /// What a query's answer is held against.
    public var negatives = Negatives.all
    /// What training begins with.
    public var start = Start.identity
    /// The learning rate at the height of the schedule; nil for that of the kind.
    public var learningRate: Double?
    /// What follows the warm-up.
    public var schedule = LearningRateSchedule.Shape.linear
    /// The part of the run over which the learning rate rises, from 0 to 1.
    public var warmup = 0.1
    /// Passes over the data, at most.
    public var epochs = 20
    /// Passes without a new best after which training ends.
    public var patience = 4
    /// The number of steps, at most; nil for no such limit.
    public var maxSteps: Int?
    /// Queries in a batch.
    public var batchSize = 64
    /// What cosines are multiplied by before the softmax.
    public var scale = 20.0
    /// What AdamW draws the matrices back to where they began by, relative to the learning rate. Biases are not drawn.
    public var weightDecay = 0.01
    /// Gradients are scaled down to this norm where they are longer; 0 leaves them as they are.
    public var maxGradientNorm = 1.0
    /// The part of the queries that says when to stop and which head to keep; 0 for none.
    public var heldOut = 0.1
    /// Tokens that a text is cut to; nil for the model's own limit.
    public var maxLength: Int?
    /// Decides the head's first values, the order of the data and which queries are held out.
    public var seed: UInt64 = 0

    /// The defaults.
    public init() {}

    /// R or F.
    var inner: Int { kind == .twoLayer ? hidden : rank }

    /// The learning rate, where nobody sets one that of the kind.
    public var effectiveLearningRate: Double {
        learningRate ?? (kind == .twoLayer ? 2e-4 : 1e-3)
    }

    /// Refuses what no run can be made with.
    public func validate() throws(TrainingError) {
        func require(_ holds: Bool, _ name: String, _ found: String, _ expected: String) throws(TrainingError) {
            guard holds else { throw .invalidSetting(name: name, found: found, expected: expected) }
        }
        let rate = effectiveLearningRate
        try require(rank >= 1, "rank", "\(rank)", "a positive number")
        try require(hidden >= 1, "head-hidden", "\(hidden)", "a positive number")
        try require(
            start == .identity || kind != .twoLayer, "head-start", start.rawValue, "identity with two layers")
        try require(
            start == .identity || heldOut > 0, "head-start", start.rawValue, "identity without held-out queries")
        try require(rate > 0 && rate.isFinite, "lr", "\(rate)", "a positive number")
        try require((0...1).contains(warmup), "warmup", "\(warmup)", "a part of the run, from 0 to 1")
        try require(epochs >= 1, "epochs", "\(epochs)", "a positive number")
        try require(patience >= 1, "patience", "\(patience)", "a positive number")
        try require(maxSteps ?? 1 >= 1, "max-steps", "\(maxSteps ?? 1)", "a positive number")
        try require(batchSize >= 2, "batch-size", "\(batchSize)", "at least 2")
        try require(scale > 0 && scale.isFinite, "scale", "\(scale)", "a positive number")
        try require(weightDecay >= 0 && weightDecay.isFinite, "weight-decay", "\(weightDecay)", "0 or more")
        try require(
            maxGradientNorm >= 0 && maxGradientNorm.isFinite, "max-grad-norm", "\(maxGradientNorm)", "0 or more")
        try require((0..<0.9).contains(heldOut), "held-out", "\(heldOut)", "from 0 to less than 0.9")
        try require(maxLength ?? 3 >= 3, "max-length", "\(maxLength ?? 3)", "at least 3 tokens")
    }

    /// The settings under the names of the command line's flags; they decide the bits of the result.
    public var json: [String: JSONValue] {
        func optional(_ value: Int?) -> JSONValue { value.map { .integer(Int64($0)) } ?? .null }
        return [
            "method": .string(TrainingSettings.Method.queryHead.rawValue), "head": .string(kind.rawValue),
            "rank": .integer(Int64(rank)), "head-hidden": .integer(Int64(hidden)),
            "head-negatives": .string(negatives.rawValue), "head-start": .string(start.rawValue),
            "lr": .number(effectiveLearningRate), "schedule": .string(schedule.rawValue), "warmup": .number(warmup),
            "epochs": .integer(Int64(epochs)), "patience": .integer(Int64(patience)), "max-steps": optional(maxSteps),
            "batch-size": .integer(Int64(batchSize)), "scale": .number(scale), "weight-decay": .number(weightDecay),
            "max-grad-norm": .number(maxGradientNorm), "held-out": .number(heldOut), "max-length": optional(maxLength),
            "seed": .string(String(seed)),
        ]
    }
}
