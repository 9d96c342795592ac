internal import Encoders
internal import Files
internal import LowRank
internal import ModelFiles
internal import VectorMath

/// One run from its start, or from a checkpoint, to its end.
struct TrainingLoop {
    private let trainer: Trainer
    private let run: TrainingRun
    private let identity: RunIdentity
    private let observer: any TrainingObserver
    private let evaluator: (any DevelopmentEvaluator)?
    private let dial: StrengthDial?
    private let checkpoints: CheckpointStore
    private let step: ContrastiveStep
    private let schedule: LearningRateSchedule

    private var state: TrainingState
    private var data: TrainingSets
    private var anchor: AnchorTerm?
    private var record: RunRecord
    private var log: MetricsLog?
    private var lock: FileLock?
    /// The step of the newest checkpoint on the disk.
    private var saved = 0

    private var settings: TrainingSettings { trainer.settings }

    init(
        trainer: Trainer, data: TrainingSets, run: TrainingRun, identity: RunIdentity, observer: any TrainingObserver,
        evaluator: (any DevelopmentEvaluator)?, dial: StrengthDial?
    ) {
        self.trainer = trainer
        self.data = data
        self.run = run
        self.identity = identity
        self.observer = observer
        self.evaluator = evaluator
        self.dial = dial
        checkpoints = CheckpointStore(path: run.checkpointsPath)
        step = trainer.step(memoryBudget: trainer.settings.memoryBudget)
        schedule = LearningRateSchedule(
            trainer.settings.schedule, totalSteps: trainer.totalSteps, warmupFraction: trainer.settings.warmup)
        state = trainer.initial
        anchor = trainer.anchor
        record = RunRecord(trainer: trainer, identity: identity)
    }

    // MARK: Start

    /// Makes the folder ready, or finds the state to go on from.
    mutating func begin(_ start: TrainingRun.Start) throws(TrainingError) {
        switch start {
        case .resuming:
            lock = try takeLock()
            try resume()
        case .replacing, .new:
            // The run that is to be replaced may still be going.
            if FileSystem.isFile(run.recordPath) { _ = try takeLock() }
            try wrapFiles { () throws(FilesError) in try run.prepare(start) }
            lock = try takeLock()
        }
        try wrapFiles { () throws(FilesError) in
            let (log, isComplete) = try MetricsLog.open(run.metricsPath, afterSteps: state.step)
            if !isComplete { observer.warned("\(run.metricsPath) lacks lines of earlier steps") }
            self.log = log
            try run.write(record: record.json)
        }
    }

    private func takeLock() throws(TrainingError) -> FileLock {
        try wrapFiles { () throws(FilesError) in try FileLock(path: FileSystem.joined(run.path, ".lock")) }
    }

    private mutating func resume() throws(TrainingError) {
        let recorded = try run.record()
        try identity.require(recorded: RunIdentity(record: recorded), at: run.path)
        record.continues(recorded)
        let found = try checkpoints.newest(initial: trainer.initial, identity: identity) { error in
            observer.warned("\(error); going back to the checkpoint before it")
        }
        guard let found else {
            observer.warned("\(run.path) has no checkpoint: it begins anew")
            return
        }
        if found.instructionSet != InstructionSet.current.rawValue {
            observer.warned(
                "the run began on \(found.instructionSet) and goes on with \(InstructionSet.current.rawValue): "
                    + "its result is not the one of an uninterrupted run to the bit")
        }
        state = found.state
        saved = state.step
        try useNegatives()
        try wrapFiles { () throws(FilesError) in try checkpoints.removeAll(after: state.step) }
    }

    // MARK: Steps

    /// Takes the steps that are left and writes the result.
    mutating func run(isCancelled: () -> Bool) throws(TrainingError) -> TrainingResult {
        do throws(TrainingError) {
            let clock = ContinuousClock()
            let start = clock.now
            try takeSteps(clock, isCancelled: isCancelled)
            return try finish(since: start, clock, isCancelled: isCancelled)
        } catch {
            // The error is what the user must hear of; a record that cannot be written is not.
            try? run.write(record: record.ended(by: error))
            throw error
        }
    }

