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
    private let reporting: RunReporting
    private let checkpoints: CheckpointStore
    private let step: ContrastiveStep
    /// The base model packed for training an adapter; nil where its own weights train.
    private let packed: TrainingEncoder?
    private let schedule: LearningRateSchedule

    private var state: TrainingState
    private var data: TrainingSets
    private var anchor: AnchorTerm?
    /// What the lowest trained block reads, where blocks below it stay as they are.
    private var prefixes: PrefixCache
    private var record: RunRecord
    private var watch: RunWatch?
    private var lock: FileLock?
    /// The step of the newest checkpoint on the disk.
    private var saved = 0

    private var settings: TrainingSettings { trainer.settings }

    init(
        trainer: Trainer, data: TrainingSets, run: TrainingRun, identity: RunIdentity, observer: any TrainingObserver,
        evaluator: (any DevelopmentEvaluator)?, dial: StrengthDial?, reporting: RunReporting
    ) throws(TrainingError) {
        self.trainer = trainer
        self.data = data
        self.run = run
        self.identity = identity
        self.observer = observer
        self.evaluator = evaluator
        self.dial = dial
        self.reporting = reporting
        checkpoints = CheckpointStore(path: run.checkpointsPath)
        step = ContrastiveStep(loss: trainer.loss, memoryBudget: trainer.settings.memoryBudget)
        packed = try trainer.packedEncoder
        prefixes = PrefixCache(byteBudget: trainer.settings.memoryBudget / 4)
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
            watch = try RunWatch(run, afterSteps: state.step, observer: observer)
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
        if state.step == 0, evaluator != nil {
            state.evaluations.before = try evaluate(nil)
            try wrapFiles { () throws(FilesError) in try watch?.measuredBase(state.evaluations.before) }
        }
        let total = trainer.totalSteps
        let (start, first) = (clock.now, state.step)
        while state.step < total, !hasLostPatience {
            guard !isCancelled() else { try interrupt() }
            guard try mineIfDue(isCancelled: isCancelled) else { try interrupt() }
            if state.step == first { try stateMemory() }
            let begun = clock.now
            guard let (sum, learningRate) = try takeStep(isCancelled: isCancelled) else { try interrupt() }
            let seconds = (clock.now - begun).seconds
            let pace = (clock.now - start).seconds / Double(state.step - first)
            let progress = TrainingProgress(
                step: state.step, totalSteps: total,
                epoch: Double(state.step * settings.accumulate) / Double(state.sampler.batchesPerEpoch),
                loss: sum.loss,
                learningRate: learningRate, gradientNorm: sum.norm, pairs: sum.tuples,
                tokens: sum.tokens, maskedNegatives: sum.maskedNegatives,
                pairsPerSecond: Double(sum.tuples) / seconds, tokensPerSecond: Double(sum.tokens) / seconds,
                seconds: seconds, secondsLeft: pace * Double(total - state.step), anchor: sum.anchor)
            observer.finished(progress)
            let evaluation = try evaluateIfDue()
            try wrapFiles { () throws(FilesError) in try watch?.finished(progress, evaluation: evaluation) }
            if settings.checkpointEvery > 0, state.step % settings.checkpointEvery == 0 { _ = try save() }
        }
    }

    /// Takes a step; nil, and the state as it was, when cancelled in the middle of it.
    private mutating func takeStep(
        isCancelled: () -> Bool
    ) throws(TrainingError) -> (sum: StepGradients, learningRate: Double)? {
        var sampler = state.sampler
        var sum = StepGradients()
        for _ in 0..<settings.accumulate {
            let plan = data.batch(sampler.next(), microBatchTokens: settings.microBatchTokens)
            // Every batch of a run drops other inputs.
            let options = TrainingOptions(
                dropout: Float(settings.dropout), seed: settings.seed,
                step: state.step * settings.accumulate + sum.batches + 1)
            guard let part = try gradients(plan, options, isCancelled: isCancelled) else { return nil }
            try part.check(step: state.step + 1, tuples: plan.names) { state.trained.owner(of: $0) }
            sum.add(part)
        }
        let learningRate = settings.learningRate * schedule.factor(afterSteps: state.step)
        let gradientScale = AdamW.clippingScale(norm: sum.norm, limit: settings.maxGradientNorm) / Float(sum.batches)
        state.optimizer.step(
            &state.trained.matrices, gradients: sum.trained, learningRate: learningRate, gradientScale: gradientScale)
        state.classifier?.step(
            sum.lossWeights, learningRate: learningRate, gradientScale: gradientScale, after: state.optimizer)
        state.sampler = sampler
        state.step += 1
        state.loss = sum.loss
        return (sum, learningRate)
    }

    /// What a batch gives; nil when cancelled.
    private mutating func gradients(
        _ plan: BatchPlan, _ options: TrainingOptions, isCancelled: () -> Bool
    ) throws(TrainingError) -> StepGradients? {
        var step = step
        step.loss = state.classifier?.loss ?? step.loss
        switch state.trained {
        case .adapter(let adapter):
            var pass = try pass(of: adapter)
            // Only one of the two may hold the states that are about to grow.
            prefixes = PrefixCache(byteBudget: 0)
            defer { prefixes = pass.prefixes }
            let value = try wrapEncoders { () throws(EncodersError) in
                try step.run(plan, &pass, options: options, isCancelled: isCancelled)
            }
            guard let value else { return nil }
            var anchored: Double?
            if value.loss.isFinite, var term = anchor.take() {
                anchored = try term.add(
                    adapter: adapter, start: trainer.initial.trained.adapter, encoder: pass.encoder, options: options,
                    into: &pass.gradients,
                    isCancelled: isCancelled)
                anchor = term
                guard anchored != nil else { return nil }
            }
            return StepGradients(
                of: plan, value, trained: pass.gradients.matrices, anchored: anchored)
        case .weights(let weights):
            var pass = pass(of: weights)
            prefixes = PrefixCache(byteBudget: 0)
            defer { prefixes = pass.prefixes }
            let value = try wrapEncoders { () throws(EncodersError) in
                try step.run(plan, &pass, options: options, isCancelled: isCancelled)
            }
            return value.map {
                StepGradients(of: plan, $0, trained: weights.matrices(of: pass.gradients), anchored: nil)
            }
        }
    }

    private func pass(of adapter: LowRankAdapter) throws(TrainingError) -> AdapterPass {
        let packed = packed!
        let bound = try wrapEncoders { () throws(EncodersError) in try packed.bind(adapter) }
        return AdapterPass(
            encoder: packed, adapter: bound, gradients: AdapterGradients(zerosLike: adapter), prefixes: prefixes)
    }

    private func pass(of weights: TrainableWeights) -> WeightsPass {
        let model = trainer.encoder.model.replacing(weights)
        return WeightsPass(
            model: model, part: weights.part, gradients: model.encoder.zeroGradients(of: weights.part),
            prefixes: prefixes)
    }

    /// Says what the steps will need of the memory, with the hard negatives that there are by now.
    private mutating func stateMemory() throws(TrainingError) {
        func plan(_ pass: some StepPass, weights: Int) -> MemoryPlan {
            let matrices = state.trained.matrices.reduce(0) { $0 + $1.rows * $1.columns }
            return step.memoryPlan(
                of: data, batchSize: settings.batchSize, microBatchTokens: settings.microBatchTokens,
                weights: weights, trained: 4 * MemoryLayout<Float>.stride * matrices, pass: pass)
        }
        let memory: MemoryPlan
        switch state.trained {
        case .adapter(let adapter):
            let pass = try pass(of: adapter)
            memory = plan(pass, weights: pass.encoder.weightByteCount)
        case .weights(let weights): memory = plan(pass(of: weights), weights: 0)
        }
        record.planned(memory)
        observer.planned(memory)
        try wrapFiles { () throws(FilesError) in try run.write(record: record.json) }
    }

    // MARK: Hard negatives

    /// Mines where its turn has come; false when it was cancelled.
    private mutating func mineIfDue(isCancelled: () -> Bool) throws(TrainingError) -> Bool {
        guard let miner = trainer.miner, miner.isDue(state) else { return true }
        var shown = state
        shown.trained = try trainer.applicable(state.trained)
        let mined = try miner.mine(shown, observer: observer, isCancelled: isCancelled)
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
        let evaluation = try evaluate(state.trained)
        guard let evaluation else { return nil }
        let isBest = state.evaluations.add(evaluation, by: evaluator.metric)
        if isBest {
            state.best = state.trained.matrices
            watch?.foundBest()
        }
        observer.evaluated(evaluation, isBest: isBest)
        return evaluation
    }

    /// Evaluates what trains, or the base model.
    private func evaluate(_ trained: Trained?) throws(TrainingError) -> Evaluation? {
        guard let evaluator else { return nil }
        let trained = try trained.map { (trained) throws(TrainingError) in try trainer.applicable(trained) }
        let encoder = try wrapEncoders { () throws(EncodersError) in
            try trained.map { (trained) throws(EncodersError) in try trainer.encoder.trained(trained) }
                ?? trainer.encoder
        }
        let metrics = try evaluator.metrics(of: encoder, afterSteps: state.step) { encoder in
            try watch?.evaluate(evaluator, encoder) ?? evaluator.evaluate(encoder)
        }
        return Evaluation(step: state.step, metrics: metrics)
    }

    // MARK: Ends

    private mutating func save() throws(TrainingError) -> String {
        try wrapFiles { () throws(FilesError) in try watch?.synchronize() }
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

    /// Writes the adapter, the model card, the record and the report.
    private mutating func finish(
        since start: ContinuousClock.Instant, _ clock: ContinuousClock, isCancelled: () -> Bool
    ) throws(TrainingError) -> TrainingResult {
        var trained = state.trained
        if let best = state.best { trained.matrices = best }
        trained = try trainer.applicable(trained)
        var best = state.evaluations.best
        var dialled: DialResult?
        if let dial, let adapter = trained.adapter {
            let dialStart = clock.now
            dialled = try dial.sweep(
                adapter, base: trainer.encoder, afterSteps: state.step, found: observer.dialled,
                isCancelled: isCancelled)
            watch?.spentOnEvaluations(clock.now - dialStart)
            guard let chosen = dialled?.chosen else { try interrupt() }
            trained = .adapter(adapter.dialled(to: chosen.scale))
            // What the report has of the queries is of the adapter at its full strength.
            if chosen.scale != 1 { watch?.forgetBest() }
            best = best.map { Evaluation(step: $0.step, metrics: chosen.domain) }
        }
        let digest = try trainer.write(trained, to: run)
        var result = TrainingResult(
            path: run.path, steps: state.step, loss: state.loss ?? 0, parameters: state.trained.parameterCount,
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
        result.report = watch?.report(
            on: run, trainer: trainer, record: record.json, result: result, evaluator: evaluator, as: reporting,
            best: { try trainer.encoder.trained(trained) }, isCancelled: isCancelled)
        return result
    }
}
