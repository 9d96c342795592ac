public import Evaluation
public import Files

/// What a ``CombinationSearch`` found.
public struct CombinationResult: Sendable, Equatable {
    /// A data set that the combination is to serve.
    public struct Domain: Sendable, Equatable {
        /// The data set.
        public let name: String
        /// The metric that decides on it.
        public let metric: String
        /// How much it counts.
        public let weight: Double
    }

    /// The data set that the combination should not spoil.
    public struct Canary: Sendable, Equatable {
        /// The data set.
        public let name: String
        /// The metric that the budget bounds.
        public let metric: String
        /// What it may be below the base's.
        public let budget: Double
    }

    /// The names of the adapters, in the order of a point's weights.
    public let adapters: [String]
    /// In the order of a point's metrics.
    public let domains: [Domain]
    /// Nil where nothing was to be kept.
    public let canary: Canary?
    /// In the order of their evaluation; the first is the base model.
    public let points: [CombinationPoint]
    /// The chosen point against the base, on each domain; nil where they are one, or the evaluator gives no values to pair.
    ///
    /// The interval speaks of other queries of this kind at these weights. It does not know that the weights were
    /// chosen on these very queries, and so is on the bright side: data that the search has not seen says more.
    public internal(set) var againstBase: [Comparison?]
    /// The chosen point against the best single adapter, in the same way.
    public internal(set) var againstBestSingle: [Comparison?]

    /// - Parameter points: the first is the base model.
    init(adapters: [String], domains: [Domain], canary: Canary?, points: [CombinationPoint]) {
        precondition(points.first?.isBase == true, "a search begins with the base model")
        self.adapters = adapters
        self.domains = domains
        self.canary = canary
        self.points = points
        againstBase = domains.map { _ in nil }
        againstBestSingle = domains.map { _ in nil }
    }

    /// The base model.
    public var base: CombinationPoint { points[0] }

    /// The point within the budget with the highest score; of equals the one with the smallest sum of weights, then the
    /// one that was evaluated first.
    public var chosen: CombinationPoint { Self.best(of: points.filter { isWithinBudget($0.metrics) }) ?? base }

    /// The best of the adapters alone, as they were trained; nil where none keeps the budget.
    public var bestSingle: CombinationPoint? {
        Self.best(of: points.filter { $0.single != nil && isWithinBudget($0.metrics) })
    }

    /// The chosen point's score above the base's.
    public var gainOverBase: Double { chosen.metrics.score - base.metrics.score }

    /// The chosen point's score above the best single adapter's; nil where no adapter alone keeps the budget.
    public var gainOverBestSingle: Double? { bestSingle.map { chosen.metrics.score - $0.metrics.score } }

    /// What the canary's metric is below the base's, negative where it is above; nil where there is no canary.
    public func loss(of metrics: CombinationMetrics) -> Double? {
        guard let canary, let before = base.metrics.canary?[canary.metric], let after = metrics.canary?[canary.metric]
        else { return nil }
        return before - after
    }

    /// Whether something costs the canary no more than the budget.
    public func isWithinBudget(_ metrics: CombinationMetrics) -> Bool {
        guard let canary, let loss = loss(of: metrics) else { return true }
        // A loss that is the budget in decimals may come out above it in binary.
        return loss <= canary.budget + 1e-12
    }

    private static func best(of points: [CombinationPoint]) -> CombinationPoint? {
        points.dropFirst().reduce(points.first) { best, point in
            guard let best else { return point }
            let (score, other) = (point.metrics.score, best.metrics.score)
            return score > other || score == other && point.total < best.total ? point : best
        }
    }

    /// What was chosen, what it gains, and the table of all.
    public var json: JSONValue {
        func number(_ value: Double?) -> JSONValue { value.map(JSONValue.number) ?? .null }
        func comparisons(_ list: [Comparison?]) -> JSONValue { .array(list.map { $0?.jsonValue ?? .null }) }
        let chosen = chosen
        return [
            "adapters": .array(adapters.map(JSONValue.string)), "weights": Self.json(chosen.weights),
            "domains": .array(
                domains.map {
                    ["name": .string($0.name), "metric": .string($0.metric), "weight": .number($0.weight)]
                }),
            "canary": canary.map {
                ["name": .string($0.name), "metric": .string($0.metric), "budget": .number($0.budget)]
            } ?? .null,
            "score": .number(chosen.metrics.score), "base_score": .number(base.metrics.score),
            "best_single": bestSingle.map {
                ["adapter": .string(adapters[$0.single ?? 0]), "score": .number($0.metrics.score)]
            } ?? .null,
            "gain_over_base": .number(gainOverBase), "gain_over_best_single": number(gainOverBestSingle),
            "canary_loss": number(loss(of: chosen.metrics)),
            "against_base": comparisons(againstBase), "against_best_single": comparisons(againstBestSingle),
            "points": .array(
                points.map { point in
                    .object(
                        point.metrics.members.merging([
                            "weights": Self.json(point.weights),
                            "within_budget": .bool(isWithinBudget(point.metrics)),
                        ]) { $1 })
                }),
        ]
    }

    private static func json(_ weights: [Double]) -> JSONValue { .array(weights.map(JSONValue.number)) }
}
