internal import Corpora
public import Encoders
internal import Evaluation

/// What became of a query: its metrics and the passages that were found, for a report.
public struct QueryOutcome: Sendable, Equatable {
    /// A passage and its place in the list of a query.
    public struct Hit: Sendable, Equatable {
        /// From 1; nil for a passage that was looked for and is not among those that the evaluation lists.
        public let rank: Int?
        /// The id of the passage.
        public let id: String
        /// Its text, with its title.
        public let text: String
        /// Whether it answers the query, by the judgements.
        public let isRelevant: Bool
    }

    /// The id of the query.
    public let id: String
    /// What was asked.
    public let text: String
    /// Its metrics by name.
    public let metrics: [String: Double]
    /// The passages at the top of the list, best first.
    public let top: [Hit]
    /// Relevant passages that are not among them, by their ranks.
    public let missed: [Hit]
}

/// The metrics of an evaluation, and what they are the means of.
public struct DetailedEvaluation: Sendable {
    /// The metrics as ``DevelopmentEvaluator/evaluate(_:)`` gives them.
    public let metrics: [String: Double]
    /// Every query.
    public let queries: [QueryOutcome]

    /// Metrics and the queries behind them.
    public init(metrics: [String: Double], queries: [QueryOutcome]) {
        self.metrics = metrics
        self.queries = queries
    }
}

/// An evaluator that can say what became of every query, at no more cost than saying how good the encoder is.
public protocol ExplainingEvaluator: DevelopmentEvaluator {
    /// What is evaluated on, for a report: `dev`.
    var scope: String { get }
    /// What a reader of the numbers must know of it; nil for nothing.
    var remark: String? { get }
    /// The metrics of an encoder, and the queries that they are the means of.
    func evaluateInDetail(_ encoder: TextEncoder) throws -> DetailedEvaluation
}

extension ExplainingEvaluator {
    /// Nothing.
    public var remark: String? { nil }
}

extension HeldOutRetrieval: ExplainingEvaluator {
    /// How many passages from the top of its list are kept for a query.
    private static var topCount: Int { 5 }
    /// How many of the relevant passages that are not among them.
    private static var missedCount: Int { 2 }

    public func evaluateInDetail(_ encoder: TextEncoder) throws -> DetailedEvaluation {
        let result = try evaluator.evaluate(encoder, split: split, maxLength: maxLength, progress: progress)
        let relevance = try evaluator.dataSet.relevance(split: split)
        let passages = Dictionary(evaluator.dataSet.corpus.map { ($0.id, $0) }) { first, _ in first }
        func hit(_ id: String, rank: Int?, isRelevant: Bool) -> QueryOutcome.Hit {
            QueryOutcome.Hit(rank: rank, id: id, text: passages[id]?.embeddedText ?? id, isRelevant: isRelevant)
        }
        let queries = evaluator.dataSet.queries.compactMap { query -> QueryOutcome? in
            guard let metrics = result.perQuery[query.id], let list = result.run[query.id] else { return nil }
            let relevant = Set((relevance[query.id] ?? [:]).filter { $0.value > 0 }.keys)
            let ranks = Dictionary(list.enumerated().map { ($1.id, $0 + 1) }) { first, _ in first }
            let top = list.prefix(Self.topCount).enumerated().map {
                hit($1.id, rank: $0 + 1, isRelevant: relevant.contains($1.id))
            }
            let missed = relevant.map { hit($0, rank: ranks[$0], isRelevant: true) }
                .filter { ($0.rank ?? .max) > Self.topCount }
                .sorted { ($0.rank ?? .max, $0.id) < ($1.rank ?? .max, $1.id) }
            return QueryOutcome(
                id: query.id, text: query.text, metrics: metrics, top: top,
                missed: Array(missed.prefix(Self.missedCount)))
        }
        return DetailedEvaluation(metrics: result.means, queries: queries)
    }
}
