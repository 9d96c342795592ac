internal import LowRank
internal import VectorMath

/// Fits a head to a data set of embeddings: the loop, without files.
///
/// What is optimised is the difference to the first values, so that weight decay draws back to them: a linear head does not decay
/// to zero but to what it began with. The same data and settings give the same bits for any number of threads.
struct HeadFitting {
    /// A step that was taken.
    struct Step: Sendable, Equatable {
        var step: Int
        var epoch: Double
        var loss: Double
        var learningRate: Double
        var gradientNorm: Double
        var queries: Int
        var masked: Int
        /// The held-out score after it, where the step ended an epoch.
        var score: Double?
    }

    /// What it came to.
    struct Outcome: Sendable {
        /// The best head on the held-out queries; where nothing was held out, the last one.
        var head: EmbeddingHead
        /// The held-out score without a head, of the first head and of the kept one; nil where nothing was held out.
        var before: Double?
        var started: Double?
        var best: Double?
        /// The epoch of the kept head; 0 where none was better than no head at all.
        var keptEpoch: Int
        var epochs: Int
        var steps: Int
        var loss: Double
        var heldOutQueries: Int
    }

    let data: HeadData
    let settings: HeadTrainingSettings
    private let train: [Int]
    private let ranking: HeldOutRanking
    private let first: EmbeddingHead?

    /// - Parameter first: what training begins with; nil for what the settings say.
    init(
        _ data: HeadData, _ settings: HeadTrainingSettings, first: EmbeddingHead? = nil
    ) throws(TrainingError) {
        (self.data, self.settings, self.first) = (data, settings, first)
        let (train, heldOut) = data.split(heldOut: settings.heldOut, seed: settings.seed)
        guard train.count >= 2 else { throw .tooFewTuples(found: train.count) }
        self.train = train
        ranking = HeldOutRanking(heldOut, of: data)
    }

    /// The number of steps of a run that nothing ends early.
    var totalSteps: Int {
        let steps = settings.epochs * sampler.batchesPerEpoch
        return min(steps, settings.maxSteps ?? steps)
    }

    private var sampler: BatchSampler {
        BatchSampler(count: train.count, batchSize: settings.batchSize, seed: settings.seed)
    }

    /// Fits.
    ///
    /// - Parameters:
    ///   - observe: told of every step.
    ///   - isCancelled: asked between steps.
    @discardableResult
    func run(
        observe: (Step) throws(TrainingError) -> Void = { _ in }, isCancelled: () -> Bool = { false }
    ) throws(TrainingError) -> Outcome {
        // Not `??`: its autoclosure would lose the error's type.
        let start = if let first { first } else { try firstHead() }
        let before = ranking.score(nil)
        let hasHeldOut = ranking.count > 0
        let none = EmbeddingHead(
            identity: settings.kind, width: data.queries.columns, inner: settings.inner, seed: settings.seed)
        var outcome = Outcome(
            head: none, before: hasHeldOut ? before : nil, started: hasHeldOut ? ranking.score(start) : nil,
            best: hasHeldOut ? before : nil, keptEpoch: 0, epochs: 0, steps: 0, loss: .nan,
            heldOutQueries: ranking.count)
        if let started = outcome.started, started > before { (outcome.head, outcome.best) = (start, started) }
        var (head, changes) = (start, start.matrices.map { Matrix<Float>(rows: $0.rows, columns: $0.columns) })
        var optimizer = AdamW(
            for: changes, decays: settings.kind.decays, constants: AdamW.Constants(weightDecay: settings.weightDecay))
        var sampler = sampler
        let schedule = LearningRateSchedule(
            settings.schedule, totalSteps: totalSteps, warmupFraction: settings.warmup)
        var sinceBest = 0
        while outcome.steps < totalSteps, sinceBest < settings.patience {
            for batch in 0..<sampler.batchesPerEpoch where outcome.steps < totalSteps {
                if isCancelled() { throw .interrupted(step: outcome.steps, checkpoint: nil) }
                let rate = settings.effectiveLearningRate * schedule.factor(afterSteps: outcome.steps)
                var step = try take(sampler.next().rows, &head, &changes, start, &optimizer, rate, outcome.steps + 1)
                outcome.steps += 1
                outcome.loss = step.loss
                let isLast = batch == sampler.batchesPerEpoch - 1 || outcome.steps == totalSteps
                step.epoch = Double(outcome.epochs) + Double(batch + 1) / Double(sampler.batchesPerEpoch)
                if isLast, hasHeldOut { step.score = ranking.score(head) }
                try observe(step)
                guard isLast else { continue }
                outcome.epochs += 1
                sinceBest += 1
                guard step.score ?? .infinity > outcome.best ?? -.infinity || !hasHeldOut else { continue }
                (outcome.head, outcome.best, outcome.keptEpoch) = (head, step.score, outcome.epochs)
                sinceBest = 0
            }
        }
        return outcome
    }

