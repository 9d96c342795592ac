public import Corpora
public import Encoders
internal import Files
internal import LowRank
public import ModelFiles
public import VectorMath

/// Trains a head for queries on the embeddings of a frozen model: documents, and an index of them, stay as they are.
///
/// The texts are embedded once; what follows takes seconds. In-batch softmax as in ``MultipleNegativesRankingLoss``, but against all
/// documents of the training data, with duplicates and known positives left out; a tenth of the queries is held out and says
/// when to stop, and whether any head is better than none. A run is a function of settings, model and data, bit for bit,
/// whatever the number of threads.
///
/// ```swift
/// let trainer = try HeadTrainer(model: ModelFolder(path: "all-MiniLM-L6-v2"), tuples: tuples)
/// let result = try trainer.train(into: "runs/head")
/// ```
public struct HeadTrainer: Sendable {
    /// How the base model is named in what is written.
    public let baseName: String
    /// How the data is named in what is written.
    public let dataName: String
    /// The settings of the run.
    public let settings: HeadTrainingSettings
    /// The frozen model, with its adapter if it has one.
    public let encoder: TextEncoder
    /// The adapter's folder, which the head names.
    let adapter: String?
    let tuples: [TrainingTuple]
    let model: ModelFolder

    /// Reads the model and checks the settings.
    ///
    /// - Parameters:
    ///   - adapter: an adapter's folder, below the head; nil for the model alone.
    ///   - precision: what the model embeds in; nil for what is fastest without loss.
    public init(
        model: ModelFolder, baseName: String? = nil, adapter: String? = nil, tuples: [TrainingTuple],
        dataName: String = "tuples", settings: HeadTrainingSettings = HeadTrainingSettings(),
        precision: Precision? = nil
    ) throws(TrainingError) {
        try settings.validate()
        guard tuples.count >= 2 else { throw .tooFewTuples(found: tuples.count) }
        let precision = precision ?? (Precision.bf16.isNative ? .bf16 : .f32)
        let base = try wrapEncoders { () throws(EncodersError) in
            try TextEncoder(model: model, precision: precision)
        }
        guard base.head == nil else {
            throw .modelFiles(.unsupported(path: model.path, what: "training behind a model's own head"))
        }
        guard settings.rank <= base.dimension else {
            throw .invalidSetting(
                name: "rank", found: "\(settings.rank)", expected: "at most the dimension, \(base.dimension)")
        }
        if let adapter {
            let loaded = try wrapLowRank { () throws(LowRankError) in try LowRankAdapter(path: adapter) }
            encoder = try wrapEncoders { () throws(EncodersError) in try base.adapted(by: loaded) }
        } else {
            encoder = base
        }
        self.model = model
        self.baseName = baseName ?? model.nameOrPath
        self.adapter = adapter
        self.tuples = tuples
        self.dataName = dataName
        self.settings = settings
    }

    /// Trains.
    ///
    /// - Parameters:
    ///   - path: the folder of the run; see ``TrainingRun``. Besides its record, metrics and card it holds a ``HeadFolder``.
    ///   - start: what to do where it is there already. A head trains in seconds: there is nothing to resume.
    ///   - cache: where documents' vectors are kept; nil for nowhere.
    ///   - embedding: told how many texts are embedded, of all.
    ///   - observer: told of every step.
    ///   - isCancelled: asked between steps.
    public func train(
        into path: String, start: TrainingRun.Start = .new, cache: VectorCache? = .standard,
        embedding: ((Int, Int) -> Void)? = nil, observer: any TrainingObserver = SilentObserver(),
        isCancelled: () -> Bool = { false }
    ) throws(TrainingError) -> HeadResult {
        let run = TrainingRun(path: path)
        if case .resuming = start {
            throw .invalidSetting(name: "resume", found: "on", expected: "off with query-head: it trains in seconds")
        }
        try run.check(start)
        var record = HeadRecord(self)
        try wrapFiles { () throws(FilesError) in
            try run.prepare(start)
            try run.write(record: record.json)
        }
        do throws(TrainingError) {
            let result = try fit(into: run, &record, cache, embedding, observer, isCancelled)
            try wrapFiles { () throws(FilesError) in try run.write(record: record.json) }
            return result
        } catch {
            let ended = record.ended(by: error)
            try wrapFiles { () throws(FilesError) in try run.write(record: ended) }
            throw error
        }
    }

