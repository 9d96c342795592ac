internal import Files

/// A term of the loss that holds the tuned model near the base on texts that are not trained on:
///
///     weight · mean over texts of (1 − cos(tuned embedding, base embedding))
///
/// which for unit vectors is half the squared distance. It costs a forward and a backward pass of its texts a step; each
/// text's base embedding is computed once a run.
///
/// ## What it does
/// A model that is tuned to one domain forgets others. The texts say what it shall not forget: passages of the corpus, or
/// of another corpus that it has to serve as well. They need no labels.
///
/// ## When to use it
/// When a canary set falls while the domain rises. The greater the weight, the less is forgotten and the less is learned; 1
/// to 10 are a start. It needs neither other data nor a second model; the strength dial (``StrengthDial``) needs no
/// training at all, and both can be had together.
public struct AnchorSettings: Sendable, Equatable {
    /// What the term is multiplied by.
    public var weight: Double
    /// Texts a step.
    public var batchSize: Int

    /// A term of a weight.
    public init(weight: Double = 1, batchSize: Int = 16) {
        self.weight = weight
        self.batchSize = batchSize
    }

    func validate() throws(TrainingError) {
        guard weight > 0, Float(weight).isFinite else {
            throw .invalidSetting(name: "anchor", found: "\(weight)", expected: "a positive number")
        }
        guard batchSize >= 1 else {
            throw .invalidSetting(name: "anchor-batch", found: "\(batchSize)", expected: "a positive number")
        }
    }

    /// The settings under the names of the command line's flags; `"anchor": null` where there is none.
    static func json(_ settings: AnchorSettings?) -> [String: JSONValue] {
        guard let settings else { return ["anchor": .null] }
        return ["anchor": .number(settings.weight), "anchor-batch": .integer(Int64(settings.batchSize))]
    }
}