    /// One step on a batch of rows.
    private func take(
        _ batch: [Int], _ head: inout EmbeddingHead, _ changes: inout [Matrix<Float>], _ start: EmbeddingHead,
        _ optimizer: inout AdamW, _ rate: Double, _ number: Int
    ) throws(TrainingError) -> Step {
        let rows = batch.map { data.rows[train[$0]] }
        let x = gathered(data.queries, rows.map(\.query))
        let (output, saved) = head.forward(x.view)
        let candidates = candidates(rows)
        let (loss, derivative) = FrozenDocumentSoftmax(scale: Float(settings.scale)).evaluate(
            output.view, documents: candidates.documents, own: candidates.own, masked: candidates.masked)
        func names() -> [String] { batch.map { "row \(train[$0] + 1)" } }
        guard loss.isFinite else { throw .nonFiniteLoss(step: number, tuples: names()) }
        let gradients = head.backward(derivative.view, x.view, saved)
        let norm = gradients.reduce(0) { $0 + sumOfSquares($1.view) }.squareRoot()
        guard norm.isFinite else { throw .nonFiniteGradient(step: number, module: "the head", tuples: names()) }
        optimizer.step(
            &changes, gradients: gradients, learningRate: rate,
            gradientScale: AdamW.clippingScale(norm: norm, limit: settings.maxGradientNorm))
        head = start
        for index in changes.indices { add(changes[index].view, to: &head.matrices[index]) }
        return Step(
            step: number, epoch: 0, loss: loss, learningRate: rate, gradientNorm: norm, queries: rows.count,
            masked: candidates.masked.reduce(0) { $0 + $1.count })
    }

    /// What the answers of a batch are held against.
    private func candidates(
        _ rows: [HeadData.Row]
    ) -> (documents: MatrixView<Float>, own: [Int], masked: [[Int]]) {
        switch settings.negatives {
        case .all: return (data.documents.view, rows.map(\.document), rows.map(\.masked))
        case .inBatch:
            let order = Set(rows.flatMap { [$0.document] + $0.negatives }).sorted()
            let places = Dictionary(uniqueKeysWithValues: order.enumerated().map { ($1, $0) })
            return (
                gathered(data.documents, order).view, rows.map { places[$0.document]! },
                rows.map { $0.masked.compactMap { places[$0] } }
            )
        }
    }

    /// The head that training begins with.
    private func firstHead() throws(TrainingError) -> EmbeddingHead {
        let identity = EmbeddingHead(
            identity: settings.kind, width: data.queries.columns, inner: settings.inner, seed: settings.seed)
        guard settings.start == .ridge, ranking.count > 0 else { return identity }
        let rows = train.map { data.rows[$0] }
        let (x, y) = (gathered(data.queries, rows.map(\.query)), gathered(data.documents, rows.map(\.document)))
        var best = (head: identity, score: ranking.score(identity))
        for part in RidgeRegression.grid {
            let head = try wrapLowRank { () throws(LowRankError) in
                try closedForm(from: x.view, to: y.view, part)
            }
            let score = ranking.score(head)
            if score > best.score { best = (head, score) }
        }
        return best.head
    }

    /// The least squared error with a penalty in units of the mean eigenvalue of XᵀX.
    private func closedForm(
        from x: MatrixView<Float>, to y: MatrixView<Float>, _ part: Double
    ) throws(LowRankError) -> EmbeddingHead {
        let penalty = part * sumOfSquares(x) / Double(x.columns)
        if settings.kind == .linear {
            return EmbeddingHead(try RidgeRegression(from: x, to: y, penalty: penalty, towards: .identity).map)
        }
        let low = try ReducedRankRegression(
            from: x, to: y, rank: settings.rank, penalty: penalty, around: AffineMap.identity(x.columns).weight)
        return EmbeddingHead(down: low.down, up: low.up, bias: low.bias)
    }
}

extension EmbeddingHead.Kind {
    /// Whether each matrix is drawn back to where it began: all but biases.
    var decays: [Bool] {
        switch self {
        case .linear: [true, false]
        case .lowRank: [true, true, false]
        case .twoLayer: [true, false, true, false]
        }
    }
}
