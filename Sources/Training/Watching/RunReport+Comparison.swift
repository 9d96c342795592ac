internal import Evaluation
internal import Files
internal import Reports

extension RunReport {
    /// Base against tuned by every metric that both have of their queries.
    static func comparisons(of findings: RunWatch.Findings) -> [String: Comparison] {
        guard let base = findings.base, let best = findings.best else { return [:] }
        func values(_ detail: DetailedEvaluation, _ metric: String) -> [String: Double] {
            Dictionary(
                detail.queries.compactMap { query in query.metrics[metric].map { (query.id, $0) } },
                uniquingKeysWith: { first, _ in first })
        }
        var comparisons: [String: Comparison] = [:]
        for metric in best.metrics.keys {
            comparisons[metric] = try? Comparison(values(base, metric), values(best, metric), metric: metric)
        }
        return comparisons
    }

    /// Verdict, picture and table; nil where nothing was evaluated.
    var comparison: [Markup]? {
        guard let metric, let deciding = comparisons[metric] else { return plainComparison }
        let names = [metric] + comparisons.keys.filter { $0 != metric }.sorted()
        let rows = names.compactMap { comparisons[$0] }
        var blocks = [verdict(deciding)]
        if let remark { blocks.append(.note(remark)) }
        if choseByEvaluation {
            blocks.append(
                .note(
                    "The adapter that was kept was chosen on these same queries, which flatters it a little. A split that was never "
                        + "looked at says more: attune compare base RUN -d DATA --split test."))
        }
        blocks.append(.charts([picture(rows)]))
        blocks.append(
            Table(
                "Differences with 95\u{A0}% intervals from the bootstrap; p from the paired randomisation test, two-sided.",
                columns: [
                    .text("metric"), .number("base"), .number("tuned"), .number("difference"),
                    .number("95\u{A0}% interval"),
                    .number("p"), .number("won"), .number("lost"), .number("equal"),
                ],
                rows: rows.map { row in
                    [
                        row.metric, Figures.fixed(row.first, 4), Figures.fixed(row.second, 4),
                        Figures.signed(row.difference, 4), interval(row.interval), Figures.fixed(row.p, 4),
                        Figures.grouped(row.wins), Figures.grouped(row.losses), Figures.grouped(row.ties),
                    ]
                }
            ).markup)
        return blocks
    }

    /// Means alone, of an evaluator that does not say what became of each item.
    private var plainComparison: [Markup]? {
        guard let before, let after = record["result"]?["best"]?["metrics"]?.objectValue else { return nil }
        return [
            Table(
                columns: [.text("metric"), .number("base"), .number("tuned"), .number("difference")],
                rows: after.keys.sorted().map { name in
                    let (base, tuned) = (before.metrics[name] ?? .nan, after[name]?.doubleValue ?? .nan)
                    return [name, Figures.fixed(base, 4), Figures.fixed(tuned, 4), Figures.signed(tuned - base, 4)]
                }
            ).markup
        ]
    }

    /// Whether evaluations on the way decided which adapter is kept.
    private var choseByEvaluation: Bool { lines.count { $0.evaluation != nil } > 1 }

    private func verdict(_ compared: Comparison) -> Markup {
        let words =
            compared.secondIsBetter
            ? "Tuned is better than base"
            : compared.firstIsBetter ? "Tuned is worse than base" : "Tuned is not shown to differ from base"
        return .paragraph(
            "\(words): \(compared.metric) \(Figures.fixed(compared.first, 3)) → \(Figures.fixed(compared.second, 3)) over "
                + "\(Figures.grouped(compared.count)) queries of \(split), difference \(Figures.signed(compared.difference, 3)) "
                + "(95\u{A0}% interval \(interval(compared.interval))), p\u{A0}=\u{A0}\(Figures.fixed(compared.p, 4)). It wins "
                + "\(Figures.grouped(compared.wins)) queries, loses \(Figures.grouped(compared.losses)) and leaves "
                + "\(Figures.grouped(compared.ties)) as they were.")
    }

    private func picture(_ rows: [Comparison]) -> BarChart {
        func bars(_ detail: DetailedEvaluation?) -> [BarChart.Value?] {
            rows.map { row in
                let values = (detail?.queries ?? []).compactMap { $0.metrics[row.metric] }.filter(\.isFinite)
                guard !values.isEmpty else { return nil }
                return BarChart.Value(
                    values.reduce(0, +) / Double(values.count), interval: bootstrapInterval(values, level: row.level))
            }
        }
        return BarChart(
            "Base and tuned, with 95\u{A0}% intervals", groups: rows.map(\.metric),
            y: Axis("mean over the queries, 0 to 1"),
            series: [.init("base", bars(findings.base)), .init("tuned", bars(findings.best))])
    }
}
