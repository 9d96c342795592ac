public import Corpora
internal import Encoders
internal import Files
internal import LowRank
public import ModelFiles
internal import VectorMath

/// Trains a LoRA adapter for a text encoder on tuples of texts.
///
/// A run is a function of settings, base model and data: it gives the same adapter, bit for bit, whatever the number of
/// threads, whatever the memory budget, and whether or not it was interrupted and resumed on the way. (Another
/// instruction set rounds differently; the record of a run names the one that computed it.)
///
/// ```swift
/// let trainer = try Trainer(model: ModelFolder(path: "all-MiniLM-L6-v2"), tuples: tuples)
/// let result = try trainer.train(into: "runs/first")
/// ```
public struct Trainer: Sendable {
    /// How the base model is named in what is written: `base_model_name_or_path` of the adapter.
    public let baseName: String
    /// How the data is named in what is written.
    public let dataName: String
    /// The settings of the run.
    public let settings: TrainingSettings
    /// The loss that is made small.
    public let loss: any EmbeddingLoss
    /// What a user should know before the run: what was assumed of the model, what is passed over.
    public let warnings: [String]

    /// The base model.
    let encoder: TextEncoder
    let data: TokenizedTuples
    /// What decides the bits of the result, but for the evaluator's metric.
    let identity: RunIdentity
    /// What a run begins with.
    let initial: TrainingState

    /// Reads the model, checks the settings against it and tokenizes the data once.
    ///
    /// Anchors get the prompt that ``TextEncoder/encodeQueries(_:maxLength:progress:)`` gives, positives and negatives
    /// that of ``TextEncoder/encodeDocuments(_:maxLength:progress:)``, so that training sees what serving will.
    ///
    /// - Parameters:
    ///   - model: the base model.
    ///   - baseName: how the user named it; nil for its hub name or its folder.
    ///   - tuples: what to train on, at least two.
    ///   - dataName: how the user named the data.
    ///   - loss: the loss; nil for ``MultipleNegativesRankingLoss`` with the scale of the settings.
    public init(
        model: ModelFolder, baseName: String? = nil, tuples: [TrainingTuple], dataName: String = "tuples",
        settings: TrainingSettings = TrainingSettings(), loss: (any EmbeddingLoss)? = nil
    ) throws(TrainingError) {
        try settings.validate()
        guard tuples.count >= 2 else { throw .tooFewTuples(found: tuples.count) }
        let loss = loss ?? MultipleNegativesRankingLoss(scale: Float(settings.scale))
        let baseName = baseName ?? model.nameOrPath
        let encoder = try wrapEncoders { () throws(EncodersError) in try TextEncoder(model: model) }
        let maxLength = settings.maxLength ?? encoder.maxLength
        let adapter = try wrapLowRank { () throws(LowRankError) in
            try LowRankAdapter(
                configuration: settings.adapterConfiguration(baseName: baseName), modules: encoder.model.linearModules,
                seed: settings.seed)
        }
        let data = try wrapEncoders { () throws(EncodersError) in
            try TokenizedTuples(tuples, encoder: encoder, maxLength: maxLength)
        }
        let (weights, tokenizer) = try wrapModelFiles { () throws(ModelFilesError) in
            (try model.weightsDigest(), try model.tokenizerDigest())
        }

        self.baseName = baseName
        self.dataName = dataName
        self.settings = settings
        self.loss = loss
        self.encoder = encoder
        self.data = data
        warnings = encoder.warnings
        initial = TrainingState(
            adapter: adapter,
            optimizer: AdamW(for: adapter, constants: AdamW.Constants(weightDecay: settings.weightDecay)),
            sampler: BatchSampler(
                count: tuples.count, batchSize: settings.batchSize, seed: settings.seed))
        var identitySettings = settings.identity
        identitySettings["loss"] = .string(loss.name)
        identity = RunIdentity(
            settings: identitySettings,
            model: [
                "weights": .string(weights.hex), "tokenizer": .string(tokenizer.hex),
                "space": .string(encoder.space.digest), "dimension": .integer(Int64(encoder.dimension)),
                "query_prompt": .string(encoder.queryPrompt), "document_prompt": .string(encoder.documentPrompt),
                "max_length": .integer(Int64(maxLength)),
            ],
            data: [
                "sha256": .string(digest(of: tuples).hex), "tuples": .integer(Int64(tuples.count)),
                "texts": .integer(Int64(data.texts.count)),
            ])
    }

