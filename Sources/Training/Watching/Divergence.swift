/// Sees when a run's loss goes the wrong way.
///
/// The rule: the mean loss of the last 50 steps is more than twice that of the first 50, and none of them is counted twice. A loss
/// that only swings from batch to batch does not do that; one whose learning rate is too high does, long before a number overflows.
struct Divergence {
    /// The steps whose losses are averaged.
    static let window = 50
    /// How many times the first mean the last one must be.
    static let factor = 2.0

    private var first: [Double] = []
    private var last: [Double] = []
    private var isKnown = false

    /// Takes in the loss of the next step. Returns the two means when the rule holds for the first time.
    mutating func add(_ loss: Double) -> (first: Double, last: Double)? {
        if first.count < Self.window {
            first.append(loss)
            return nil
        }
        last.append(loss)
        if last.count > Self.window { last.removeFirst() }
        guard !isKnown, last.count == Self.window else { return nil }
        let (before, now) = (mean(first), mean(last))
        guard before > 0, now > Self.factor * before else { return nil }
        isKnown = true
        return (before, now)
    }

    private func mean(_ values: [Double]) -> Double { values.reduce(0, +) / Double(values.count) }
}
