internal import Files
internal import Reports

extension RunReport {
    /// What each mining of hard negatives came to; nil where nothing was mined.
    var miningRounds: [Markup]? {
        guard let rounds = record["mining"]?.arrayValue, !rounds.isEmpty else { return nil }
        func score(_ round: JSONValue, _ key: String) -> String {
            round[key]?.doubleValue.map { Figures.fixed($0, 3) } ?? "–"
        }
        func count(_ round: JSONValue, _ key: String) -> String { round[key]?.intValue.map(Figures.grouped) ?? "–" }
        return [
            .paragraph(
                "Before these steps hard negatives were mined with the weights of the time, for "
                    + "\(count(rounds[0], "queries")) queries among \(count(rounds[0], "documents")) documents. As the model "
                    + "learns, the scores of negatives should fall away from those of answers."),
            Table(
                columns: [
                    .text("after step"), .number("negatives"), .number("queries with fewer than wanted"),
                    .number("mean score of answers"), .number("mean score of negatives"),
                ],
                rows: rounds.map { round in
                    [
                        count(round, "step"), count(round, "negatives"), count(round, "short_queries"),
                        score(round, "answer_score"), score(round, "negative_score"),
                    ]
                }
            ).markup,
        ]
    }

    /// What the strength dial found; nil where there was none.
    var strength: [Markup]? {
        guard let dial = record["result"]?["dial"], let points = dial["points"]?.arrayValue,
            let domain = dial["domain_metric"]?.stringValue, let canary = dial["canary_metric"]?.stringValue,
            let chosen = dial["scale"]?.doubleValue
        else { return nil }
        func value(_ point: JSONValue, _ set: String, _ metric: String) -> Double {
            point[set]?[metric]?.doubleValue ?? .nan
        }
        let scales = points.compactMap { $0["scale"]?.doubleValue }
        func series(_ name: String, _ set: String, _ metric: String, color: Int) -> LineChart.Series {
            .init(
                name, zip(scales, points).map { .init($0, value($1, set, metric)) }, emphasis: .dots, color: color)
        }
        let chart = LineChart(
            "Metrics by strength", x: Axis("strength of the adapter"), y: Axis("metric"),
            series: [
                series("\(domain) on dev", "domain", domain, color: 1),
                series("\(canary) on the canary set", "canary", canary, color: 2),
            ])
        return [
            .paragraph(
                "The adapter was written at strength \(Figures.fixed(chosen, 2)): the best on dev of those at which the canary "
                    + "set loses at most \(Figures.fixed(dial["budget"]?.doubleValue ?? 0, 3)). 0 is the base model, 1 the adapter as "
                    + "it was trained."),
            .charts([chart]),
            Table(
                columns: [
                    .text("strength"), .number("\(domain) on dev"), .number("\(canary) on the canary set"),
                    .text("within the budget"),
                ],
                rows: zip(scales, points).map { scale, point in
                    [
                        Figures.fixed(scale, 2), Figures.fixed(value(point, "domain", domain), 4),
                        Figures.fixed(value(point, "canary", canary), 4),
                        point["within_budget"]?.boolValue == true ? "yes" : "no",
                    ]
                }
            ).markup,
        ]
    }
}