    /// The number of steps of a run: as many as the settings say, else as many as the epochs have batches.
    public var totalSteps: Int { settings.maxSteps ?? settings.epochs * initial.sampler.batchesPerEpoch }

    /// Trains.
    ///
    /// - Parameters:
    ///   - path: the folder of the run, see ``TrainingRun``.
    ///   - start: what to do where it is there already.
    ///   - observer: told of every step.
    ///   - evaluator: measures the base model, the adapter after every ``TrainingSettings/evaluateEvery`` steps, and at
    ///     the end; the best adapter is the one that is kept.
    ///   - reporting: what `report.html` shows.
    ///   - isCancelled: asked between micro-batches. Where it says yes, a checkpoint is written and
    ///     ``TrainingError/interrupted(step:checkpoint:)`` is thrown.
    public func train(
        into path: String, start: TrainingRun.Start = .new, observer: any TrainingObserver = SilentObserver(),
        evaluator: (any DevelopmentEvaluator)? = nil, reporting: RunReporting = .full(),
        isCancelled: () -> Bool = { false }
    ) throws(TrainingError) -> TrainingResult {
        let run = TrainingRun(path: path)
        try run.check(start)
        var identity = identity
        identity.settings["metric"] = evaluator.map { .string($0.metric) } ?? .null
        var loop = TrainingLoop(
            trainer: self, run: run, identity: identity, observer: observer, evaluator: evaluator, reporting: reporting)
        try loop.begin(start)
        return try loop.run(isCancelled: isCancelled)
    }
}

/// What a finished run came to.
public struct TrainingResult: Sendable, Equatable {
    /// The run's folder, which is an adapter folder too.
    public let path: String
    /// The number of steps taken.
    public let steps: Int
    /// The loss of the last step's batch.
    public let loss: Double
    /// The number of trained values.
    public let parameters: Int
    /// The SHA-256 of `adapter_model.safetensors`.
    public let adapterDigest: String
    /// The base model's metrics, where there was an evaluator.
    public let before: Evaluation?
    /// The metrics of the adapter that was kept, where there was an evaluator.
    public let best: Evaluation?
    /// The time of this process's part of the run.
    public let seconds: Double
    /// Where the report is; nil where none was asked for, or it could not be written.
    public internal(set) var report: String?
}

extension TokenizedTuples {
    /// The tuples with the tokens that an encoder reads, prompts in front.
    fileprivate init(
        _ tuples: [TrainingTuple], encoder: TextEncoder, maxLength: Int
    ) throws(EncodersError) {
        let model = encoder.model
        let prompts: [Role: String] = [.anchor: encoder.queryPrompt, .document: encoder.documentPrompt]
        let skipped = prompts.mapValues { model.skippedTokens(prompt: $0) }
        try self.init(tuples) { (texts) throws(EncodersError) in
            let ids = try model.tokenize(texts.map { prompts[$0.role]! + $0.text }, maxLength: maxLength)
            return zip(texts, ids).map { Tokens(ids: $1, skipped: min(skipped[$0.role]!, $1.count - 1)) }
        }
    }
}

/// A digest of all texts of the tuples, in their order, each with its length in front so that none runs into the next.
private func digest(of tuples: [TrainingTuple]) -> SHA256Digest {
    var hasher = SHA256Digest.Hasher()
    func add(_ text: String) {
        hasher.update(Array("\(text.utf8.count):\(text)".utf8))
    }
    for tuple in tuples {
        hasher.update(Array("\(tuple.negatives.count) ".utf8))
        add(tuple.anchor)
        add(tuple.positive)
        for negative in tuple.negatives { add(negative) }
    }
    return hasher.finalize()
}
