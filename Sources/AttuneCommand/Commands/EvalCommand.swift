import ArgumentParser
import Attune

struct EvalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval", abstract: "Measure how well a model, with or without an adapter, finds what it should.")

    @OptionGroup var model: ModelOptions
    @OptionGroup var data: EvaluationOptions
    @Option(help: ArgumentHelp("Write the ranking as a TREC run file.", valueName: "file")) var runFile: String?
    @Option(help: ArgumentHelp("Write the metrics of every query as JSON lines.", valueName: "file"))
    var perQuery: String?
    @OptionGroup var engine: EngineOptions
    @OptionGroup var printing: OutputOptions

    func run() throws {
        engine.apply()
        let kind = try DataSetKind.open(data.data)
        let encoder = try model.encoder()
        switch kind {
        case .retrieval(let set):
            let result = try data.evaluate(encoder, on: set, name: "eval", quiet: printing.quiet)
            if let runFile { try result.trecRun.write(to: runFile) }
            if let perQuery { try writeFile(result.perQueryLines(), to: perQuery) }
            printing.json
                ? Console.print(result.jsonValue)
                : ([Tables.pad("queries", 14) + "\(result.queryCount)"]
                    + Tables.metrics(result.means, order: result.metricNames)).forEach(Console.print)
        case .scoredPairs(let splits):
            guard let pairs = splits[data.split] else {
                throw CorporaError.unknownSplit(path: data.data, split: data.split, known: kind.splits)
            }
            let progress = Progress("eval", unit: "texts", isQuiet: printing.quiet)
            let result = try ScoredPairEvaluator(pairs: pairs).evaluate(encoder, maxLength: data.maxLength) {
                progress.update(done: $0, total: $1)
            }
            progress.finish()
            if printing.json {
                Console.print(result.jsonValue)
            } else {
                Console.print(Tables.pad("pairs", 14) + "\(result.count)")
                Console.print(Tables.pad("spearman", 14) + Console.fixed(result.spearman, 4))
                Console.print(Tables.pad("pearson", 14) + Console.fixed(result.pearson, 4))
            }
        default:
            throw CommandError(
                "\(data.data): eval needs a corpus with judgements, or scored pairs (sentence1, sentence2, score)")
        }
    }
}

/// What is evaluated on, and how.
struct EvaluationOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: ArgumentHelp("A data set.", valueName: "folder")) var data: String
    @Option(help: "The split whose queries are asked.") var split = "test"
    @Option(help: "Whose definitions: trec, beir or st.") var profile = MetricProfile.trec
    @Option(
        help: ArgumentHelp("Cut-offs, separated by commas.", valueName: "k,…"), transform: EvaluationOptions.cutoffs)
    var k = [1, 5, 10, 100]
    @Option(help: "Tokens that a text is cut to (default: the model's limit).") var maxLength: Int?

    func evaluate(_ encoder: TextEncoder, on set: DataSet, name: String, quiet: Bool) throws -> EvaluationResult {
        let progress = Progress(name, unit: "texts", isQuiet: quiet)
        defer { progress.finish() }
        let evaluator = try RetrievalEvaluator(
            dataSet: set, split: split, profile: profile, cutoffs: k, maxLength: maxLength)
        return try evaluator.evaluate(encoder, cache: .standard) { progress.update(done: $0, total: $1) }
    }

    private static func cutoffs(_ text: String) throws -> [Int] {
        try text.split(separator: ",", omittingEmptySubsequences: false).map {
            guard let value = Int($0), value > 0 else {
                throw ValidationError("--k is \(text); it takes positive numbers separated by commas")
            }
            return value
        }
    }
}

extension MetricProfile: ExpressibleByArgument {}
