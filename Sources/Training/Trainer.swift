public import Corpora
internal import Encoders
internal import Files
internal import LowRank
public import ModelFiles
public import VectorMath

/// Trains a LoRA adapter for a text encoder, or its own weights, on tuples of texts, scored pairs or whatever a loss learns from.
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

    /// What the encoder computes in: as the settings say, else bfloat16 where the processor has it.
    public let precision: Precision

    /// The base model's folder.
    let model: ModelFolder
    /// The base model.
    let encoder: TextEncoder
    private let data: TrainingSets
    /// What decides the bits of the result, but for the evaluator's metric.
    let identity: RunIdentity
    /// Mines hard negatives as the run goes, where the settings say so.
    let miner: RunMiner?
    /// Draws embeddings towards the base model's, where the settings say so.
    let anchor: AnchorTerm?
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
    ///   - mining: what hard negatives are mined for and among, where the settings ask for them; made of the same tuples. Nil
    ///     for all positives.
    ///   - anchorTexts: what the anchor of the settings holds on to, at least one text.
    ///   - loss: the loss; nil for ``MultipleNegativesRankingLoss`` with the scale of the settings.
    public init(
        model: ModelFolder, baseName: String? = nil, tuples: [TrainingTuple], dataName: String = "tuples",
        settings: TrainingSettings = TrainingSettings(), mining: MiningTask? = nil, anchorTexts: [String] = [],
        loss: (any EmbeddingLoss)? = nil
    ) throws(TrainingError) {
        try self.init(
            model: model, baseName: baseName, sets: [TrainingSet(name: dataName, rows: .tuples(tuples))],
            settings: settings, mining: mining, anchorTexts: anchorTexts, loss: loss)
    }

    /// Reads the model, checks the settings and the data against it and against the loss, and tokenizes the data once.
    ///
    /// Texts of pairs, with labels or with vectors get the model's default prompt.
    ///
    /// - Parameters:
    ///   - model: the base model.
    ///   - baseName: how the user named it; nil for its hub name or its folder.
    ///   - sets: what to train on: at least one data set, each of at least two rows that fit the loss.
    ///   - mining: what hard negatives are mined for and among, where the settings ask for them; made of the tuples of the
    ///     only data set. Nil for all positives.
    ///   - anchorTexts: what the anchor of the settings holds on to, at least one text.
    ///   - loss: the loss; nil for that of the settings.
    /// - Throws: `unfitData` where a data set does not hold what the loss learns from, `miningFailed` where the settings
    ///   ask for hard negatives and there is not one data set of tuples.
    public init(
        model: ModelFolder, baseName: String? = nil, sets: [TrainingSet],
        settings: TrainingSettings = TrainingSettings(), mining: MiningTask? = nil, anchorTexts: [String] = [],
        loss: (any EmbeddingLoss)? = nil
    ) throws(TrainingError) {
        try settings.validate()
        guard !sets.isEmpty else { throw .tooFewTuples(found: 0) }
        let baseName = baseName ?? model.nameOrPath
        let precision = try Self.precision(settings, for: model.configuration)
        let encoder = try wrapEncoders { () throws(EncodersError) in try TextEncoder(model: model, precision: precision)
        }
        guard encoder.head == nil else {
            throw .modelFiles(.unsupported(path: model.path, what: "training below a model's head"))
        }
        let maxLength = settings.maxLength ?? encoder.maxLength
        try settings.loss.validate(dimension: encoder.dimension)
        let trained = try Self.trained(settings, encoder: encoder, baseName: baseName)
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
        self.precision = precision
        self.model = model
        self.encoder = encoder
        self.data = data
        miner = try RunMiner(settings, sets: sets, loss: loss, task: mining, base: encoder)
        anchor = try AnchorTerm(settings, texts: anchorTexts, encoder: encoder, maxLength: maxLength)
        warnings = encoder.warnings + settings.remarks(on: loss)
        initial = TrainingState(
            trained: trained,
            optimizer: AdamW(
                for: trained.matrices, decays: trained.decays,
                rates: trained.rates(ratio: settings.learningRateRatio),
                constants: AdamW.Constants(weightDecay: settings.weightDecay)),
            sampler: BatchSampler(
                data.sources, mixing: settings.mixing, batchSize: settings.batchSize, seed: settings.seed),
            classifier: TrainedClassifier(loss))
        var identitySettings = settings.identity
        identitySettings["loss"] = .string(loss.name)
        identitySettings["precision"] = .string(precision.rawValue)
        identity = RunIdentity(
            settings: identitySettings,
            model: [
                "weights": .string(weights.hex), "tokenizer": .string(tokenizer.hex),
                "space": .string(encoder.space.digest), "dimension": .integer(Int64(encoder.dimension)),
                "query_prompt": .string(encoder.queryPrompt), "document_prompt": .string(encoder.documentPrompt),
                "max_length": .integer(Int64(maxLength)),
            ],
            data: data.identity.merging(miner?.identity ?? [:]) { $1 }.merging(anchor?.identity ?? [:]) { $1 })
    }

    /// The number of steps of a run: as many as the settings say, else as many as take in the epochs' batches.
    public var totalSteps: Int {
        let batches = settings.epochs * initial.sampler.batchesPerEpoch
        return settings.maxSteps ?? (batches + settings.accumulate - 1) / settings.accumulate
    }

    /// The data sets, in the order in which they were given.
    var sets: [TokenizedData] { data.sets }

    /// Tokens that a text is cut to.
    private var maxLength: Int { settings.maxLength ?? encoder.maxLength }

    /// The data with what the base model finds near, where that is left out of the loss.
    private func guidedData() throws(TrainingError) -> TrainingSets {
        guard settings.loss.effectiveMasks.contains(.guide), !loss.needs.directions.isEmpty else { return data }
        var data = data
        try wrapEncoders { () throws(EncodersError) in
            try data.addGuide(encoder, maxLength: maxLength, margin: settings.loss.guideMaskMargin)
        }
        return data
    }

    /// Gives the data the hard negatives that a run has mined.
    func use(
        _ negatives: NegativesInUse, of miner: RunMiner, in data: inout TrainingSets, checkpoint: String
    ) throws(TrainingError) {
        let tuples = try miner.tuples(with: negatives, at: checkpoint)
        try wrapEncoders { () throws(EncodersError) in
            try data.replaceTuples(by: tuples, encoder: encoder, maxLength: maxLength)
        }
    }

    /// Trains.
    ///
    /// - Parameters:
    ///   - path: the folder of the run, see ``TrainingRun``.
    ///   - start: what to do where it is there already.
    ///   - observer: told of every step.
    ///   - evaluator: measures the base model, the adapter after every ``TrainingSettings/evaluateEvery`` steps, and at
    ///     the end; the best adapter is the one that is kept.
    ///   - dial: chooses the strength of the kept adapter, which is what is then written; nil for its full strength.
    ///   - reporting: what `report.html` shows.
    ///   - isCancelled: asked between micro-batches. Where it says yes, a checkpoint is written and
    ///     ``TrainingError/interrupted(step:checkpoint:)`` is thrown.
    public func train(
        into path: String, start: TrainingRun.Start = .new, observer: any TrainingObserver = SilentObserver(),
        evaluator: (any DevelopmentEvaluator)? = nil, dial: StrengthDial? = nil, reporting: RunReporting = .full(),
        isCancelled: () -> Bool = { false }
    ) throws(TrainingError) -> TrainingResult {
        try settings.require(
            dial == nil || (settings.variant != .dora && settings.bias == .none), "dial", "set",
            "nothing: neither the magnitudes of dora nor trained biases have a strength")
        let run = TrainingRun(path: path)
        try run.check(start)
        let asked: [String: JSONValue] = [
            "metric": evaluator.map { .string($0.metric) } ?? .null, "dial": dial?.json ?? .null,
        ]
        let identity = RunIdentity(
            settings: identity.settings.merging(asked) { $1 }, model: identity.model, data: identity.data)
        var loop = try TrainingLoop(
            trainer: self, data: try guidedData(), run: run, identity: identity, observer: observer,
            evaluator: evaluator, dial: dial, reporting: reporting)
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
    /// The metrics of the adapter that was kept, where there was an evaluator; with a dial, at the strength that it chose.
    public let best: Evaluation?
    /// What the dial found, where there was one.
    public let dial: DialResult?
    /// The time of this process's part of the run.
    public let seconds: Double
    /// Where the report is; nil where none was asked for, or it could not be written.
    public internal(set) var report: String?
}
