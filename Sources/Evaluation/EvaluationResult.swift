public import Files

/// How well a system did on a split.
public struct EvaluationResult: Equatable, Sendable {
    public let split: String
    public let profile: MetricProfile

    /// The mean of each metric by its name, such as `ndcg@10`.
    public let means: [String: Double]

    /// By query id, then by the metric's name.
    public let perQuery: [String: [String: Double]]

    /// What was retrieved.
    public let run: Run

    /// How many queries were run and judged.
    public let count: Int

    /// How many judged queries were left out because none of their documents is relevant.
    public let skippedCount: Int

    /// How many queries with a relevant document are missing from the run.
    public let missingCount: Int

    init(split: String, profile: MetricProfile, scores: RetrievalScores, run: Run, skippedCount: Int) {
        self.split = split
        self.profile = profile
        means = scores.means
        perQuery = scores.perQuery
        self.run = run
        count = scores.queryCount
        self.skippedCount = skippedCount
        missingCount = scores.missingCount
    }

    /// The means by name beside `queries`, `skipped`, `missing`, `split` and `profile`.
    public var jsonValue: JSONValue {
        var object = means.mapValues { JSONValue.number($0) }
        object["queries"] = .integer(Int64(count))
        object["skipped"] = .integer(Int64(skippedCount))
        object["missing"] = .integer(Int64(missingCount))
        object["split"] = .string(split)
        object["profile"] = .string(profile.rawValue)
        return .object(object)
    }

    /// A JSON object for each query, by the bytes of its id: `query` and the metrics by name.
    public var perQueryJSON: [JSONValue] {
        perQuery.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }.map { query in
            var object = (perQuery[query] ?? [:]).mapValues { JSONValue.number($0) }
            object["query"] = .string(query)
            return .object(object)
        }
    }
}
