public import Files

/// Which documents become hard negatives of a query, and how many.
///
/// Documents are ranked by the cosine with the query; what is known to answer it, what is a negative of it already, and
/// the query's own text are taken out first. Ranks count what is left, from 0. Of the ranks of the window, the filters
/// by score let some pass, and ``sampling`` chooses among those.
public struct MiningSettings: Sendable, Equatable {
    /// How negatives are chosen among the documents that pass.
    public enum Sampling: String, Sendable, Codable, CaseIterable {
        /// The nearest.
        case top
        /// Any, by a seeded draw.
        case random
    }

    /// How many negatives a query gets, where there are as many.
    public var negatives = 5
    /// The first rank of the window.
    public var rangeMin = 0
    /// The end of the window: the first rank behind it. Nil for 100 ranks, or twenty for each negative where that is more.
    public var rangeMax: Int?
    /// What a negative's score must at least be below the lowest score of the query's answers; nil for no such bound.
    public var absoluteMargin: Double?
    /// The same as a part of that score's size: 0.05 lets pass what scores at most 95 % of the lowest answer. Nil for no
    /// such bound.
    ///
    /// Reference: TopK-PercPos in Moreira et al.: NV-Retriever, 2024, arXiv:2407.15831.
    public var relativeMargin: Double? = 0.05
    /// The highest score of a negative; nil for any.
    public var maxScore: Double?
    /// The lowest score of a negative; nil for any.
    public var minScore: Double?
    /// How negatives are chosen among the documents that pass.
    public var sampling = Sampling.top
    /// Decides what a random sample draws.
    public var seed: UInt64 = 0

    /// The nearest five that score at most 95 % of the lowest answer.
    public init() {}

    /// The ranks that are looked at.
    public var window: Range<Int> { rangeMin..<(rangeMax ?? rangeMin + max(100, 20 * negatives)) }

    /// Refuses what nothing can be mined with.
    ///
    /// - Parameter flag: what a setting is called in the message, by its name in ``json``.
    public func validate(flag: (String) -> String = { $0 }) throws(TrainingError) {
        func require(
            _ holds: Bool, _ name: String, _ value: @autoclosure () -> String, _ expected: String
        ) throws(TrainingError) {
            guard holds else { throw .invalidSetting(name: flag(name), found: value(), expected: expected) }
        }
        try require((1...Self.most).contains(negatives), "negatives", "\(negatives)", "from 1 to \(Self.most)")
        try require((0...Self.most).contains(rangeMin), "range-min", "\(rangeMin)", "from 0 to \(Self.most)")
        if let rangeMax {
            try require(
                rangeMax <= 2 * Self.most && rangeMax - rangeMin >= negatives, "range-max", "\(rangeMax)",
                "room for \(negatives) negatives from rank \(rangeMin) on, and at most \(2 * Self.most)")
        }
        for (name, margin) in [("absolute-margin", absoluteMargin), ("relative-margin", relativeMargin)] {
            try require(margin.map { $0 >= 0 && $0.isFinite } ?? true, name, "\(margin ?? 0)", "0 or more")
        }
        for (name, score) in [("max-score", maxScore), ("min-score", minScore)] {
            try require(score.map { (-1...1).contains($0) } ?? true, name, "\(score ?? 0)", "a cosine, from -1 to 1")
        }
        if let minScore, let maxScore {
            try require(minScore <= maxScore, "min-score", "\(minScore)", "at most the max-score \(maxScore)")
        }
    }

    /// The settings under the names of the command line's flags.
    public var json: [String: JSONValue] {
        [
            "negatives": .integer(Int64(negatives)), "range-min": .integer(Int64(rangeMin)),
            "range-max": .integer(Int64(window.upperBound)), "absolute-margin": Self.optional(absoluteMargin),
            "relative-margin": Self.optional(relativeMargin), "max-score": Self.optional(maxScore),
            "min-score": Self.optional(minScore), "sampling": .string(sampling.rawValue),
            "seed": .string(String(seed)),
        ]
    }

    /// What no corpus of ours needs more of; keeps sums of ranks far from the end of `Int`.
    private static let most = 1_000_000

    private static func optional(_ value: Double?) -> JSONValue { value.map(JSONValue.number) ?? .null }
}
