internal import Files

/// Hard negatives that a run mines for itself, with the weights that it has at the time.
///
/// They are mined before the first step, with the base model, and again after every so many steps, with the adapter as
/// it is then. Each mining replaces what the one before found; negatives of the data stay.
///
/// Reference: Xiong et al.: Approximate Nearest Neighbor Negative Contrastive Learning for Dense Text Retrieval, 2020,
/// arXiv:2007.00808 (negatives from an index that follows the model).
public struct RunMiningSettings: Sendable, Equatable {
    /// What becomes a negative. Its seed is the run's.
    public var choice: MiningSettings
    /// Mined again after every so many steps; nil for once.
    public var every: Int?

    /// Negatives mined before the first step, and again where `every` says so.
    public init(_ choice: MiningSettings = MiningSettings(), every: Int? = nil) {
        self.choice = choice
        self.every = every
    }

    func validate() throws(TrainingError) {
        try choice.validate(flag: Self.flag)
        guard every ?? 1 >= 1 else {
            throw .invalidSetting(name: "mine-every", found: "\(every ?? 0)", expected: "a positive number")
        }
    }

    /// What a setting of mining is called among those of a run.
    private static func flag(_ name: String) -> String { name == "negatives" ? "mine" : "mine-\(name)" }

    /// The settings under the names of the command line's flags; `"mine": null` where nothing is mined.
    static func json(_ settings: RunMiningSettings?) -> [String: JSONValue] {
        guard let settings else { return ["mine": .null] }
        var fields: [String: JSONValue] = [
            "mine-every": settings.every.map { .integer(Int64($0)) } ?? .null
        ]
        for (name, value) in settings.choice.json where name != "seed" { fields[flag(name)] = value }
        return fields
    }
}