    private func fit(
        into run: TrainingRun, _ record: inout HeadRecord, _ cache: VectorCache?, _ embedding: ((Int, Int) -> Void)?,
        _ observer: any TrainingObserver, _ isCancelled: () -> Bool
    ) throws(TrainingError) -> HeadResult {
        let clock = ContinuousClock()
        let begin = clock.now
        let maxLength = settings.maxLength ?? encoder.maxLength
        let data = try wrapEncoders { () throws(EncodersError) in
            try HeadData(tuples, encoder: encoder, cache: cache, maxLength: maxLength, progress: embedding)
        }
        let embedded = clock.now
        let fitting = try HeadFitting(data, settings)
        let log = try wrapFiles { () throws(FilesError) in try MetricsLog.open(run.metricsPath, afterSteps: 0).log }
        var last = clock.now
        let outcome = try fitting.run(
            observe: { (step) throws(TrainingError) in
                let now = clock.now
                let progress = step.progress(
                    of: fitting.totalSteps, seconds: (now - last).seconds, since: (now - embedded).seconds)
                last = now
                let evaluation = step.score.map {
                    Evaluation(step: step.step, metrics: [HeldOutRanking.metric: $0])
                }
                try wrapFiles { () throws(FilesError) in try log.append(progress, evaluation: evaluation) }
                observer.finished(progress)
                if let evaluation { observer.evaluated(evaluation, isBest: false) }
            }, isCancelled: isCancelled)
        try wrapFiles { () throws(FilesError) in try log.synchronize() }
        let end = clock.now
        record.finish(outcome, embedding: (embedded - begin).seconds, training: (end - embedded).seconds)
        let folder = HeadFolder(
            outcome.head, side: .query, source: encoder.space, target: encoder.space, baseModel: baseName,
            adapter: adapter, record: record.json["result"] ?? .null)
        try wrapLowRank { () throws(LowRankError) in try folder.write(into: run.path) }
        let card = HeadCard(base: baseName, dataName: dataName, record: record.json).text
        try wrapFiles { () throws(FilesError) in try writeFile(card, to: run.cardPath) }
        return HeadResult(
            path: run.path, outcome, parameters: outcome.head.parameterCount,
            embeddingSeconds: (embedded - begin).seconds, seconds: (end - embedded).seconds)
    }
}

/// What a finished run of a head came to.
public struct HeadResult: Sendable, Equatable {
    /// The run's folder, which is a head's folder too.
    public let path: String
    /// The number of steps taken.
    public let steps: Int
    /// The number of passes over the data.
    public let epochs: Int
    /// The pass whose head was kept; 0 where none was better than what training began with.
    public let keptEpoch: Int
    /// The loss of the last step's batch.
    public let loss: Double
    /// The number of trained values.
    public let parameters: Int
    /// Held-out queries; 0 where there were too few to hold any out.
    public let heldOutQueries: Int
    /// nDCG@10 of the held-out queries among the training data's documents, without a head; nil where there were none.
    public let before: Double?
    /// The same behind the kept head.
    public let best: Double?
    /// The time that embedding the texts took.
    public let embeddingSeconds: Double
    /// The time of everything after it.
    public let seconds: Double

    init(
        path: String, _ outcome: HeadFitting.Outcome, parameters: Int, embeddingSeconds: Double, seconds: Double
    ) {
        self.path = path
        (steps, epochs, keptEpoch) = (outcome.steps, outcome.epochs, outcome.keptEpoch)
        (loss, heldOutQueries) = (outcome.loss, outcome.heldOutQueries)
        (before, best) = (outcome.before, outcome.best)
        (self.parameters, self.embeddingSeconds, self.seconds) = (parameters, embeddingSeconds, seconds)
    }
}

extension HeadFitting.Step {
    /// The step as observers are told of it. There are no tokens: texts are embedded before.
    fileprivate func progress(of total: Int, seconds: Double, since start: Double) -> TrainingProgress {
        let seconds = max(seconds, 1e-9)
        return TrainingProgress(
            step: step, totalSteps: total, epoch: epoch, loss: loss, learningRate: learningRate,
            gradientNorm: gradientNorm, pairs: queries, tokens: 0, maskedNegatives: masked,
            pairsPerSecond: Double(queries) / seconds, tokensPerSecond: 0, seconds: seconds,
            secondsLeft: start / Double(step) * Double(total - step))
    }
}
