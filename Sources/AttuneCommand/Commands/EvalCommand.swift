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
    @OptionGroup var force: ForceOption
    @OptionGroup var printing: OutputOptions

    func run() throws {
        engine.apply()
        try force.check(runFile, perQuery)
        let kind = try DataSet.open(data.data)
        switch kind {
        case .retrieval(let set):
            let result = try data.evaluate(
                model.load(engine, quiet: printing.quiet).encoder, on: set, name: "eval", quiet: printing.quiet)
            if let runFile { try TrecRun(result.run).write(to: runFile, force: force.force) }
            if let perQuery {
                let lines = result.perQueryJSON.map { $0.serialized() + "\n" }.joined()
                try writeFile(lines, to: perQuery, force: force.force)
            }
            if printing.json {
                Console.print(result.jsonValue)
            } else {
                Console.print(Tables.pad("queries", 16) + "\(result.count)")
                Tables.metrics(result.means, order: data.metricNames).forEach(Console.print)
            }
        case .scoredPairs:
            let result = try evaluate(kind.scoredPairs(split: data.split, path: data.data))
            if printing.json {
                Console.print(result.jsonValue)
            } else {
                Console.print(Tables.pad("pairs", 16) + "\(result.count)")
                Tables.metrics(
                    ["spearman": result.spearman, "pearson": result.pearson], order: ["spearman", "pearson"]
                )
                .forEach(Console.print)
            }
        case .tuples, .classifiedPairs, .labelledTexts, .taughtTexts:
            throw CommandError(
                "\(data.data): eval needs a corpus with judgements, or scored pairs (sentence1, sentence2, score)")
        }
    }

    private func evaluate(_ pairs: [ScoredPair]) throws -> ScoredPairResult {
        let progress = Progress("eval", unit: "texts", isQuiet: printing.quiet)
        defer { progress.finish() }
        return try ScoredPairEvaluator(pairs).evaluate(
            model.load(engine, quiet: printing.quiet).encoder, maxLength: data.maxLength
        ) {
            progress.update(done: $0, total: $1)
        }
    }
}

/// What is evaluated on, and how.
struct EvaluationOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: ArgumentHelp("A data set.", valueName: "folder")) var data: String
    @Option(help: "The split whose queries are asked.") var split = "test"
    @Option(help: "Whose definitions of the metrics.") var profile = MetricProfile.trec
    @Option(help: "Cut-offs, separated by commas.") var k = Cutoffs(values: [1, 5, 10, 100])
    @Option(help: "Tokens that a text is cut to (default: the model's limit).") var maxLength: Int?

    struct Cutoffs: ExpressibleByArgument {
        let values: [Int]

        init(values: [Int]) {
            self.values = values
        }

        init?(argument: String) {
            let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
            values = parts.compactMap { Int($0) }
            guard values.count == parts.count, values.allSatisfy({ $0 > 0 }) else { return nil }
        }

        var defaultValueDescription: String { values.map(String.init).joined(separator: ",") }
    }

    var metrics: [RetrievalMetric] {
        [.ndcg, .mrr, .recall, .map].flatMap { kind in k.values.map { RetrievalMetric(kind, at: $0) } }
    }

    var metricNames: [String] { metrics.map(\.name) }

    func evaluator(of set: DataSet) -> RetrievalEvaluator {
        RetrievalEvaluator(set, profile: profile, metrics: metrics)
    }

    func evaluate(_ encoder: TextEncoder, on set: DataSet, name: String, quiet: Bool) throws -> EvaluationResult {
        let progress = Progress(name, unit: "texts", isQuiet: quiet)
        defer { progress.finish() }
        return try evaluator(of: set).evaluate(CachingTextEncoder(encoder), split: split, maxLength: maxLength) {
            progress.update(done: $0, total: $1)
        }
    }
}
