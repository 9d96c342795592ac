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
    @Option(help: "The metric that decides; of pairs with scores it is spearman.") var metric = "ndcg@10"
    @OptionGroup var engine: EngineOptions
    @OptionGroup var printing: OutputOptions

    func run() throws {
        engine.apply()
        let kind = try DataSet.open(data.data)
        let comparison: Comparison
        if case .scoredPairs = kind {
            comparison = try compare(on: kind.scoredPairs(split: data.split, path: data.data))
        } else {
            comparison = try compare(on: kind.retrievalTask(split: data.split, path: data.data))
        }
        if printing.json { Console.print(comparison.jsonValue) } else { report(comparison) }
        if !comparison.secondIsBetter { throw Failure.no }
    }

    private func compare(on pairs: [ScoredPair]) throws -> Comparison {
        func result(of name: String, other: String) throws -> ScoredPairResult {
            guard !FileSystem.isFile(name) else {
                throw CommandError("\(name): pairs with scores are compared by models, not by a run file")
            }
            return try data.evaluate(
                encoder(of: name, other: other), on: pairs, name: FileSystem.name(of: name), quiet: printing.quiet)
        }
        let (first, second) = (try result(of: a, other: b), try result(of: b, other: a))
        table([("spearman", first.spearman, second.spearman), ("pearson", first.pearson, second.pearson)])
        return try Comparison(first, second)
    }

    private func compare(on set: DataSet) throws -> Comparison {
        func result(of name: String, other: String) throws -> EvaluationResult {
            if FileSystem.isFile(name) {
                return try data.evaluator(of: set).evaluate(TrecRun.read(name).run, split: data.split)
            }
            let embedding = try Models.embedding(
                of: encoder(of: name, other: other), adapter: name, engine, quiet: printing.quiet)
            return try data.evaluate(embedding, on: set, name: FileSystem.name(of: name), quiet: printing.quiet)
        }
        let (first, second) = (try result(of: a, other: b), try result(of: b, other: a))
        table(
            data.metricNames.compactMap { name in
                first.means[name].flatMap { x in second.means[name].map { (name, x, $0) } }
            })
        return try Comparison(first, second, metric: metric)
    }

    private func table(_ rows: [(name: String, first: Double, second: Double)]) {
        guard !printing.json else { return }
        Console.print(Tables.pad("metric", 16) + Tables.pad("A", 9) + Tables.pad("B", 9) + "B - A")
        for (name, x, y) in rows {
            Console.print(
                Tables.pad(name, 16) + Tables.pad(Console.fixed(x, 4), 9) + Tables.pad(Console.fixed(y, 4), 9)
                    + signed(y - x))
        }
    }

    private func report(_ comparison: Comparison) {
        let interval = "[\(signed(comparison.interval.lowerBound)), \(signed(comparison.interval.upperBound))]"
        let unit = comparison.metric == "spearman" ? "pairs" : "queries"
        Console.print(
            "\(comparison.metric): B - A = \(signed(comparison.difference)), 95 % interval \(interval), "
                + "p = \(Console.fixed(comparison.p, 4)); \(comparison.count) \(unit): \(comparison.wins) better, "
                + "\(comparison.losses) worse")
        let verdict = comparison.secondIsBetter ? "B is better than A." : "B is not shown to be better than A."
        Console.print(verdict)
    }

    private func signed(_ value: Double) -> String {
        (value >= 0 ? "+" : "") + Console.fixed(value, 4)
    }

    private func encoder(of name: String, other: String) throws -> TextEncoder {
        let isBase = name == "base"
        // The base of a comparison is the base of the adapter that it is compared with.
        let reference = try model ?? (isBase && FileSystem.isDirectory(other) ? base(of: other) : nil)
        return try Models.load(
            model: reference, adapter: isBase ? nil : name, engine, quiet: printing.quiet
        ).encoder
    }

    private func base(of adapter: String) throws -> String? {
        try Models.base(of: adapter)
    }
}
