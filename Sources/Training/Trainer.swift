public import Corpora
internal import Encoders
internal import Files
internal import LowRank
public import ModelFiles
internal import VectorMath

/// Trains a LoRA adapter for a text encoder on tuples of texts, scored pairs or whatever a loss learns from.
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
    private var data: TrainingSets
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
        try self.init(
            model: model, baseName: baseName, sets: [TrainingSet(name: dataName, rows: .tuples(tuples))],
            settings: settings, loss: loss)
    }

    /// Reads the model, checks the settings and the data against it and against the loss, and tokenizes the data once.
    ///
    /// Texts of pairs, with labels or with vectors get the model's default prompt.
    ///
    /// - Parameters:
    ///   - model: the base model.
    ///   - baseName: how the user named it; nil for its hub name or its folder.
    ///   - sets: what to train on: at least one data set, each of at least two rows that fit the loss.
    ///   - loss: the loss; nil for that of the settings.
    /// - Throws: `unfitData` where a data set does not hold what the loss learns from.
    public init(
        model: ModelFolder, baseName: String? = nil, sets: [TrainingSet],
        settings: TrainingSettings = TrainingSettings(), loss: (any EmbeddingLoss)? = nil
    ) throws(TrainingError) {
        try settings.validate()
        guard !sets.isEmpty else { throw .tooFewTuples(found: 0) }
        let baseName = baseName ?? model.nameOrPath
        let encoder = try wrapEncoders { () throws(EncodersError) in try TextEncoder(model: model) }
        let maxLength = settings.maxLength ?? encoder.maxLength
        try settings.loss.validate(dimension: encoder.dimension)
        let adapter = try wrapLowRank { () throws(LowRankError) in
            try LowRankAdapter(
                configuration: settings.adapterConfiguration(baseName: baseName), modules: encoder.model.linearModules,
                seed: settings.seed)
        }
        func makeLoss(classes: Int) -> any EmbeddingLoss {
            loss ?? settings.loss.makeLoss(dimension: encoder.dimension, classes: classes, seed: settings.seed)
        }
        let data = try TrainingSets(
            sets, for: makeLoss(classes: 1), settings: settings, encoder: encoder, maxLength: maxLength)
        let loss = makeLoss(classes: data.classes.count)
        let (weights, tokenizer) = try wrapModelFiles { () throws(ModelFilesError) in
            (try model.weightsDigest(), try model.tokenizerDigest())
        }

        self.baseName = baseName
        dataName = sets.map(\.name).joined(separator: ", ")
        self.settings = settings
        self.loss = loss
        self.encoder = encoder
        self.data = data
        warnings = encoder.warnings
        initial = TrainingState(
            adapter: adapter,
            optimizer: AdamW(for: adapter, constants: AdamW.Constants(weightDecay: settings.weightDecay)),
            sampler: BatchSampler(
                data.sources, mixing: settings.mixing, batchSize: settings.batchSize, seed: settings.seed),
            classifier: TrainedClassifier(loss))
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
            data: data.identity)
    }

    /// The number of steps of a run: as many as the settings say, else as many as the epochs have batches.
    public var totalSteps: Int { settings.maxSteps ?? settings.epochs * initial.sampler.batchesPerEpoch }

    /// The data sets, in the order in which they were given.
    var sets: [TokenizedData] { data.sets }

    /// A batch that the sampler has dealt.
    func batch(_ batch: BatchSampler.Batch) -> BatchPlan {
        sets[batch.source].batch(batch.rows, microBatchTokens: settings.microBatchTokens)
    }

    /// This trainer with what the base model finds near, where that is left out of the loss.
    private func guided() throws(TrainingError) -> Trainer {
        guard settings.loss.effectiveMasks.contains(.guide), !loss.needs.directions.isEmpty else { return self }
        var trainer = self
        let maxLength = settings.maxLength ?? encoder.maxLength
        try wrapEncoders { () throws(EncodersError) in
            try trainer.data.addGuide(encoder, maxLength: maxLength, margin: settings.loss.guideMaskMargin)
        }
        return trainer
    }

    /// Trains.
    ///
    /// - Parameters:
    ///   - path: the folder of the run, see ``TrainingRun``.
    ///   - start: what to do where it is there already.
    ///   - observer: told of every step.
    ///   - evaluator: measures the base model, the adapter after every ``TrainingSettings/evaluateEvery`` steps, and at
    ///     the end; the best adapter is the one that is kept.
    ///   - isCancelled: asked between micro-batches. Where it says yes, a checkpoint is written and
    ///     ``TrainingError/interrupted(step:checkpoint:)`` is thrown.
    public func train(
        into path: String, start: TrainingRun.Start = .new, observer: any TrainingObserver = SilentObserver(),
        evaluator: (any DevelopmentEvaluator)? = nil, isCancelled: () -> Bool = { false }
    ) throws(TrainingError) -> TrainingResult {
        let run = TrainingRun(path: path)
        try run.check(start)
        var identity = identity
        identity.settings["metric"] = evaluator.map { .string($0.metric) } ?? .null
        var loop = TrainingLoop(
            trainer: try guided(), run: run, identity: identity, observer: observer, evaluator: evaluator)
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
}
