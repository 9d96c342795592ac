internal import VectorMath

/// What the batches of a step gave: sums over them, and means of what is reported.
struct StepGradients {
    private(set) var batches = 0
    private var lossSum = 0.0
    private var anchorSum: Double?
    /// The sum of the batches' gradients of what trains, in the order of its matrices.
    private(set) var trained: [Matrix<Float>] = []
    /// The same of the loss's own weights.
    private(set) var lossWeights: [Matrix<Float>] = []
    private(set) var tuples = 0
    private(set) var tokens = 0
    private(set) var maskedNegatives = 0
    /// The norm of the mean gradient.
    private(set) var norm = 0.0

    /// Of no batch.
    init() {}

    /// Of one batch.
    init(of plan: BatchPlan, _ value: LossValue, trained: [Matrix<Float>], anchored: Double?) {
        batches = 1
        lossSum = value.loss + (anchored ?? 0)
        anchorSum = anchored
        self.trained = trained
        lossWeights = value.weightGradients
        tuples = plan.rows.count
        tokens = plan.tokenCount
        maskedNegatives = plan.rows.falseNegativeCount
        norm = meanNorm
    }

    /// The mean loss of the batches, with the anchor's term.
    var loss: Double { lossSum / Double(batches) }
    /// The mean of the anchor's term.
    var anchor: Double? { anchorSum.map { $0 / Double(batches) } }
    /// Reads all gradients: asked for once a change.
    private var meanNorm: Double { (trained.sumOfSquares + lossWeights.sumOfSquares).squareRoot() / Double(batches) }

    mutating func add(_ other: StepGradients) {
        guard batches > 0 else {
            self = other
            return
        }
        batches += other.batches
        lossSum += other.lossSum
        anchorSum = other.anchorSum.map { $0 + (anchorSum ?? 0) }
        for index in trained.indices { addElements(of: other.trained[index], to: &trained[index]) }
        for index in lossWeights.indices { addElements(of: other.lossWeights[index], to: &lossWeights[index]) }
        tuples += other.tuples
        tokens += other.tokens
        maskedNegatives += other.maskedNegatives
        norm = meanNorm
    }

    /// Throws where the loss or a gradient is no number.
    ///
    /// - Parameters:
    ///   - step: the number of the step.
    ///   - tuples: names of the batch's rows.
    ///   - owner: whose a trained matrix is, for the message.
    func check(step: Int, tuples: [String], owner: (Int) -> String) throws(TrainingError) {
        guard loss.isFinite else { throw .nonFiniteLoss(step: step, tuples: tuples) }
        guard norm.isFinite else {
            let index = trained.firstIndex { !VectorMath.sumOfSquares($0.view).isFinite }
            throw .nonFiniteGradient(
                step: step, module: index.map(owner) ?? "the loss's own weights", tuples: tuples)
        }
    }
}
