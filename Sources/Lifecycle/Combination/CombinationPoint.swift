public import Files

/// What an encoder reaches on the domains and on the canary set.
public struct CombinationMetrics: Sendable, Equatable {
    /// The metrics on each domain, in the order of the domains.
    public let domains: [[String: Double]]
    /// The metrics on the canary set; nil where there is none.
    public let canary: [String: Double]?
    /// The weighted mean of the metrics that decide on the domains.
    public let score: Double

    /// `domains`, `canary` (null where there is none) and `score`.
    public var json: JSONValue {
        .object(members)
    }

    var members: [String: JSONValue] {
        [
            "domains": .array(domains.map { .object($0.mapValues(JSONValue.number)) }),
            "canary": canary.map { .object($0.mapValues(JSONValue.number)) } ?? .null, "score": .number(score),
        ]
    }
}

/// Adapters at some weights, and what came of it.
public struct CombinationPoint: Sendable, Equatable {
    /// A weight for each adapter; all 0 is the base model.
    public let weights: [Double]
    /// What the combination reaches.
    public let metrics: CombinationMetrics

    /// The sum of the weights: how much is changed.
    public var total: Double { weights.reduce(0, +) }

    /// Whether it is the base model.
    public var isBase: Bool { weights.allSatisfy { $0 == 0 } }

    /// The place of the adapter that this is, alone and as it was trained; nil for everything else.
    public var single: Int? {
        guard weights.count(where: { $0 != 0 }) == 1 else { return nil }
        return weights.firstIndex(of: 1)
    }
}
