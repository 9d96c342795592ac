import ArgumentParser
import Attune

extension TrainCommand {
    /// Hard negatives that a run mines for itself.
    struct MiningFlags: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "Mine so many hard negatives a query before the first step, from the corpus or else from all positives.",
                valueName: "n"))
        var mine: Int?
        @Option(
            help: ArgumentHelp("Mine anew after every so many steps, with the adapter as it is.", valueName: "steps"))
        var mineEvery: Int?
        @Option(help: "The first rank that is looked at.") var mineRangeMin = 0
        @Option(help: "The first rank that is no longer looked at.") var mineRangeMax: Int?
        @Option(help: "What a negative must score below the lowest answer, as a part of the answer's score.")
        var mineRelativeMargin = 0.05
        @Option(help: "What a negative must score below the lowest answer.") var mineAbsoluteMargin: Double?
        @Flag(help: "Do not hold scores against those of the answers.") var mineNoMargin = false
        @Option(help: "The highest score of a negative.") var mineMaxScore: Double?
        @Option(help: "The lowest score of a negative.") var mineMinScore: Double?
        @Option(help: "The nearest that pass, or any of them.") var mineSampling = MiningSettings.Sampling.top

        func validate() throws {
            if mineEvery != nil && mine == nil { throw ValidationError("--mine-every needs --mine") }
            if mineNoMargin && mineAbsoluteMargin != nil {
                throw ValidationError("--mine-no-margin and --mine-absolute-margin exclude each other")
            }
        }

        var settings: RunMiningSettings? {
            guard let mine else { return nil }
            var choice = MiningSettings()
            choice.negatives = mine
            choice.rangeMin = mineRangeMin
            choice.rangeMax = mineRangeMax
            choice.relativeMargin = mineNoMargin ? nil : mineRelativeMargin
            choice.absoluteMargin = mineAbsoluteMargin
            choice.maxScore = mineMaxScore
            choice.minScore = mineMinScore
            choice.sampling = mineSampling
            return RunMiningSettings(choice, every: mineEvery)
        }

        /// What is mined for in a data set; nil where nothing is, or where the library refuses to.
        func task(of kinds: [DataSetKind], paths: [String]) throws -> MiningTask? {
            guard mine != nil, kinds.count == 1 else { return nil }
            switch kinds[0] {
            case .retrieval, .tuples: return try MiningTask(kinds[0], split: "train", path: paths[0])
            case .scoredPairs, .classifiedPairs, .labelledTexts, .taughtTexts: return nil
            }
        }

        static let configurableFlags: [String: ConfigurationFile.Kind] = [
            "mine": .wholeNumber, "mine-every": .wholeNumber, "mine-range-min": .wholeNumber,
            "mine-range-max": .wholeNumber, "mine-relative-margin": .number, "mine-absolute-margin": .number,
            "mine-no-margin": .onOff, "mine-max-score": .number, "mine-min-score": .number,
            "mine-sampling": .choice(of: MiningSettings.Sampling.self),
        ]
    }

    /// What keeps a model from forgetting what it is not trained on.
    struct ForgettingFlags: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "Hold the embeddings of --anchor-texts near the base model's: the weight of the mean of 1 - cosine.",
                valueName: "weight"))
        var anchor: Double?
        @Option(
            help: ArgumentHelp(
                "Texts without labels: a text a line, .jsonl with \"text\", or a data set.", valueName: "file"))
        var anchorTexts: String?
        @Option(help: ArgumentHelp("Texts of the anchor a step.", valueName: "texts")) var anchorBatch = 16
        @Flag(
            help: """
                After training, choose the adapter's strength from 0 to 1: the best on the split `dev` at which the canary \
                set loses no more than the budget.
                """)
        var dial = false
        @Option(help: ArgumentHelp("A data set that the model has to go on serving.", valueName: "data"))
        var canary: String?
        @Option(
            help: ArgumentHelp("The canary's split (default: dev where there is one, else test).", valueName: "split"))
        var canarySplit: String?
        @Option(help: "What the canary's metric may lose; 0.01 is one point.") var dialBudget = 0.01
        @Option(help: "Steps from strength 0 to 1.") var dialSteps = 10

        func validate() throws {
            if (anchor == nil) != (anchorTexts == nil) {
                throw ValidationError("--anchor and --anchor-texts need each other")
            }
            if dial != (canary != nil) { throw ValidationError("--dial and --canary need each other") }
            if canarySplit != nil && canary == nil { throw ValidationError("--canary-split needs --canary") }
        }

        var anchorSettings: AnchorSettings? { anchor.map { AnchorSettings(weight: $0, batchSize: anchorBatch) } }

        /// The texts that the anchor holds on to.
        func readAnchorTexts() throws -> [String] {
            guard let anchorTexts else { return [] }
            let isTable = ["csv", "tsv"].contains(FileSystem.fileExtension(of: anchorTexts))
            guard FileSystem.isDirectory(anchorTexts) || isTable else {
                return try TextInput.read(anchorTexts).map(\.embeddedText)
            }
            return try DataSet.open(anchorTexts).documentTexts
        }

        /// The dial that was asked for; nil where none was.
        func makeDial(domain: (any DevelopmentEvaluator)?, maxLength: Int?) throws -> StrengthDial? {
            guard dial, let canary, let domain else { return nil }
            let kind = try DataSet.open(canary)
            let split = canarySplit ?? (kind.splits.contains("dev") ? "dev" : "test")
            let evaluator = try HeldOut.evaluator(of: kind, split: split, path: canary, maxLength: maxLength)
            return try StrengthDial(domain: domain, canary: evaluator, budget: dialBudget, steps: dialSteps)
        }

        static let configurableFlags: [String: ConfigurationFile.Kind] = [
            "anchor": .number, "anchor-texts": .text, "anchor-batch": .wholeNumber, "dial": .onOff, "canary": .text,
            "canary-split": .text, "dial-budget": .number, "dial-steps": .wholeNumber,
        ]
    }
}

extension DataSetKind {
    /// What stands on the side of the documents, of all splits: what a model has to embed as it did.
    fileprivate var documentTexts: [String] {
        switch self {
        case .retrieval(let dataSet): dataSet.corpus.map(\.embeddedText)
        case .tuples(let rows): splits.flatMap { rows[$0] ?? [] }.map(\.positive)
        case .scoredPairs(let rows): splits.flatMap { rows[$0] ?? [] }.flatMap { [$0.first, $0.second] }
        case .classifiedPairs(let rows): splits.flatMap { rows[$0] ?? [] }.flatMap { [$0.first, $0.second] }
        case .labelledTexts(let rows): splits.flatMap { rows[$0] ?? [] }.map(\.text)
        case .taughtTexts(let rows): splits.flatMap { rows[$0] ?? [] }.map(\.text)
        }
    }
}
