internal import Evaluation
internal import Files
internal import Reports

/// What a run tells of itself in `report.html`.
public enum RunReporting {
    /// Nothing.
    case none
    /// Curves, what it cost and what it was made of; nothing is evaluated for it.
    case brief
    /// Also base against tuned, and the queries won and lost. Where the run's own evaluator has not told what became of the
    /// queries, the base model and the adapter that was kept are evaluated once each at the end.
    ///
    /// - Parameter on: the evaluator where the run has none; nil where it has one, or there is nothing to evaluate on.
    case full(on: (any ExplainingEvaluator)? = nil)
}

/// The report of a run: what it did, whether that was good for anything, what it cost and what it was made of, on one page.
struct RunReport {
    /// `run.json`.
    let record: [String: JSONValue]
    /// `metrics.jsonl`.
    let lines: [MetricsLog.Line]
    /// The evaluation of the base model, where there was one.
    let before: Evaluation?
    /// The metric that decides.
    let metric: String?
    /// What was evaluated on.
    let split: String
    /// What a reader must know of that.
    let remark: String?
    /// The queries under the base model and under the adapter that was kept.
    let findings: RunWatch.Findings
    /// Base against tuned by each metric, by the findings.
    let comparisons: [String: Comparison]
    /// Whether queries are shown, and not only counted.
    let showsQueries: Bool
    /// How long the texts are.
    let lengths: TextLengths
    /// The time of the evaluations of this process that no line tells of: of the base model, and of the report.
    let otherEvaluationSeconds: Double
    /// The most memory that the process held.
    let peakBytes: Int

    /// The page.
    var html: String {
        let base = plain(record["model"]?["reference"])
        let data = plain(record["data"]?["name"])
        var page = ReportPage(
            title: "\(lastPart(of: base)), tuned on \(lastPart(of: data))", lead: lead,
            footer:
                "Written by Attune \(plain(record["attune"])). Everything on this page comes from run.json, metrics.jsonl "
                + "and the evaluation at the end of the run; the page needs nothing but itself.")
        page.add(.figures(keyFigures))
        if let comparison { page.add(section: "Base against tuned", comparison) }
        page.add(section: "Curves", curves)
        if let strength { page.add(section: "Strength of the adapter", strength) }
        if let miningRounds { page.add(section: "Hard negatives", miningRounds) }
        if showsQueries, let queries { page.add(section: "Queries won and lost", queries) }
        page.add(section: "Lengths of the texts", lengthBlocks)
        page.add(section: "What it cost", cost)
        page.add(section: "What it was made of", origin)
        return page.html
    }

    private var lead: String {
        let settings = record["settings"]
        let steps = record["result"]?["steps"]?.intValue ?? lines.count
        var parts = [
            "\(Figures.grouped(steps)) \(steps == 1 ? "step" : "steps") of \(plain(settings?["batch-size"])) pairs"
        ]
        if settings?["method"]?.stringValue == "lora" {
            parts.append("LoRA of rank \(plain(settings?["rank"])) on \(plain(settings?["targets"]))")
        } else {
            parts.append("method \(plain(settings?["method"]))")
        }
        parts.append("loss \(plain(settings?["loss"]))")
        if let finished = record["finished"]?.stringValue { parts.append("finished \(minute(finished))") }
        return parts.joined(separator: " · ")
    }

    private var keyFigures: [(value: String, name: String)] {
        var figures: [(value: String, name: String)] = []
        if let metric, let compared = comparisons[metric] {
            figures.append(
                (
                    "\(Figures.fixed(compared.first, 3)) → \(Figures.fixed(compared.second, 3))",
                    "\(metric) on \(split), base → tuned"
                ))
            figures.append(
                (
                    Figures.signed(compared.difference, 3),
                    "difference, 95\u{A0}% interval \(interval(compared.interval))"
                ))
        } else if let metric, let before = before?.metrics[metric],
            let after = record["result"]?["best"]?["metrics"]?[metric]?.doubleValue
        {
            figures.append(
                ("\(Figures.fixed(before, 3)) → \(Figures.fixed(after, 3))", "\(metric) on \(split), base → tuned"))
        }
        figures.append(
            (
                Figures.duration(totals.stepSeconds),
                "training, \(Figures.fixed(totals.pairsPerSecond, 1)) pairs a second"
            ))
        figures.append((Figures.bytes(peakBytes), "peak memory"))
        return figures
    }

    // MARK: Text

    /// A time of the record to the minute: `2026-01-31 23:59 UTC`.
    private func minute(_ timestamp: String) -> String {
        timestamp.utf8.count == 20 ? "\(timestamp.prefix(10)) \(timestamp.dropFirst(11).prefix(5)) UTC" : timestamp
    }

    func interval(_ range: ClosedRange<Double>) -> String {
        "\(Figures.signed(range.lowerBound, 3)) to \(Figures.signed(range.upperBound, 3))"
    }

    private func lastPart(of path: String) -> String {
        path.split(separator: "/").last.map(String.init) ?? path
    }
}

extension RunReport {
    /// The sums over all steps.
    struct Totals {
        var stepSeconds = 0.0
        var evaluationSeconds = 0.0
        var pairs = 0
        var tokens = 0
        var masked = 0
        var pairsPerSecond: Double { stepSeconds > 0 ? Double(pairs) / stepSeconds : .nan }
    }

    var totals: Totals {
        lines.reduce(into: Totals()) { totals, line in
            totals.stepSeconds += line.seconds
            totals.evaluationSeconds += line.evaluationSeconds ?? 0
            totals.pairs += line.pairs ?? 0
            totals.tokens += line.tokens ?? 0
            totals.masked += line.masked ?? 0
        }
    }
}

/// A value of a record as a reader wants it.
func plain(_ value: JSONValue?) -> String {
    switch value {
    case nil, .null?: "–"
    case .string(let value)?: value.isEmpty ? "none" : value
    case .bool(let value)?: value ? "yes" : "no"
    case .array(let values)?: values.map { plain($0) }.joined(separator: ", ")
    case let value?: value.serialized()
    }
}
