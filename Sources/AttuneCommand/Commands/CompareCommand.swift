import ArgumentParser
import Attune

struct CompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare",
        abstract: "Is B better than A? Difference, confidence interval, paired test; exit code 2 where it is not.")

    @Argument(help: "`base`, an adapter, a run folder, or a TREC run file.") var a: String
    @Argument(help: "The same: what A is compared with.") var b: String
    @Option(
        name: [.customShort("M"), .long],
        help: ArgumentHelp("The model; may be left out where an adapter names its base.", valueName: "ref"))
    var model: String?
    @OptionGroup var data: EvaluationOptions
    @Option(help: "The metric that decides.") var metric = "ndcg@10"
    @OptionGroup var engine: EngineOptions
    @OptionGroup var printing: OutputOptions

    func run() throws {
        engine.apply()
        guard case .retrieval(let set) = try DataSet.open(data.data) else {
            throw CommandError("\(data.data): compare needs a corpus with judgements")
        }
        let first = try result(of: a, other: b, on: set)
        let second = try result(of: b, other: a, on: set)
        let comparison = try Comparison(first, second, metric: metric)
        if printing.json {
            Console.print(comparison.jsonValue)
        } else {
            report(first, second, comparison)
        }
        if !comparison.secondIsBetter { throw Failure.no }
    }

    private func report(_ first: EvaluationResult, _ second: EvaluationResult, _ comparison: Comparison) {
        Console.print(Tables.pad("metric", 16) + Tables.pad("A", 9) + Tables.pad("B", 9) + "B - A")
        for name in data.metricNames {
            guard let x = first.means[name], let y = second.means[name] else { continue }
            Console.print(
                Tables.pad(name, 16) + Tables.pad(Console.fixed(x, 4), 9) + Tables.pad(Console.fixed(y, 4), 9)
                    + signed(y - x))
        }
        let interval = "[\(signed(comparison.interval.lowerBound)), \(signed(comparison.interval.upperBound))]"
        Console.print(
            "\(metric): B - A = \(signed(comparison.difference)), 95 % interval \(interval), "
                + "p = \(Console.fixed(comparison.p, 4)); \(comparison.count) queries: \(comparison.wins) better, "
                + "\(comparison.losses) worse")
        let verdict = comparison.secondIsBetter ? "B is better than A." : "B is not shown to be better than A."
        Console.print(verdict)
    }

    private func signed(_ value: Double) -> String {
        (value >= 0 ? "+" : "") + Console.fixed(value, 4)
    }

    private func result(of name: String, other: String, on set: DataSet) throws -> EvaluationResult {
        if FileSystem.isFile(name) {
            return try data.evaluator(of: set).evaluate(TrecRun.read(name).run, split: data.split)
        }
        let isBase = name == "base"
        // The base of a comparison is the base of the adapter that it is compared with.
        let reference = try model ?? (isBase && FileSystem.isDirectory(other) ? base(of: other) : nil)
        let encoder = try Models.load(
            model: reference, adapter: isBase ? nil : name, engine, quiet: printing.quiet
        ).encoder
        return try data.evaluate(encoder, on: set, name: FileSystem.name(of: name), quiet: printing.quiet)
    }

    private func base(of adapter: String) throws -> String? {
        try AdapterFolder(path: adapter).configuration.baseModel
    }
}
