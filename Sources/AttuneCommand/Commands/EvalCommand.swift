import ArgumentParser
import Attune

struct EvalCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval", abstract: "Measure how well a model, with or without an adapter, finds what it should.",
        discussion: """
            Of a corpus with judgements, nDCG, MRR, recall and MAP; of rows with an anchor and a positive, the same among \
            all texts of the split; of texts with labels, the same among those of the split `train`; of pairs with scores, \
            Spearman's and Pearson's correlation.
            """)

    @OptionGroup var model: ModelOptions
    @OptionGroup var data: EvaluationOptions
    @Option(help: ArgumentHelp("Write the ranking as a TREC run file.", valueName: "file")) var runFile: String?
    @Option(
        help: ArgumentHelp(
            "Write the metrics of every query as JSON lines; of scored pairs, each pair's similarity.",
            valueName: "file"))
    var perQuery: String?
    @OptionGroup var engine: EngineOptions
    @OptionGroup var force: ForceOption
    @OptionGroup var printing: OutputOptions

    func run() throws {
        engine.apply()
        try force.check(runFile, perQuery)
        let kind = try DataSet.open(data.data)
        if case .scoredPairs = kind {
            try evaluate(pairs: kind.scoredPairs(split: data.split, path: data.data))
        } else {
            try evaluate(task: kind.retrievalTask(split: data.split, path: data.data))
        }
    }

    private func evaluate(task: DataSet) throws {
        let embedding = try Models.embedding(of: encoder(), adapter: model.adapter, engine, quiet: printing.quiet)
        let result = try data.evaluate(embedding, on: task, name: "eval", quiet: printing.quiet)
        if let runFile { try TrecRun(result.run).write(to: runFile, force: force.force) }
        try write(result.perQueryJSON)
        print(result.jsonValue, counted: ("queries", result.count), means: result.means, order: data.metricNames)
    }

    private func evaluate(pairs: [ScoredPair]) throws {
        guard runFile == nil else { throw CommandError("\(data.data): pairs with scores have no ranking to write") }
        let result = try data.evaluate(encoder(), on: pairs, name: "eval", quiet: printing.quiet)
        try write(result.perPairJSON)
        print(
            result.jsonValue, counted: ("pairs", result.count),
            means: ["spearman": result.spearman, "pearson": result.pearson], order: ["spearman", "pearson"])
    }

    private func encoder() throws -> TextEncoder {
        try model.load(engine, quiet: printing.quiet).encoder
    }

    private func write(_ lines: [JSONValue]) throws {
        guard let perQuery else { return }
        try writeFile(lines.map { $0.serialized() + "\n" }.joined(), to: perQuery, force: force.force)
    }

    private func print(_ json: JSONValue, counted: (String, Int), means: [String: Double], order: [String]) {
        if printing.json { return Console.print(json) }
        Console.print(Tables.pad(counted.0, 16) + "\(counted.1)")
        Tables.metrics(means, order: order).forEach(Console.print)
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

    func evaluate(_ encoder: TextEncoder, on pairs: [ScoredPair], name: String, quiet: Bool) throws -> ScoredPairResult
    {
        let progress = Progress(name, unit: "texts", isQuiet: quiet)
        defer { progress.finish() }
        return try ScoredPairEvaluator(pairs).evaluate(encoder, maxLength: maxLength) {
            progress.update(done: $0, total: $1)
        }
    }

    func evaluate(
        _ encoder: any TextEmbedding, on set: DataSet, name: String, quiet: Bool
    ) throws -> EvaluationResult {
        let progress = Progress(name, unit: "texts", isQuiet: quiet)
        defer { progress.finish() }
        return try evaluator(of: set).evaluate(encoder, split: split, maxLength: maxLength) {
            progress.update(done: $0, total: $1)
        }
    }
}
