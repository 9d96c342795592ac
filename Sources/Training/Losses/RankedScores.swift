#if canImport(Glibc)
    internal import Glibc
#endif

/// log(1 + Σ exp(sᵢ − sⱼ)) over all pairs i, j whose true score of i is the lower one: what punishes a wrong order.
struct RankedScores {
    /// The loss.
    let loss: Double
    /// Its derivative by each s.
    let gradients: [Double]

    /// - Parameters:
    ///   - values: the s, scaled.
    ///   - truth: the true scores; only their order matters.
    /// - Complexity: O(B log B): sums over all higher scores, and over all lower ones, are carried along.
    init(_ values: [Double], truth: [Double]) {
        let order = truth.indices.sorted { (truth[$0], $0) < (truth[$1], $1) }
        let groups = RankedScores.groups(of: order, by: truth)
        // For each i, log Σ exp(−sⱼ) over all j of a higher score.
        var above = [Double](repeating: -.infinity, count: values.count)
        var sum = -Double.infinity
        for group in groups.reversed() {
            for place in group { above[order[place]] = sum }
            for place in group { sum = addedLogs(sum, -values[order[place]]) }
        }
        var total = 0.0
        for place in values.indices { total = addedLogs(total, values[place] + above[place]) }
        // For each j, log Σ exp(sᵢ) over all i of a lower score.
        var gradients = values.indices.map { exp(values[$0] + above[$0] - total) }
        sum = -Double.infinity
        for group in groups {
            for place in group { gradients[order[place]] -= exp(sum - values[order[place]] - total) }
            for place in group { sum = addedLogs(sum, values[order[place]]) }
        }
        loss = total
        self.gradients = gradients
    }

    /// Ranges of places whose true scores are equal.
    private static func groups(of order: [Int], by truth: [Double]) -> [Range<Int>] {
        var groups: [Range<Int>] = []
        var start = 0
        for place in order.indices.dropFirst() where truth[order[place]] != truth[order[start]] {
            groups.append(start..<place)
            start = place
        }
        if start < order.count { groups.append(start..<order.count) }
        return groups
    }
}

/// log(exp(a) + exp(b)), where −∞ is the logarithm of nothing.
private func addedLogs(_ a: Double, _ b: Double) -> Double {
    if a == -.infinity { return b }
    if b == -.infinity { return a }
    return max(a, b) + log1p(exp(-abs(a - b)))
}
