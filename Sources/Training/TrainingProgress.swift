/// What a step of a run has come to.
public struct TrainingProgress: Sendable, Equatable {
    /// The number of steps taken, of ``totalSteps``.
    public let step: Int
    /// The number of steps of the whole run.
    public let totalSteps: Int
    /// Passes over the data so far.
    public let epoch: Double
    /// The loss of the step's batch, before the step.
    public let loss: Double
    /// The learning rate of the step.
    public let learningRate: Double
    /// The norm of the gradients before clipping.
    public let gradientNorm: Double
    /// Tuples of the step's batch.
    public let pairs: Int
    /// Tokens that were computed; each distinct text of the batch counts once.
    public let tokens: Int
    /// Candidates that were left out of the loss because they are no negatives of their anchor.
    public let maskedNegatives: Int
    /// Tuples a second.
    public let pairsPerSecond: Double
    /// Tokens a second.
    public let tokensPerSecond: Double
    /// The time that the step took.
    public let seconds: Double
    /// The time that is left at the pace of this process so far.
    public let secondsLeft: Double
    /// What the anchor's term adds to the loss, where the run has one.
    public var anchor: Double?
}

/// Whoever wants to know how a run goes. All methods do nothing by default.
public protocol TrainingObserver {
    /// Steps are about to be taken, and will need so much memory.
    func planned(_ memory: MemoryPlan)
    /// A step is done.
    func finished(_ progress: TrainingProgress)
    /// The adapter was evaluated.
    func evaluated(_ evaluation: Evaluation, isBest: Bool)
    /// Hard negatives are being mined: so many texts of all are done.
    func mining(done: Int, total: Int)
    /// Hard negatives were mined, after so many steps.
    func mined(_ summary: MiningSummary, afterSteps steps: Int)
    /// The adapter was evaluated at a part of its strength.
    func dialled(_ point: DialResult.Point)
    /// Something that the user should know of and that does not stop the run: one line.
    func warned(_ message: String)
}

extension TrainingObserver {
    /// Does nothing.
    public func planned(_ memory: MemoryPlan) {}
    /// Does nothing.
    public func finished(_ progress: TrainingProgress) {}
    /// Does nothing.
    public func evaluated(_ evaluation: Evaluation, isBest: Bool) {}
    /// Does nothing.
    public func dialled(_ point: DialResult.Point) {}
    /// Does nothing.
    public func warned(_ message: String) {}
}

/// An observer that looks away.
public struct SilentObserver: TrainingObserver {
    /// An observer that looks away.
    public init() {}
}
