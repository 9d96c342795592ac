public import Files

/// What a ``StrengthDial`` found.
public struct DialResult: Sendable, Equatable {
    /// An adapter at one scale.
    public struct Point: Sendable, Equatable {
        /// From 0, the base model, to 1, the adapter as it was trained.
        public let scale: Double
        /// The metrics on the domain's development set.
        public let domain: [String: Double]
        /// The metrics on the canary set.
        public let canary: [String: Double]
    }

    /// By ascending scale, from 0 to 1.
    public let points: [Point]
    /// The metric of the domain that decides.
    public let domainMetric: String
    /// The metric of the canary set that the budget bounds.
    public let canaryMetric: String
    /// What the canary's metric may lose against the base.
    public let budget: Double

    /// - Parameter points: the first is the base model; each has both metrics.
    init(points: [Point], domainMetric: String, canaryMetric: String, budget: Double) {
        precondition(points.first?.scale == 0, "a sweep begins with the base model")
        self.points = points
        self.domainMetric = domainMetric
        self.canaryMetric = canaryMetric
        self.budget = budget
    }

    /// What a point's canary metric is below the base's; negative where it is above.
    public func loss(at point: Point) -> Double { canary(points[0]) - canary(point) }

    /// Whether a point costs the canary no more than the budget.
    public func isWithinBudget(_ point: Point) -> Bool {
        // A loss that is the budget in decimals may come out above it in binary.
        loss(at: point) <= budget + 1e-12
    }

    /// The point within the budget that is best for the domain; of equals the one with the lowest scale.
    public var chosen: Point {
        points.filter(isWithinBudget).reduce(points[0]) { domain($1) > domain($0) ? $1 : $0 }
    }

    private func domain(_ point: Point) -> Double { point.domain[domainMetric] ?? -.infinity }

    private func canary(_ point: Point) -> Double { point.canary[canaryMetric] ?? -.infinity }

    /// The chosen scale and the table of all.
    public var json: JSONValue {
        [
            "scale": .number(chosen.scale), "budget": .number(budget), "domain_metric": .string(domainMetric),
            "canary_metric": .string(canaryMetric),
            "points": .array(
                points.map { point in
                    [
                        "scale": .number(point.scale), "within_budget": .bool(isWithinBudget(point)),
                        "domain": .object(point.domain.mapValues(JSONValue.number)),
                        "canary": .object(point.canary.mapValues(JSONValue.number)),
                    ]
                }),
        ]
    }
}
