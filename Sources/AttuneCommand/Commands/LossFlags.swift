public import ArgumentParser
import Attune

/// The flags of `attune train` that say what is learned from a batch. What a loss does not have is refused by the library.
struct LossFlags: ParsableArguments {
    @Option(
        help: """
            mnrl, cached-mnrl, gist (anchor, positive[, negatives]); triplet (with negatives); batch-hard, batch-semi-hard, \
            batch-all, batch-hard-soft-margin (text, label); contrastive, online-contrastive (pairs with 0 or 1); cosine, \
            cosent, angle (pairs with scores); softmax (pairs with classes); mse (texts with a teacher's vectors); \
            margin-mse, kl (tuples with a teacher's scores).
            """)
    var loss = LossSettings.Kind.mnrl
    @Option(help: "What multiplies the similarities in the loss (default: 20, gist: 100).") var scale: Double?
    @Option(help: "How much nearer, or how far apart (default: 0.2 for triplets, 0.5 for pairs).") var margin: Double?
    @Option(help: "What compares two vectors (default: cosine; margin-mse and kl: dot).") var measure: VectorMeasure?
    @Option(
        help: ArgumentHelp(
            "What mnrl compares: query-to-doc and any of doc-to-query, query-to-query, doc-to-doc; or all.",
            valueName: "names"))
    var directions: String?
    @Option(help: "Whether mnrl has one softmax over all directions or one each.")
    var partition: MultipleNegativesRankingLoss.Partition?
    @Option(help: "Which negatives of mnrl weigh more the nearer they are.")
    var hardness: MultipleNegativesRankingLoss.Hardness.Mode?
    @Option(help: "By how much (default: 9; hard-negatives: 5).") var hardnessStrength: Double?
    @Option(help: "What kl divides similarities and scores by (default: 1).") var temperature: Double?
    @Option(
        help: ArgumentHelp(
            "Train the first dimensions to be an embedding of their own, such as 384,256,128,64.",
            valueName: "dimensions"))
    var matryoshka: String?
    @Option(help: ArgumentHelp("What each of these counts (default: 1 each).", valueName: "weights"))
    var matryoshkaWeights: String?
    @Option(
        help: ArgumentHelp(
            """
            What is left out of in-batch negatives: duplicates, positives (known ones), guide (what the base model finds \
            nearer than the positive); or none (default: duplicates,positives; gist: all).
            """, valueName: "kinds"))
    var masks: String?
    @Option(help: "How much less near than the positive the guide may find what it leaves out.") var guideMargin = 0.0
    @Flag(help: "Take the guide's margin for a part of the positive's cosine.") var guideMarginRelative = false
    @Option(
        help: ArgumentHelp("The range of the data's scores, such as 0,5: it becomes 0 to 1.", valueName: "low,high"))
    var scoreRange: String?
    @Option(help: "How batches of several data sets follow one another.") var mixing = BatchSampler.Mixing.proportional

    func validate() throws { _ = try settings() }

    /// The settings of the loss; what cannot be read is wrong usage.
    func settings() throws -> LossSettings {
        var settings = LossSettings()
        settings.kind = loss
        settings.scale = scale
        settings.margin = margin
        settings.measure = measure
        settings.directions = try directions.map { list in
            list == "all" ? Set(ContrastDirection.allCases) : Set(try names(list, "directions"))
        }
        settings.partition = partition
        settings.hardness = hardness
        settings.hardnessStrength = hardnessStrength
        settings.temperature = temperature
        settings.matryoshka = try matryoshka.map { try values($0, "matryoshka", Int.init) } ?? []
        settings.matryoshkaWeights =
            try matryoshkaWeights.map { try values($0, "matryoshka-weights", Double.init) } ?? []
        settings.masks = try masks.map { $0 == "none" ? [] : Set(try names($0, "masks")) }
        settings.guideMargin = guideMargin
        settings.guideMarginIsRelative = guideMarginRelative
        settings.scoreRange = try scoreRange.map { text in
            let bounds = try values(text, "score-range", Double.init)
            guard bounds.count == 2, bounds[0] < bounds[1] else {
                throw ValidationError("--score-range is \(text), expected two numbers, the lower first")
            }
            return bounds[0]...bounds[1]
        }
        return settings
    }

    private func names<Name: CaseIterable & RawRepresentable>(
        _ list: String, _ flag: String
    ) throws -> [Name] where Name.RawValue == String {
        try list.split(separator: ",").map { name in
            guard let value = Name(rawValue: String(name)) else {
                let all = Name.allCases.map(\.rawValue).joined(separator: ", ")
                throw ValidationError("--\(flag): \(name) is none of \(all)")
            }
            return value
        }
    }

    private func values<Value>(_ list: String, _ flag: String, _ read: (String) -> Value?) throws -> [Value] {
        try list.split(separator: ",").map { text in
            guard let value = read(String(text)) else {
                throw ValidationError("--\(flag): \(text) is no number that it can take")
            }
            return value
        }
    }

    static let configurableFlags: [String: ConfigurationFile.Kind] = [
        "loss": .choice(of: LossSettings.Kind.self), "scale": .number, "margin": .number,
        "measure": .choice(of: VectorMeasure.self), "directions": .texts,
        "partition": .choice(of: MultipleNegativesRankingLoss.Partition.self),
        "hardness": .choice(of: MultipleNegativesRankingLoss.Hardness.Mode.self), "hardness-strength": .number,
        "temperature": .number, "matryoshka": .numbers, "matryoshka-weights": .numbers, "masks": .texts,
        "guide-margin": .number, "guide-margin-relative": .onOff, "score-range": .numbers,
        "mixing": .choice(of: BatchSampler.Mixing.self),
    ]
}

extension BatchSampler.Mixing: ExpressibleByArgument {}
extension LossSettings.Kind: ExpressibleByArgument {}
extension AdapterBias: ExpressibleByArgument {}
extension MultipleNegativesRankingLoss.Hardness.Mode: ExpressibleByArgument {}
extension MultipleNegativesRankingLoss.Partition: ExpressibleByArgument {}
extension VectorMeasure: ExpressibleByArgument {}
