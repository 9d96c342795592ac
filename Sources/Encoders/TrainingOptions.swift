/// What a forward pass of training does that inference does not.
///
/// Only LoRA's own dropout, on the input of A, is applied. The dropout that a model's configuration names for its hidden states and
/// attention is left out: with a frozen base and the rank as regulariser it mostly costs speed, and leaving it out makes a step
/// a function of its texts alone.
public struct TrainingOptions: Sendable, Hashable {
    /// The probability that an input value of A is dropped, in 0..<1.
    public var dropout: Float
    /// The run's seed.
    public var seed: UInt64
    /// The optimiser's step: another mask each.
    public var step: Int
    /// The number of the forward pass in its step, when one step makes several: another mask each. Two passes
    /// with equal options and texts drop the same values, which gradient caching relies on.
    public var pass: Int

    public init(dropout: Float = 0, seed: UInt64 = 0, step: Int = 0, pass: Int = 0) {
        precondition(dropout >= 0 && dropout < 1, "a dropout probability of \(dropout) is outside 0..<1")
        self.dropout = dropout
        self.seed = seed
        self.step = step
        self.pass = pass
    }
}
