internal import Reports

extension RunReport {
    /// How many queries of each kind are shown.
    private static var shownCount: Int { 10 }

    /// The queries whose metric rose and fell most, with what was found for them; nil where nothing is known of them.
    var queries: [Markup]? {
        guard let metric, let base = findings.base, let best = findings.best else { return nil }
        let tuned = Dictionary(best.queries.map { ($0.id, $0) }) { first, _ in first }
        let pairs = base.queries.compactMap { query -> Pair? in
            guard let other = tuned[query.id], let first = query.metrics[metric], let second = other.metrics[metric],
                (second - first).isFinite
            else { return nil }
            return Pair(base: query, tuned: other, first: first, second: second)
        }
        guard !pairs.isEmpty else { return nil }
        let won = pairs.filter { $0.difference > 0 }.sorted {
            ($1.difference, $0.base.id) < ($0.difference, $1.base.id)
        }
        let lost = pairs.filter { $0.difference < 0 }.sorted {
            ($0.difference, $0.base.id) < ($1.difference, $1.base.id)
        }
        return [
            .paragraph(
                "The queries whose \(metric) changed most, with the first passages that each model found. Passages that answer the "
                    + "query by the judgements are marked; those that are not among the first stand at the end of the list, with "
                    + "their rank."),
            .heading("Won: \(shown(won))"), list(won), .heading("Lost: \(shown(lost))"), list(lost),
        ]
    }

    /// A query under both models.
    private struct Pair {
        let base: QueryOutcome
        let tuned: QueryOutcome
        let first: Double
        let second: Double
        var difference: Double { second - first }
    }

    private func shown(_ pairs: [Pair]) -> String {
        pairs.count > Self.shownCount
            ? "the \(Self.shownCount) largest of \(Figures.grouped(pairs.count))"
            : pairs.isEmpty ? "none" : "all \(Figures.grouped(pairs.count))"
    }

    private func list(_ pairs: [Pair]) -> Markup {
        .joined(
            pairs.prefix(Self.shownCount).enumerated().map { number, pair in
                SideBySide(
                    excerpt(pair.base.text, 300),
                    change: "\(Figures.fixed(pair.first, 3)) → \(Figures.fixed(pair.second, 3))",
                    difference: pair.difference,
                    lists: [.init("base", entries(pair.base)), .init("tuned", entries(pair.tuned))], isOpen: number == 0
                ).markup
            })
    }

    private func entries(_ query: QueryOutcome) -> [SideBySide.Entry] {
        (query.top + query.missed).map { hit in
            SideBySide.Entry(
                rank: hit.rank.map { "\($0)" } ?? "–", text: excerpt(hit.text, 240), isRelevant: hit.isRelevant)
        }
    }

    /// The beginning of a text on one line, cut between words.
    private func excerpt(_ text: String, _ length: Int) -> String {
        let line = text.prefix(4 * length).split(whereSeparator: \.isWhitespace).joined(separator: " ")
        guard line.count > length else { return line }
        let cut = line.prefix(length)
        return String(cut[..<(cut.lastIndex(of: " ") ?? cut.endIndex)]) + " …"
    }
}
