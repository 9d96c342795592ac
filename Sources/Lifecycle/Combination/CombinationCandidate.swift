public import LowRank
internal import Training

/// An adapter that is to be combined with others.
public struct CombinationCandidate: Sendable {
    /// What messages and tables call it: its path.
    public let name: String
    /// The adapter.
    public let adapter: LowRankAdapter

    /// An adapter under a name.
    public init(name: String, adapter: LowRankAdapter) {
        self.name = name
        self.adapter = adapter
    }
}

extension [CombinationCandidate] {
    /// The adapter whose change is the weighted sum of these adapters' changes; nil where all weights are 0: the base.
    ///
    /// What has a weight of 0 takes no part and no rank. One adapter alone is dialled: its matrices stay as they are, and
    /// the weight is said by its configuration.
    ///
    /// - Parameters:
    ///   - weights: one for each adapter, finite.
    ///   - combination: how several become one; of one alone, only a rank counts, which it is compressed to.
    /// - Throws: what ``LowRankAdapter/init(combining:by:)`` throws.
    public func combined(
        at weights: [Double], by combination: AdapterCombination = AdapterCombination(.cat)
    ) throws(LowRankError) -> LowRankAdapter? {
        precondition(weights.count == count, "\(weights.count) weights for \(count) adapters")
        let active = zip(self, weights).filter { $1 != 0 }.map { (adapter: $0.adapter, weight: $1) }
        guard let first = active.first else { return nil }
        guard active.count == 1 else { return try LowRankAdapter(combining: active, by: combination) }
        try first.adapter.requirePlain(for: "combining")
        let dialled = first.adapter.dialled(to: first.weight)
        guard let rank = combination.rank else { return dialled }
        return try dialled.compressed(to: .rank(rank)).adapter
    }
}
