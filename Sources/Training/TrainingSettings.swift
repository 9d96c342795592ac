public import Files
public import ModelFiles
public import VectorMath

/// Everything that a user sets about a training run. The defaults are a recipe that works for LoRA on small encoders.
public struct TrainingSettings: Sendable, Equatable {
    /// What is trained.
    public enum Method: String, Sendable, Codable, CaseIterable {
        /// A low-rank adapter; the base model stays as it is.
        case lora
        /// All weights of the model.
        case full
        /// The weights of the last blocks; what the blocks below give is computed once a text.
        case lastLayers = "last-layers"
        /// A head on the queries of the frozen model: for ``HeadTrainer``, with settings of its own.
        case queryHead = "query-head"

        /// A learning rate that is a good start.
        public var learningRate: Double {
            switch self {
            case .lora: 1e-3
            case .full: 4e-5
            case .lastLayers: 1e-4
            case .queryHead: 1e-3
            }
        }
    }

    /// What is trained.
    public var method = Method.lora
    /// How many of the last blocks train with ``Method/lastLayers``.
    public var layers = 2
    /// The rank of the adapter's matrices.
    public var rank = 16
    /// The adapter's strength: its product is multiplied by alpha / rank.
    public var alpha = 32.0
    /// The probability that an input of the adapter is set to zero during training.
    public var dropout = 0.0
    /// Which kind of adapter trains.
    public var variant = Variant.lora
    /// Iterations of a randomised decomposition that PiSSA begins with; nil for the exact one.
    public var pissaIterations: Int?
    /// LoRA+ (arXiv:2402.12354): what B's learning rate is multiplied by, and that of DoRA's magnitudes; A keeps ``learningRate``.
    public var learningRateRatio = 1.0
    /// Other ranks than ``rank``, by regular expressions for the ends of module names.
    public var rankPattern: [String: Int] = [:]
    /// Other strengths than ``alpha``, by regular expressions for the ends of module names.
    public var alphaPattern: [String: Double] = [:]
    /// The numbers of the blocks that get an adapter, from 0; empty for all.
    public var layersToTransform: [Int] = []
    /// The modules that get an adapter: `attention` (query and value), `all-linear`, or names as PEFT matches them.
    public var targets = ["attention"]
    /// A regular expression that has to match the whole name of a module, in the place of ``targets``.
    public var targetPattern: String?
    /// The base model's biases that train along, at the learning rate of A and without decay: none, those of the adapted
    /// modules, or all.
    public var bias = AdapterBias.none
    /// The learning rate at the height of the schedule.
    public var learningRate = 1e-3
    /// What follows the warm-up.
    public var schedule = LearningRateSchedule.Shape.linear
    /// The part of the run over which the learning rate rises, from 0 to 1.
    public var warmup = 0.1
    /// Passes over the data.
    public var epochs = 1
    /// The number of steps; where it is set it decides, and not the number of epochs.
    public var maxSteps: Int?
    /// Rows of the data in a batch.
    public var batchSize = 64
    /// Batches whose mean gradient makes a step. Each has only its own negatives: a larger batch gives more.
    public var accumulate = 1
    /// The loss.
    public var loss = LossSettings()
    /// How batches of several data sets follow one another.
    public var mixing = BatchSampler.Mixing.proportional
    /// Tokens that a text is cut to; nil for the model's own limit.
    public var maxLength: Int?
    /// Decides the adapter's first values, the order of the data and dropout.
    public var seed: UInt64 = 0
    /// What AdamW decays the weights by, relative to the learning rate.
    public var weightDecay = 0.01
    /// Gradients are scaled down to this norm where they are longer; 0 leaves them as they are.
    public var maxGradientNorm = 1.0
    /// A checkpoint is written after every so many steps; 0 for none but the one of an interrupted run.
    public var checkpointEvery = 100
    /// The adapter is evaluated after every so many steps, where there is something to evaluate on; nil for never.
    public var evaluateEvery: Int?
    /// Evaluations without a new best after which the run stops; nil for never.
    public var patience: Int?
    /// Hard negatives that the run mines for itself; nil for those of the data alone.
    public var mining: RunMiningSettings?
    /// What holds the tuned embeddings of other texts near the base model's; nil for nothing.
    public var anchor: AnchorSettings?
    /// Bytes that activations may take. A batch that needs more is computed in two passes, with the same result.
    public var memoryBudget = 2 << 30
    /// What the encoder computes in, f32 or bf16; nil for bf16 where the processor has it.
    public var precision: Precision?
    /// Tokens that are computed at once. A batch is cut in micro-batches of texts of like length.
    public var microBatchTokens = 4096

    /// The default settings.
    public init() {}

    /// What cosines are multiplied by in the loss.
    public var scale: Double {
        get { loss.effectiveScale }
        set { loss.scale = newValue }
    }

