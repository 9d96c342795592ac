public import Files

/// Whether one system is better than another by a metric: the difference of their means over the queries that both have, or of
/// their correlations over pairs, how sure it is, and how likely chance alone would have made it.
public struct Comparison: Equatable, Sendable {
    public let metric: String

    /// How many queries both have.
    public let count: Int

    /// How many queries only the first and only the second has; they count nowhere.
    public let onlyFirst: Int, onlySecond: Int

    /// The means over the queries that both have.
    public let first: Double, second: Double

    /// `second` minus `first`.
    public let difference: Double

    /// The bootstrap interval of the difference at `level`.
    public let interval: ClosedRange<Double>

    /// The confidence of the interval, such as 0.95.
    public let level: Double

    /// Of the paired randomisation test, two-sided.
    public let p: Double

    /// How many queries the second wins, loses, and leaves as they were.
    public let wins: Int, losses: Int, ties: Int

    /// Compares two results of evaluations.
    ///
    /// - Parameters:
    ///   - metric: A name such as `ndcg@10` that both results have.
    ///   - permutations: Draws of the randomisation test.
    ///   - samples: Draws of the bootstrap.
    /// - Throws: `notComparable` where a result lacks the metric or no query is in both.
    public init(
        _ first: EvaluationResult, _ second: EvaluationResult, metric: String, permutations: Int = 10_000,
        samples: Int = 10_000, level: Double = 0.95, seed: UInt64 = 0
    ) throws(EvaluationError) {
        for (name, result) in [("first", first), ("second", second)] where result.means[metric] == nil {
            throw .notComparable(metric: metric, reason: "the \(name) has no such metric")
        }
        guard first.profile == second.profile else {
            let profiles = "\(first.profile.rawValue) and \(second.profile.rawValue)"
            throw .notComparable(metric: metric, reason: "they are of different profiles, \(profiles)")
        }
        try self.init(
            first.perQuery.compactMapValues { $0[metric] }, second.perQuery.compactMapValues { $0[metric] },
            metric: metric, permutations: permutations, samples: samples, level: level, seed: seed)
    }

    /// Compares values by query id, or by whatever names the items that two systems were measured on.
    public init(
        _ first: [String: Double], _ second: [String: Double], metric: String, permutations: Int = 10_000,
        samples: Int = 10_000, level: Double = 0.95, seed: UInt64 = 0
    ) throws(EvaluationError) {
        // A fixed order, so that the same values and seed give the same numbers.
        let queries = first.keys.filter { second[$0] != nil }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        guard !queries.isEmpty else { throw .notComparable(metric: metric, reason: "they have no query in common") }
        let a = queries.map { first[$0] ?? 0 }
        let b = queries.map { second[$0] ?? 0 }
        let differences = zip(a, b).map { $1 - $0 }
        self.init(
            metric: metric, count: queries.count, onlyFirst: first.count - queries.count,
            onlySecond: second.count - queries.count, first: mean(a), second: mean(b), difference: mean(differences),
            interval: bootstrapInterval(differences, samples: samples, level: level, seed: seed), level: level,
            p: pairedRandomizationTest(a, b, permutations: permutations, seed: seed),
            wins: differences.count { $0 > 0 }, losses: differences.count { $0 < 0 })
    }

    init(
        metric: String, count: Int, onlyFirst: Int = 0, onlySecond: Int = 0, first: Double, second: Double,
        difference: Double? = nil, interval: ClosedRange<Double>, level: Double, p: Double, wins: Int, losses: Int
    ) {
        self.metric = metric
        self.count = count
        self.onlyFirst = onlyFirst
        self.onlySecond = onlySecond
        self.first = first
        self.second = second
        self.difference = difference ?? second - first
        self.interval = interval
        self.level = level
        self.p = p
        self.wins = wins
        self.losses = losses
        ties = count - wins - losses
    }

    /// Whether the second is better and chance is an unlikely reason: p at most 1 - `level`.
    public var secondIsBetter: Bool { difference > 0 && p <= 1 - level }

    /// Whether the first is better and chance is an unlikely reason.
    public var firstIsBetter: Bool { difference < 0 && p <= 1 - level }

    public var jsonValue: JSONValue {
        [
            "metric": .string(metric), "queries": .integer(Int64(count)), "first": .number(first),
            "second": .number(second), "difference": .number(difference), "low": .number(interval.lowerBound),
            "high": .number(interval.upperBound), "level": .number(level), "p": .number(p),
            "wins": .integer(Int64(wins)), "losses": .integer(Int64(losses)), "ties": .integer(Int64(ties)),
            "onlyFirst": .integer(Int64(onlyFirst)), "onlySecond": .integer(Int64(onlySecond)),
            "secondIsBetter": .bool(secondIsBetter),
        ]
    }
}