    private mutating func takeSteps(_ clock: ContinuousClock, isCancelled: () -> Bool) throws(TrainingError) {
        if state.step == 0, evaluator != nil { state.evaluations.before = try evaluate(adapter: nil) }
        let total = trainer.totalSteps
        let (start, first) = (clock.now, state.step)
        while state.step < total, !hasLostPatience {
            guard !isCancelled() else { try interrupt() }
            guard try mineIfDue(isCancelled: isCancelled) else { try interrupt() }
            let begun = clock.now
            guard let outcome = try takeStep(isCancelled: isCancelled) else { try interrupt() }
            let seconds = (clock.now - begun).seconds
            let pace = (clock.now - start).seconds / Double(state.step - first)
            let progress = TrainingProgress(
                step: state.step, totalSteps: total,
                epoch: Double(state.step) / Double(state.sampler.batchesPerEpoch), loss: outcome.loss,
                learningRate: outcome.learningRate, gradientNorm: outcome.gradientNorm,
                pairsPerSecond: Double(outcome.tuples) / seconds, tokensPerSecond: Double(outcome.tokens) / seconds,
                seconds: seconds, secondsLeft: pace * Double(total - state.step), anchor: outcome.anchor)
            observer.finished(progress)
            let evaluation = try evaluateIfDue()
            try wrapFiles { () throws(FilesError) in try log?.append(progress, evaluation: evaluation) }
            if settings.checkpointEvery > 0, state.step % settings.checkpointEvery == 0 { _ = try save() }
        }
    }

    /// What a step came to.
    private struct Outcome {
        let loss: Double
        let learningRate: Double
        let gradientNorm: Double
        let tuples: Int
        let tokens: Int
        let anchor: Double?
    }

    /// Takes a step; nil, and the state as it was, when cancelled in the middle of it.
    private mutating func takeStep(isCancelled: () -> Bool) throws(TrainingError) -> Outcome? {
        var sampler = state.sampler
        let plan = data.batch(sampler.next(), microBatchTokens: settings.microBatchTokens)
        let number = state.step + 1
        var gradients = AdapterGradients(zerosLike: state.adapter)
        let options = TrainingOptions(
            dropout: Float(settings.dropout), seed: settings.seed, step: number)
        var step = step
        step.loss = state.classifier?.loss ?? step.loss
        let value = try wrapEncoders { () throws(EncodersError) in
            try step.run(
                plan, adapter: state.adapter, options: options, gradients: &gradients, isCancelled: isCancelled)
        }
        guard let value else { return nil }
        var loss = value.loss
        var anchored: Double?
        if loss.isFinite, var term = anchor.take() {
            anchored = try term.add(
                adapter: state.adapter, encoder: step.encoder, options: options, into: &gradients,
                isCancelled: isCancelled)
            anchor = term
            guard let anchored else { return nil }
            loss += anchored
        }
        guard loss.isFinite else { throw .nonFiniteLoss(step: number, tuples: plan.names) }
        let norm = (gradients.sumOfSquares + value.weightGradients.sumOfSquares).squareRoot()
        guard norm.isFinite else {
            throw .nonFiniteGradient(
                step: number, module: gradients.firstNonFiniteModule ?? "the adapter", tuples: plan.names)
        }
        let learningRate = settings.learningRate * schedule.factor(afterSteps: state.step)
        let gradientScale = AdamW.clippingScale(norm: norm, limit: settings.maxGradientNorm)
        state.optimizer.step(
            &state.adapter, gradients: gradients, learningRate: learningRate, gradientScale: gradientScale)
        state.classifier?.step(
            value.weightGradients, learningRate: learningRate, gradientScale: gradientScale,
            after: state.optimizer)
        state.sampler = sampler
        state.step = number
        state.loss = loss
        return Outcome(
            loss: loss, learningRate: learningRate, gradientNorm: norm, tuples: plan.rows.count,
            tokens: plan.tokenCount, anchor: anchored)
    }

    // MARK: Hard negatives

    /// Mines where its turn has come; false when it was cancelled.
    private mutating func mineIfDue(isCancelled: () -> Bool) throws(TrainingError) -> Bool {
        guard let miner = trainer.miner, miner.isDue(state) else { return true }
        let mined = try miner.mine(state, observer: observer, isCancelled: isCancelled)
        guard let mined else { return false }
        state.negatives = mined
        try useNegatives()
        try wrapFiles { () throws(FilesError) in try run.write(record: record.json) }
        return true
    }

