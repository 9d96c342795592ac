internal import VectorMath

/// How likely a mean difference as large as that of two systems would be if which system got which value were chance: a
/// randomisation test, two-sided.
///
/// Under the null hypothesis the sign of each difference is a coin flip. `permutations` times all signs are drawn, and the share
/// of draws whose sum is at least as far from 0 as the observed one is counted, the observed one included: p = (1 + hits) / (1 +
/// permutations), so that it is never 0 (Smucker, Allan and Carterette, CIKM 2007, doi:10.1145/1321440.1321528).
/// - Parameters:
///   - first: One value a query.
///   - second: The other system's values of the same queries, in the same order.
/// - Returns: p, from 1 / (1 + permutations) to 1. The same numbers and seed give the same p.
/// - Complexity: O(queries · permutations).
public func pairedRandomizationTest(
    _ first: [Double], _ second: [Double], permutations: Int = 10_000, seed: UInt64 = 0
) -> Double {
    precondition(first.count == second.count, "a paired test of \(first.count) values against \(second.count)")
    precondition(permutations > 0, "a randomisation test with \(permutations) permutations")
    // A difference of 0 has no sign to flip.
    let differences = zip(first, second).map { $1 - $0 }.filter { $0 != 0 }
    // Sums that differ only by rounding are equal.
    let slack = 1e-12 * differences.reduce(0) { $0 + abs($1) }
    let observed = abs(differences.reduce(0, +)) - slack
    var generator = RandomGenerator(seed: seed)
    var hits = 0
    for _ in 0..<permutations where abs(sumWithRandomSigns(differences, &generator)) >= observed { hits += 1 }
    return Double(1 + hits) / Double(1 + permutations)
}

private func sumWithRandomSigns(_ values: [Double], _ generator: inout RandomGenerator) -> Double {
    var sum = 0.0
    var start = 0
    while start < values.count {
        var bits = generator.next()
        for value in values[start..<min(start + 64, values.count)] {
            // The sign is the highest bit of a number.
            sum += Double(bitPattern: value.bitPattern ^ bits << 63)
            bits >>= 1
        }
        start += 64
    }
    return sum
}

/// An interval that holds the mean of what the values were drawn from with a given confidence: the percentile bootstrap.
///
/// `samples` times as many values as there are are drawn with replacement; the interval is what lies between the quantiles of
/// their means, interpolated linearly (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13).
/// - Parameters:
///   - values: At least one; for two systems, the differences of their values query by query.
///   - level: The confidence, between 0 and 1.
/// - Returns: The interval. The same values and seed give the same.
/// - Complexity: O(values · samples).
public func bootstrapInterval(
    _ values: [Double], samples: Int = 10_000, level: Double = 0.95, seed: UInt64 = 0
) -> ClosedRange<Double> {
    precondition(!values.isEmpty, "a bootstrap interval of no values")
    precondition(
        samples > 0 && level > 0 && level < 1, "a bootstrap interval of level \(level) from \(samples) samples")
    precondition(!values.contains { !$0.isFinite }, "a bootstrap interval of values that are not finite")
    var generator = RandomGenerator(seed: seed)
    return percentileInterval(
        (0..<samples).map { _ in
            var sum = 0.0
            for _ in values.indices { sum += values[generator.below(values.count)] }
            return sum / Double(values.count)
        }, level: level)
}

/// What lies between the quantiles of a statistic's draws, as far from both ends.
func percentileInterval(_ draws: [Double], level: Double) -> ClosedRange<Double> {
    let sorted = draws.sorted()
    let tail = (1 - level) / 2
    return quantile(sorted, tail)...max(quantile(sorted, tail), quantile(sorted, 1 - tail))
}

/// The quantile of ascending values, interpolated linearly between the two nearest.
private func quantile(_ sorted: [Double], _ share: Double) -> Double {
    let place = share * Double(sorted.count - 1)
    let low = Int(place)
    guard low + 1 < sorted.count else { return sorted[sorted.count - 1] }
    return sorted[low] + (place - Double(low)) * (sorted[low + 1] - sorted[low])
}
