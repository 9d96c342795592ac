import ArgumentParser
import Attune

extension AdapterCombine {
    /// Where `--search` looks for weights.
    struct SearchFlags: ParsableArguments {
        @Flag(
            help: """
                Find the weights: the best for the data sets named with -d at which the canary set loses no more than the \
                budget.
                """)
        var search = false
        @Option(
            name: .shortAndLong,
            help: ArgumentHelp(
                "A data set that the result is to serve; several count as their mean.", valueName: "data"))
        var data: [String] = []
        @Option(help: "How much each data set counts, separated by commas (default: all the same).")
        var dataWeights: Weights?
        @Option(help: "The split that is searched on (default: dev).") var split: String?
        @Option(help: ArgumentHelp("A data set that the result should not spoil.", valueName: "data"))
        var canary: String?
        @Option(
            help: ArgumentHelp("The canary's split (default: dev where there is one, else test).", valueName: "split"))
        var canarySplit: String?
        @Option(help: "What the canary's metric may lose against the base (default: 0.01, one point).")
        var budget: Double?
        @Option(help: "Combinations that are evaluated, at most (default: 40).") var evaluations: Int?
        @Option(help: "The highest weight, from 1, the strength of training, to 10 (default: 1).") var maxWeight:
            Double?
        @Option(
            help: ArgumentHelp(
                """
                Search on so many queries of a data set, among 2000 passages; base, best adapter and best combination are \
                then evaluated on all, and the best of these is written. Among fewer passages scores are higher, in each set \
                by an amount of its own: for a mean over unequal sets, search on all where you can wait.
                """, valueName: "queries"))
        var sample: Int?
        @Option(help: "Tokens that a text is cut to (default: the model's limit).") var maxLength: Int?

        func validate() throws {
            guard search else {
                let given: [(String, Bool)] = [
                    ("-d", !data.isEmpty), ("--data-weights", dataWeights != nil), ("--split", split != nil),
                    ("--canary", canary != nil), ("--canary-split", canarySplit != nil), ("--budget", budget != nil),
                    ("--evaluations", evaluations != nil), ("--sample", sample != nil),
                    ("--max-weight", maxWeight != nil),
                    ("--max-length", maxLength != nil),
                ]
                if let (flag, _) = given.first(where: \.1) { throw ValidationError("\(flag) needs --search") }
                return
            }
            if data.isEmpty { throw ValidationError("--search needs a data set: name it with -d") }
            if let dataWeights, dataWeights.values.count != data.count {
                throw ValidationError(
                    "--data-weights has \(dataWeights.values.count) numbers for \(data.count) data sets")
            }
            if canary == nil, canarySplit != nil { throw ValidationError("--canary-split needs --canary") }
            if canary == nil, budget != nil { throw ValidationError("--budget needs --canary") }
            if let sample, sample < 1 { throw ValidationError("--sample is \(sample); it must be at least 1") }
        }

        /// A search as the flags say it.
        ///
        /// - Parameter sample: queries of a data set, at most; nil for all.
        func makeSearch(
            of adapters: [CombinationCandidate], base: TextEncoder, sample: Int?, quiet: Bool
        ) throws -> CombinationSearch {
            let domains = try data.enumerated().map { index, path in
                CombinationDomain(
                    name: path, evaluator: try evaluator(of: path, split: split ?? "dev", sample: sample, quiet: quiet),
                    weight: dataWeights?.values[index] ?? 1)
            }
            let kept = try canary.map { path in
                CombinationCanary(
                    name: path, evaluator: try evaluator(of: path, split: canarySplit, sample: sample, quiet: quiet),
                    budget: budget ?? 0.01)
            }
            return try CombinationSearch(
                of: adapters, base: base, domains: domains, canary: kept, maximum: maxWeight ?? 1,
                evaluations: evaluations ?? 40)
        }

        private func evaluator(
            of path: String, split: String?, sample: Int?, quiet: Bool
        ) throws -> any DevelopmentEvaluator {
            let kind = try DataSet.open(path)
            let split = split ?? (kind.splits.contains("dev") ? "dev" : "test")
            let passes = PassProgress(FileSystem.name(of: path), unit: "texts", isQuiet: quiet)
            let progress: (Int, Int) -> Void = { passes.update(done: $0, total: $1) }
            switch kind {
            case .retrieval, .tuples, .labelledTexts:
                guard let sample else { break }
                var evaluator = try HeldOutRetrieval(
                    sampleOf: kind, split: split, path: path, maxLength: maxLength, queryCount: sample)
                evaluator.progress = progress
                return evaluator
            case .scoredPairs, .classifiedPairs, .taughtTexts: break
            }
            return try HeldOut.evaluator(of: kind, split: split, path: path, maxLength: maxLength, progress: progress)
        }
    }