    /// Puts the negatives that were mined, or that a checkpoint kept, into the data.
    private mutating func useNegatives() throws(TrainingError) {
        guard let miner = trainer.miner, let negatives = state.negatives else { return }
        try trainer.use(negatives, of: miner, in: &data, checkpoint: checkpoints.path(ofStep: state.step))
        record.mined(negatives.history)
    }

    // MARK: Evaluation

    private var hasLostPatience: Bool {
        guard let patience = settings.patience else { return false }
        return state.evaluations.sinceBest >= patience
    }

    /// Evaluates the adapter where its turn has come: after every so many steps, and after the last.
    private mutating func evaluateIfDue() throws(TrainingError) -> Evaluation? {
        guard let evaluator else { return nil }
        let isDue = settings.evaluateEvery.map { state.step % $0 == 0 } ?? false
        guard isDue || state.step == trainer.totalSteps else { return nil }
        let evaluation = try evaluate(adapter: state.adapter)
        guard let evaluation else { return nil }
        let isBest = state.evaluations.add(evaluation, by: evaluator.metric)
        if isBest { state.best = state.adapter.pairs }
        observer.evaluated(evaluation, isBest: isBest)
        return evaluation
    }

    private func evaluate(adapter: LowRankAdapter?) throws(TrainingError) -> Evaluation? {
        guard let evaluator else { return nil }
        let encoder = try wrapEncoders { () throws(EncodersError) in try trainer.encoder.adapted(by: adapter) }
        return Evaluation(step: state.step, metrics: try evaluator.metrics(of: encoder, afterSteps: state.step))
    }

    // MARK: Ends

    private mutating func save() throws(TrainingError) -> String {
        try wrapFiles { () throws(FilesError) in try log?.synchronize() }
        let folder = try checkpoints.save(state, identity: identity)
        saved = state.step
        return folder
    }

    /// Writes a checkpoint where there is none of this step yet, and throws.
    private mutating func interrupt() throws(TrainingError) -> Never {
        if state.step > 0, saved != state.step { _ = try save() }
        throw .interrupted(
            step: state.step, checkpoint: state.step > 0 ? checkpoints.path(ofStep: state.step) : nil)
    }

    /// Writes the adapter, the model card and the record.
    private mutating func finish(
        since start: ContinuousClock.Instant, _ clock: ContinuousClock, isCancelled: () -> Bool
    ) throws(TrainingError) -> TrainingResult {
        var adapter = state.adapter
        if let best = state.best { adapter.pairs = best }
        var best = state.evaluations.best
        let dialled = try dial?.sweep(
            adapter, base: trainer.encoder, afterSteps: state.step, found: observer.dialled, isCancelled: isCancelled)
        if dial != nil, dialled == nil { try interrupt() }
        if let chosen = dialled?.chosen {
            adapter = adapter.dialled(to: chosen.scale)
            best = best.map { Evaluation(step: $0.step, metrics: chosen.domain) }
        }
        let digest = try write(adapter)
        let result = TrainingResult(
            path: run.path, steps: state.step, loss: state.loss ?? 0, parameters: adapter.parameterCount,
            adapterDigest: digest, before: state.evaluations.before, best: best, dial: dialled,
            seconds: (clock.now - start).seconds)
        record.finish(result, stoppedEarly: state.step < trainer.totalSteps)
        let card = ModelCard(
            base: trainer.baseName, dataName: trainer.dataName, record: record.json, before: result.before,
            after: result.best)
        try wrapFiles { () throws(FilesError) in
            try writeFile(card.text, to: run.cardPath)
            try run.write(record: record.json)
        }
        return result
    }

    /// Puts the two files of a PEFT folder among the run's own; returns the digest of the tensors.
    private func write(_ adapter: LowRankAdapter) throws(TrainingError) -> String {
        try wrapLowRank { () throws(LowRankError) in try adapter.write(into: run.path) }
        return try wrapFiles { () throws(FilesError) in
            return try SHA256Digest.of(fileAt: run.tensorsPath).hex
        }
    }
}

extension AdapterGradients {
    /// The first module whose gradient has an entry that is no finite number.
    fileprivate var firstNonFiniteModule: String? {
        zip(names, pairs).first { _, pair in
            !(VectorMath.sumOfSquares(pair.a.view) + VectorMath.sumOfSquares(pair.b.view)).isFinite
        }?.0
    }
}

extension Duration {
    fileprivate var seconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}
