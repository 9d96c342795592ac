import ArgumentParser
import Attune

struct DataMine: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mine",
        abstract: "Find hard negatives: passages that a model puts near a query and that do not answer it.",
        discussion: """
            The data set comes out as it was, with negatives in the split that is trained on: judgements of grade 0 where \
            there is a corpus, further negatives of each row where there are pairs (which are mined among all positives of \
            the split). What is known to answer a query, in any split, is no negative of it, nor is a copy of that, nor \
            the query's own text. With several answers the one that scores lowest decides the margins.
            """)

    @Argument(help: "The data set.") var data: String
    @OptionGroup var model: ModelOptions
    @Option(name: .shortAndLong, help: ArgumentHelp("The data set with negatives.", valueName: "data2"))
    var output: String
    @Option(help: "The split that is mined for.") var split = "train"
    @Option(help: "Negatives a query.") var negatives = 5
    @Option(help: "Tokens that a text is cut to (default: the model's limit).") var maxLength: Int?
    @Option(help: "Decides what a random sample draws.") var seed: UInt64 = 0
    @OptionGroup(title: "What becomes a negative") var choice: Choice
    @OptionGroup var engine: EngineOptions
    @OptionGroup var force: ForceOption
    @OptionGroup var printing: OutputOptions

    struct Choice: ParsableArguments {
        @Option(help: "The first rank that is looked at; 0 is the nearest passage that is no known answer.")
        var rangeMin = 0
        @Option(
            help:
                "The first rank that is no longer looked at (default: 100 ranks, or 20 a negative where that is more).")
        var rangeMax: Int?
        @Option(help: "What a negative must score below the lowest answer, as a part of the answer's score.")
        var relativeMargin = 0.05
        @Option(help: "What a negative must score below the lowest answer.") var absoluteMargin: Double?
        @Flag(help: "Do not hold scores against those of the answers.") var noMargin = false
        @Option(help: "The highest score of a negative.") var maxScore: Double?
        @Option(help: "The lowest score of a negative.") var minScore: Double?
        @Option(help: "The nearest that pass, or any of them.") var sampling = MiningSettings.Sampling.top

        func validate() throws {
            if noMargin && absoluteMargin != nil {
                throw ValidationError("--no-margin and --absolute-margin exclude each other")
            }
        }
    }

    private var settings: MiningSettings {
        var settings = MiningSettings()
        settings.negatives = negatives
        settings.rangeMin = choice.rangeMin
        settings.rangeMax = choice.rangeMax
        settings.relativeMargin = choice.noMargin ? nil : choice.relativeMargin
        settings.absoluteMargin = choice.absoluteMargin
        settings.maxScore = choice.maxScore
        settings.minScore = choice.minScore
        settings.sampling = choice.sampling
        settings.seed = seed
        return settings
    }

    func run() throws {
        engine.apply()
        try force.check(output)
        // Nobody waits minutes for a corpus to be embedded to hear of a folder that is not there.
        let parent = FileSystem.parent(of: output)
        guard FileSystem.isDirectory(parent) else {
            throw FilesError.cannotWrite(path: output, reason: "there is no folder \(parent)")
        }
        let miner = try HardNegativeMiner(settings)
        let kind = try DataSet.open(data)
        let task = try MiningTask(kind, split: split, path: data)
        if case .tuples(let splits) = kind, splits[split]?.contains(where: { !$0.scores.isEmpty }) == true {
            throw CommandError("\(data) has a teacher's scores, which negatives that are mined would lack")
        }
        let encoder = try model.load(engine, quiet: printing.quiet).encoder
        let progress = Progress("mine", unit: "texts", isQuiet: printing.quiet)
        let mined = try miner.mine(task, encoder: CachingTextEncoder(encoder), maxLength: maxLength) {
            progress.update(done: $0, total: $1)
        }
        progress.finish()
        guard let mined else { return }
        let result = mined.added(to: kind, split: split, of: task)
        try DataSetWriter.write(result, to: output, force: force.force)
        report(mined.summary, space: encoder.space)
    }

    private func report(_ summary: MiningSummary, space: SpaceIdentity) {
        if printing.json {
            var fields = summary.json
            fields["path"] = .string(output)
            fields["split"] = .string(split)
            fields["space"] = .string(space.digest)
            fields["settings"] = .object(settings.json)
            Console.print(.object(fields))
            return
        }
        MiningText.lines(of: summary).forEach { Console.print("\(output): " + $0) }
    }

}

/// What mining came to, in words.
enum MiningText {
    /// - Parameter flagPrefix: what stands before the names of `data mine`'s flags in another command.
    static func lines(of summary: MiningSummary, flagPrefix: String = "") -> [String] {
        var lines = ["\(summary.found) negatives for \(summary.queries) queries among \(summary.documents) passages"]
        if let answer = summary.answerScore, let negative = summary.negativeScore {
            lines[0] +=
                "; mean score \(Console.fixed(negative, 3)), of the lowest answers \(Console.fixed(answer, 3))"
        }
        if summary.shortQueries > 0 {
            let reasons = MiningSummary.Reason.allCases.compactMap { reason in
                summary.short[reason].map { "\($0) because \(words(for: reason, "--" + flagPrefix))" }
            }
            lines.append(
                "\(summary.shortQueries) queries have fewer than \(summary.wanted): "
                    + reasons.joined(separator: ", "))
        }
        return lines
    }

    private static func words(for reason: MiningSummary.Reason, _ flag: String) -> String {
        switch reason {
        case .tooFewDocuments: "the window holds too few passages (\(flag)range-min, \(flag)range-max)"
        case .relativeMargin: "what is near scores too near the answers (\(flag)relative-margin, \(flag)range-max)"
        case .absoluteMargin: "what is near scores too near the answers (\(flag)absolute-margin, \(flag)range-max)"
        case .maxScore: "what is near scores above \(flag)max-score"
        case .minScore: "what is left scores below \(flag)min-score"
        }
    }
}
