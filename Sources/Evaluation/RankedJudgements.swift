internal import Glibc

/// One ranked list seen through its judgements: what every metric is computed from.
struct RankedJudgements {
    /// The judgement of the document at each rank, best rank first; 0 for unjudged and for judgements below 1.
    let gains: [Int]
    /// The judgements of all relevant documents, largest first.
    let idealGains: [Int]

    var relevantCount: Int { idealGains.count }

    func value(of metric: RetrievalMetric, capsDenominator: Bool) -> Double {
        guard relevantCount > 0 else { return 0 }
        let top = gains.prefix(metric.cutoff)
        switch metric.kind {
        case .ndcg:
            return Self.discountedGain(top) / Self.discountedGain(idealGains.prefix(metric.cutoff))
        case .mrr:
            return top.firstIndex { $0 > 0 }.map { 1 / Double($0 + 1) } ?? 0
        case .recall:
            return Double(top.count { $0 > 0 }) / Double(relevantCount)
        case .map:
            let denominator = capsDenominator ? min(metric.cutoff, relevantCount) : relevantCount
            return Self.sumOfPrecisions(top) / Double(denominator)
        case .precision:
            return Double(top.count { $0 > 0 }) / Double(metric.cutoff)
        case .success:
            return top.contains { $0 > 0 } ? 1 : 0
        }
    }

    /// Σ gain / log2(rank + 1), ranks from 1.
    private static func discountedGain(_ gains: ArraySlice<Int>) -> Double {
        var sum = 0.0
        for (index, gain) in gains.enumerated() where gain > 0 {
            sum += Double(gain) / log2(Double(index + 2))
        }
        return sum
    }

    private static func sumOfPrecisions(_ gains: ArraySlice<Int>) -> Double {
        var found = 0
        var sum = 0.0
        for (index, gain) in gains.enumerated() where gain > 0 {
            found += 1
            sum += Double(found) / Double(index + 1)
        }
        return sum
    }
}