    /// Searches, and writes what was found.
    func runSearch(among loaded: [LowRankAdapter]) throws {
        let quiet = result.printing.quiet
        let candidates = zip(adapters, loaded).map { CombinationCandidate(name: $0, adapter: $1) }
        let encoder = try baseEncoder(of: loaded)
        let search = try flags.makeSearch(of: candidates, base: encoder, sample: flags.sample, quiet: quiet)
        // All is opened before the work begins.
        let whole = try flags.sample.map { _ in
            try flags.makeSearch(of: candidates, base: encoder, sample: nil, quiet: quiet)
        }
        var number = 0
        let found = try search.run { point, isWithinBudget in
            number += 1
            note(point, isWithinBudget, title: "\(number)/\(search.evaluations)")
        }
        guard let found else { return }
        let checked = try whole.flatMap { whole in
            try whole.evaluate([found.bestSingle, found.chosen].compactMap { $0?.weights }) {
                note($0, $1, title: "on all")
            }
        }
        let answer = checked ?? found
        var fields: [String: JSONValue] = ["search": found.json, "check": checked?.json ?? .null]
        let weights = answer.chosen.weights
        fields["weights"] = .array(weights.map { .number($0) })
        guard let combined = try candidates.combined(at: weights, by: AdapterCombination(type, rank: rank)) else {
            return try refuse(
                "the base is best: no combination within the budget is better than it, nothing is written", fields,
                answer)
        }
        let metrics = type == .svd ? try (whole ?? search).metrics(of: combined) : answer.chosen.metrics
        fields["written"] = metrics.json
        fields["type"] = .string(type.rawValue)
        guard answer.isWithinBudget(metrics) else {
            return try refuse(
                "cut back to \(combined.summary), the best combination would cost the canary "
                    + "\(Console.fixed(answer.loss(of: metrics) ?? 0, 4)), more than the budget: nothing is written; "
                    + "try --type cat or a higher --rank", fields, answer)
        }
        try combined.write(to: result.output, force: result.force.force)
        result.print(
            combined.figures.merging(fields) { $1 },
            line:
                "\(type.rawValue) of \(loaded.count) \(loaded.count == 1 ? "adapter" : "adapters"), weights \(Self.text(weights)), \(combined.summary)"
        )
        report(answer, written: metrics)
    }

    /// The base model, which must be the one that every adapter was trained on, where its run says which that was.
    private func baseEncoder(of loaded: [LowRankAdapter]) throws -> TextEncoder {
        let folder = try base.folder(of: loaded.first { $0.configuration.baseModel != nil } ?? loaded[0])
        for path in adapters {
            if let finding = try BaseOption.otherBase(of: path, than: folder) {
                throw CommandError("\(path) and \(folder.path): \(finding)")
            }
        }
        return try TextEncoder(
            model: folder, precision: engine.precision(for: folder, quiet: result.printing.quiet))
    }

    private func note(_ point: CombinationPoint, _ isWithinBudget: Bool, title: String) {
        Console.note(
            "\(title): weights \(Self.text(point.weights)): \(Console.fixed(point.metrics.score, 4))"
                + (isWithinBudget ? "" : ", over the canary's budget"), quiet: result.printing.quiet)
    }

    /// The answer is no: says why, and what was found.
    private func refuse(_ reason: String, _ fields: [String: JSONValue], _ answer: CombinationResult) throws {
        if result.printing.json {
            Console.print(.object(fields.merging(["path": .null, "reason": .string(reason)]) { $1 }))
        } else {
            Console.print(reason)
            report(answer, written: nil)
        }
        throw Failure.no
    }

    /// The table for a person.
    private func report(_ answer: CombinationResult, written: CombinationMetrics?) {
        guard !result.printing.json else { return }
        var rows: [(String, CombinationMetrics)] = [("base", answer.base.metrics)]
        if let single = answer.bestSingle {
            rows.append(("best alone: \(answer.adapters[single.single ?? 0])", single.metrics))
        }
        rows.append(("weights \(Self.text(answer.chosen.weights))", answer.chosen.metrics))
        if let written, written != answer.chosen.metrics { rows.append(("as written", written)) }
        for (name, metrics) in rows {
            var parts = zip(answer.domains, metrics.domains).map { domain, values in
                "\(FileSystem.name(of: domain.name)) \(domain.metric) \(Console.fixed(values[domain.metric] ?? 0, 4))"
            }
            if parts.count > 1 { parts.append("mean \(Console.fixed(metrics.score, 4))") }
            if let canary = answer.canary, let value = metrics.canary?[canary.metric] {
                parts.append("canary \(canary.metric) \(Console.fixed(value, 4))")
            }
            Console.print("  \(name): " + parts.joined(separator: ", "))
        }
        for (domain, comparison) in zip(answer.domains, answer.againstBestSingle) {
            guard let comparison else { continue }
            let interval = [comparison.interval.lowerBound, comparison.interval.upperBound].map { Console.fixed($0, 4) }
            Console.print(
                "  \(FileSystem.name(of: domain.name)), against the best alone: "
                    + "\(Console.fixed(comparison.difference, 4)), 95 % interval [\(interval.joined(separator: ", "))] "
                    + "on the queries that chose")
        }
    }

    /// Weights as a person copies them into `--weights`.
    private static func text(_ weights: [Double]) -> String {
        weights.map { $0.rounded() == $0 ? Console.fixed($0, 0) : "\($0)" }.joined(separator: ",")
    }
}
