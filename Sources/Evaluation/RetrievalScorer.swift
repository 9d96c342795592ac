/// Computes retrieval metrics of a run by the rules of a profile.
///
/// Under `.trec` the values are trec_eval's: nDCG with linear gain, MAP over all relevant documents, a judgement of 1 or more is
/// relevant (Järvelin and Kekäläinen, ACM TOIS 2002, doi:10.1145/582415.582418, for nDCG).
public struct RetrievalScorer: Sendable {
    public let profile: MetricProfile
    public let metrics: [RetrievalMetric]

    public init(profile: MetricProfile = .trec, metrics: [RetrievalMetric]) {
        self.profile = profile
        self.metrics = metrics
    }

    /// The metrics of `run` against `relevance` (query id → document id → judgement).
    ///
    /// Means are sums in the order of the query ids' bytes, so the same input gives the same bits.
    /// - Complexity: O(n log n) of the documents listed.
    /// - Throws: `duplicateDocument`, `scoreNotANumber`.
    public func scores(
        of run: Run, relevance: [String: [String: Int]]
    ) throws(EvaluationError) -> RetrievalScores {
        var scores = RetrievalScores(perQuery: [:], means: [:], queryCount: 0, missingCount: 0, unjudgedCount: 0)
        scores.unjudgedCount = run.keys.count { relevance[$0] == nil }
        for (query, judgements) in relevance {
            if profile == .st, !judgements.values.contains(where: { $0 > 0 }) { continue }
            if let list = run[query] {
                scores.queryCount += 1
                scores.perQuery[query] = try values(query: query, list: list, judgements: judgements)
            } else {
                scores.missingCount += 1
                if profile == .st {
                    scores.perQuery[query] = try values(query: query, list: [], judgements: judgements)
                }
            }
        }
        scores.means = means(of: scores)
        return scores
    }

    // MARK: One query

    private func values(
        query: String, list: [ScoredDocument], judgements: [String: Int]
    ) throws(EvaluationError) -> [String: Double] {
        try check(query: query, list: list)
        let list = profile == .beir ? list.filter { $0.id != query } : list
        let ideal = judgements.values.filter { $0 > 0 }.map(gain).sorted(by: >)
        let ranked = RankedJudgements(gains: ranked(list).map { gain(judgements[$0.id]) }, idealGains: ideal)
        let listed =
            profile == .beir
            ? RankedJudgements(gains: rankedAsListed(list).map { gain(judgements[$0.id]) }, idealGains: ideal) : ranked
        var values: [String: Double] = [:]
        for metric in metrics {
            let judged = isOutsideTrec(metric.kind) ? listed : ranked
            values[metric.name] = judged.value(of: metric, capsDenominator: profile == .st)
        }
        return values
    }

    private func check(query: String, list: [ScoredDocument]) throws(EvaluationError) {
        var seen = Set<String>(minimumCapacity: list.count)
        for document in list {
            if document.score.isNaN { throw .scoreNotANumber(query: query, document: document.id) }
            if !seen.insert(document.id).inserted { throw .duplicateDocument(query: query, document: document.id) }
        }
    }

    private func gain(_ judgement: Int?) -> Int {
        let judgement = max(0, judgement ?? 0)
        return profile == .st ? min(1, judgement) : judgement
    }

    /// BEIR computes these itself, on Python's stable sort, and divides by the number of judged queries.
    private func isOutsideTrec(_ kind: RetrievalMetric.Kind) -> Bool {
        profile == .beir && (kind == .mrr || kind == .success)
    }

    private func ranked(_ list: [ScoredDocument]) -> [ScoredDocument] {
        switch profile {
        case .trec, .beir:
            return list.sorted { a, b in
                let (first, second) = (Float(a.score), Float(b.score))
                return first != second ? first > second : b.id.utf8.lexicographicallyPrecedes(a.id.utf8)
            }
        case .st:
            return list.sorted { a, b in
                a.score != b.score ? a.score > b.score : a.id.utf8.lexicographicallyPrecedes(b.id.utf8)
            }
        }
    }

    private func rankedAsListed(_ list: [ScoredDocument]) -> [ScoredDocument] {
        list.enumerated().sorted { a, b in
            a.element.score != b.element.score ? a.element.score > b.element.score : a.offset < b.offset
        }.map(\.element)
    }

    // MARK: Means

    private func means(of scores: RetrievalScores) -> [String: Double] {
        let queries = scores.perQuery.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        var means: [String: Double] = [:]
        for metric in metrics {
            let sum = queries.reduce(0.0) { $0 + (scores.perQuery[$1]?[metric.name] ?? 0) }
            let count = isOutsideTrec(metric.kind) ? scores.queryCount + scores.missingCount : queries.count
            means[metric.name] = count == 0 ? 0 : sum / Double(count)
        }
        return means
    }
}
