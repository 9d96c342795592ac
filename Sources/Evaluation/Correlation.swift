/// Pearson's correlation of two samples, in double precision; NaN where either is constant, has a NaN, or is shorter than 2.
///
/// `first` and `second` are of the same length.
public func pearson(_ first: [Double], _ second: [Double]) -> Double {
    precondition(first.count == second.count, "pearson: \(first.count) values against \(second.count)")
    guard isCorrelatable(first), isCorrelatable(second) else { return .nan }
    let (meanOfFirst, meanOfSecond) = (mean(first), mean(second))
    var (product, squares, otherSquares) = (0.0, 0.0, 0.0)
    for (x, y) in zip(first, second) {
        let (dx, dy) = (x - meanOfFirst, y - meanOfSecond)
        product += dx * dy
        squares += dx * dx
        otherSquares += dy * dy
    }
    // One root of the product is exact where both sums are equal; it may leave the range of numbers, two roots do not.
    let both = squares * otherSquares
    let scale = both.isNormal ? both.squareRoot() : squares.squareRoot() * otherSquares.squareRoot()
    return min(1, max(-1, product / scale))
}

/// Spearman's rank correlation: Pearson's of the ranks, where equal values share the average of their ranks.
///
/// NaN where `pearson` is. `first` and `second` are of the same length.
/// - Complexity: O(n log n).
public func spearman(_ first: [Double], _ second: [Double]) -> Double {
    precondition(first.count == second.count, "spearman: \(first.count) values against \(second.count)")
    guard isCorrelatable(first), isCorrelatable(second) else { return .nan }
    return pearson(averageRanks(first), averageRanks(second))
}

/// Ranks from 1, equal values sharing the average of theirs.
func averageRanks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count)
    var start = 0
    while start < order.count {
        var end = start + 1
        while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
        let shared = Double(start + 1 + end) / 2
        for place in start..<end { ranks[order[place]] = shared }
        start = end
    }
    return ranks
}

func mean(_ values: [Double]) -> Double {
    values.isEmpty ? 0 : values.reduce(0, +) / Double(values.count)
}

private func isCorrelatable(_ values: [Double]) -> Bool {
    guard let first = values.first, !values.contains(where: \.isNaN) else { return false }
    return values.contains { $0 != first }
}