    /// Refuses what no run can be made with.
    public func validate() throws(TrainingError) {
        try require(layers >= 1, "layers", "\(layers)", "a positive number")
        try require(
            method == .lora || dropout == 0, "dropout", "\(dropout)",
            "0: it is the adapter's, and \(method.rawValue) has none")
        try require(method == .lora || anchor == nil, "anchor", "set", "nothing: it needs the method lora")
        try require(rank >= 1, "rank", "\(rank)", "a positive number")
        try require(alpha > 0 && alpha.isFinite, "alpha", "\(alpha)", "a positive number")
        try require((0..<1).contains(dropout), "dropout", "\(dropout)", "from 0 to less than 1")
        try require(
            !targets.isEmpty && !targets.contains(""), "targets", "\(targets)", "at least one module name")
        try require(
            targets.count == 1 || !targets.contains("all-linear"), "targets", targets.joined(separator: ","),
            "all-linear alone, or names")
        try validateVariant()
        try require(learningRate > 0 && learningRate.isFinite, "lr", "\(learningRate)", "a positive number")
        try require((0...1).contains(warmup), "warmup", "\(warmup)", "a part of the run, from 0 to 1")
        try require(epochs >= 1, "epochs", "\(epochs)", "a positive number")
        try require(maxSteps ?? 1 >= 1, "max-steps", "\(maxSteps ?? 1)", "a positive number")
        try require(
            batchSize >= 2, "batch-size", "\(batchSize)", "at least 2: a lone pair has no in-batch negatives")
        try require(accumulate >= 1, "accumulate", "\(accumulate)", "a positive number")
        try loss.validate()
        try require(maxLength ?? 3 >= 3, "max-length", "\(maxLength ?? 3)", "at least 3 tokens")
        try require(weightDecay >= 0 && weightDecay.isFinite, "weight-decay", "\(weightDecay)", "0 or more")
        try require(
            maxGradientNorm >= 0 && maxGradientNorm.isFinite, "max-grad-norm", "\(maxGradientNorm)", "0 or more")
        try require(checkpointEvery >= 0, "checkpoint-every", "\(checkpointEvery)", "0 or more")
        try require(evaluateEvery ?? 1 >= 1, "eval-every", "\(evaluateEvery ?? 1)", "a positive number")
        try require(patience ?? 1 >= 1, "patience", "\(patience ?? 1)", "a positive number")
        try mining?.validate()
        try anchor?.validate()
        try require(memoryBudget >= 0, "memory-budget", "\(memoryBudget)", "0 or more bytes")
        try require(microBatchTokens >= 1, "micro-batch-tokens", "\(microBatchTokens)", "a positive number")
    }

    /// The settings under the names of the command line's flags.
    public var json: [String: JSONValue] {
        var fields = identity
        fields["checkpoint-every"] = .integer(Int64(checkpointEvery))
        fields["memory-budget"] = .integer(Int64(memoryBudget))
        return fields
    }

    /// The settings that decide the bits of the result, under the names of the command line's flags.
    var identity: [String: JSONValue] {
        [
            "method": .string(method.rawValue), "layers": .integer(Int64(layers)), "rank": .integer(Int64(rank)),
            "alpha": .number(alpha),
            "dropout": .number(dropout),
            "variant": .string(variant.rawValue), "targets": .array(targets.map(JSONValue.string)),
            "lr": .number(learningRate),
            "schedule": .string(schedule.rawValue), "warmup": .number(warmup), "epochs": .integer(Int64(epochs)),
            "max-steps": optional(maxSteps), "batch-size": .integer(Int64(batchSize)),
            "accumulate": .integer(Int64(accumulate)),
            "mixing": .string(mixing.rawValue),
            "max-length": optional(maxLength), "seed": .string(String(seed)), "weight-decay": .number(weightDecay),
            "max-grad-norm": .number(maxGradientNorm), "eval-every": optional(evaluateEvery),
            "patience": optional(patience), "micro-batch-tokens": .integer(Int64(microBatchTokens)),
        ].merging(variantIdentity) { $1 }.merging(loss.identity) { $1 }.merging(RunMiningSettings.json(mining)) { $1 }
            .merging(AnchorSettings.json(anchor)) { $1 }
    }

    /// What a user should know of settings that do less than one might think.
    func remarks(on loss: any EmbeddingLoss) -> [String] {
        guard accumulate > 1, !loss.needs.directions.isEmpty else { return [] }
        return [
            "a step of \(accumulate) batches of \(batchSize) has the negatives of one: a batch of \(accumulate * batchSize) gives "
                + "every row more, in the same memory"
        ]
    }

    func optional(_ value: Int?) -> JSONValue { value.map { .integer(Int64($0)) } ?? .null }

    func require(
        _ holds: Bool, _ name: String, _ value: @autoclosure () -> String, _ expected: String
    ) throws(TrainingError) {
        guard holds else { throw .invalidSetting(name: name, found: value(), expected: expected) }
    }
}
