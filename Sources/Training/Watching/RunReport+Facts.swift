internal import Files
internal import Reports

#if canImport(Glibc)
    internal import Glibc
#endif

extension RunReport {
    // MARK: Lengths

    /// How long the texts are and what the limit cuts off.
    var lengthBlocks: [Markup] {
        let (cut, count) = (lengths.cutCount, lengths.count)
        let share = Figures.percent(count == 0 ? 0 : Double(cut) / Double(count))
        var words =
            cut == 0
            ? "No text is longer than the limit of \(Figures.grouped(lengths.limit)) tokens."
            : "\(Figures.grouped(cut)) of \(Figures.grouped(count)) distinct texts (\(share)) are cut at the limit of "
                + "\(Figures.grouped(lengths.limit)) tokens; \(Figures.percent(lengths.lostShare)) of all tokens are never read."
        let larger = lengths.limit(keeping: 0.95)
        if larger > lengths.mostPossible {
            words += " The model takes \(Figures.grouped(lengths.mostPossible)) at most."
        } else if larger > lengths.limit {
            words += " A limit of \(Figures.grouped(larger)) would leave 95\u{A0}% of the texts whole."
        }
        // The few longest of long texts would leave no room for all others.
        let end = Double(max(lengths.limit, lengths.limit(keeping: 0.99))) * 1.05
        let beyond = lengths.kinds.reduce(0) { $0 + $1.lengths.count { Double($0) > end } }
        var blocks: [Markup] = [
            .paragraph(words),
            .charts([
                Histogram(
                    "Tokens a text, before anything is cut", x: Axis("tokens", includesZero: true, isWhole: true),
                    y: Axis("distinct texts"),
                    series: lengths.kinds.map { kind in
                        .init(kind.name, kind.lengths.map(Double.init).filter { $0 <= end })
                    }, mark: .init(at: Double(lengths.limit), "limit: \(Figures.grouped(lengths.limit))"))
            ]),
        ]
        if beyond > 0 {
            blocks.append(
                .note(
                    "Not in the picture: \(Figures.grouped(beyond)) texts of more than \(Figures.grouped(Int(end))) tokens."
                ))
        }
        blocks.append(
            Table(
                columns: [
                    .text("texts"), .number("distinct"), .number("median, tokens"), .number("longest, tokens"),
                    .number("cut"),
                ],
                rows: lengths.kinds.map { kind in
                    let sorted = kind.lengths.sorted()
                    return [
                        kind.name, Figures.grouped(sorted.count),
                        sorted.isEmpty ? "–" : Figures.grouped(sorted[sorted.count / 2]),
                        sorted.last.map(Figures.grouped) ?? "–", Figures.grouped(sorted.count { $0 > lengths.limit }),
                    ]
                }
            ).markup)
        return blocks
    }

    // MARK: Cost

    /// Time, memory, work.
    var cost: [Markup] {
        let totals = totals
        let evaluation = totals.evaluationSeconds + otherEvaluationSeconds
        let all = totals.stepSeconds + evaluation
        var rows = [
            ["training steps", Figures.duration(totals.stepSeconds)],
            ["evaluation", Figures.duration(evaluation)],
            ["share of the time in evaluation", Figures.percent(all > 0 ? evaluation / all : 0)],
            ["peak memory of the process", Figures.bytes(peakBytes)],
            ["pairs", Figures.grouped(totals.pairs)],
            ["tokens, each distinct text of a batch once", Figures.grouped(totals.tokens)],
            ["pairs a second", Figures.fixed(totals.pairsPerSecond, 1)],
            [
                "tokens a second",
                Figures.fixed(totals.stepSeconds > 0 ? Double(totals.tokens) / totals.stepSeconds : .nan, 0),
            ],
            ["trained values", record["result"]?["parameters"]?.intValue.map(Figures.grouped) ?? "–"],
        ]
        if let resumed = record["resumed"]?.arrayValue, !resumed.isEmpty {
            rows.append(["times resumed", Figures.grouped(resumed.count)])
        }
        return [Table(columns: [.text("what"), .number("how much")], rows: rows).markup] + maskedNegatives
    }

    /// What was left out of the loss; nothing for a loss that leaves nothing out.
    private var maskedNegatives: [Markup] {
        let totals = totals
        guard totals.masked > 0 || record["settings"]?["masks"]?.arrayValue?.isEmpty == false else { return [] }
        return [
            .paragraph(
                totals.masked == 0
                    ? "No false negative was met: no candidate of a batch was a duplicate or another known positive."
                    : "\(Figures.grouped(totals.masked)) false negatives were left out of the loss, "
                        + "\(Figures.fixed(Double(totals.masked) / Double(max(1, totals.pairs)), 2)) a pair: what in-batch training "
                        + "would have taken for wrong answers.")
        ]
    }

    // MARK: Origin

    /// Settings, versions, digests, hardware.
    var origin: [Markup] {
        func rows(_ part: String) -> [[String]] {
            (record[part]?.objectValue ?? [:]).sorted { $0.key < $1.key }.map { [$0.key, plain($0.value)] }
        }
        var run = [["attune", plain(record["attune"])], ["started", plain(record["started"])]]
        for key in ["resumed", "finished"] where record[key] != nil { run.append([key, plain(record[key])]) }
        run.append(["adapter_sha256", plain(record["result"]?["adapter_sha256"])])
        return [
            .paragraph(
                "The same settings, model and data give the same adapter, bit for bit, on the same instruction set."),
            Table("The run", columns: [.text("what"), .text("value")], rows: run).markup,
            Table("The base model", columns: [.text("what"), .text("value")], rows: rows("model")).markup,
            Table("The data", columns: [.text("what"), .text("value")], rows: rows("data")).markup,
            Table("The hardware", columns: [.text("what"), .text("value")], rows: rows("hardware")).markup,
            Table("The settings", columns: [.text("flag"), .text("value")], rows: rows("settings")).markup,
        ]
    }

    /// The most memory that this process has held, in bytes.
    static var peakBytes: Int {
        var usage = rusage()
        getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss * 1024
    }
}
