public import Corpora
public import Encoders
public import Evaluation
internal import Reports

/// Evaluates on a held-out split of a retrieval data set.
public struct HeldOutRetrieval: DevelopmentEvaluator {
    /// Ranks the split's documents and scores the ranking.
    public let evaluator: RetrievalEvaluator
    /// The split.
    public let split: String
    public let metric: String
    /// Tokens that a text is cut to; nil for the model's own limit.
    public let maxLength: Int?
    /// How reports call what is evaluated on; the split's name at first.
    public var scope: String
    /// What a reader of the numbers must know of it; nil for nothing.
    public var remark: String?
    /// Called with the number of texts embedded and of all, first for the documents, then for the queries.
    public var progress: ((Int, Int) -> Void)?

    /// The metrics of a development split, unless others are asked for.
    public static let metrics = [
        RetrievalMetric(.ndcg, at: 10), RetrievalMetric(.mrr, at: 10), RetrievalMetric(.recall, at: 10),
        RetrievalMetric(.recall, at: 100),
    ]

    /// An evaluator of a split of a data set: of the queries with judgements of a retrieval set, else of the anchors of
    /// its tuples, which are to find their positives among all texts of the split.
    ///
    /// - Parameters:
    ///   - path: what messages shall name.
    ///   - maxLength: tokens that a text is cut to; nil for the model's own limit.
    /// - Throws: `noSuchSplit` where the data set has no such split, `notADataSet` where it holds neither kind.
    public init(
        of kind: DataSetKind, split: String = "dev", path: String, maxLength: Int? = nil
    ) throws(CorporaError) {
        let dataSet = try kind.retrievalTask(split: split, path: path)
        self.init(RetrievalEvaluator(dataSet, metrics: Self.metrics), split: split, maxLength: maxLength)
    }

    /// An evaluator of a part of a split that costs little even where the corpus is large, for a report that nobody has to
    /// ask for: at most `queryCount` queries among `passageCount` passages. It says in ``remark`` what it left out.
    ///
    /// - Throws: what ``init(of:split:path:maxLength:)`` throws.
    public init(
        sampleOf kind: DataSetKind, split: String = "dev", path: String, maxLength: Int? = nil, queryCount: Int = 300,
        passageCount: Int = 2000
    ) throws(CorporaError) {
        let all = try kind.retrievalTask(split: split, path: path)
        let part = try all.sample(split: split, queryCount: queryCount, passageCount: passageCount)
        self.init(RetrievalEvaluator(part, metrics: Self.metrics), split: split, maxLength: maxLength)
        guard part.corpus.count < all.corpus.count else { return }
        scope = "a sample of \(split)"
        remark =
            "The sample has \(Figures.grouped(part.queries.count)) queries and \(Figures.grouped(part.corpus.count)) of the "
            + "\(Figures.grouped(all.corpus.count)) passages, every "
            + "relevant one among them. Among fewer passages all scores are higher: hold them against each other only."
    }

    /// An evaluator of a split, best by one of its metrics, such as `ndcg@10`.
    public init(
        _ evaluator: RetrievalEvaluator, split: String = "dev", metric: String = "ndcg@10", maxLength: Int? = nil
    ) {
        self.evaluator = evaluator
        self.split = split
        scope = split
        self.metric = metric
        self.maxLength = maxLength
    }

    public func evaluate(_ encoder: TextEncoder) throws -> [String: Double] {
        try evaluator.evaluate(encoder, split: split, maxLength: maxLength, progress: progress).means
    }
}

/// Evaluates on held-out pairs with scores: best by Spearman's correlation.
public struct HeldOutPairs: DevelopmentEvaluator {
    /// Compares cosines with scores.
    public let evaluator: ScoredPairEvaluator
    /// Tokens that a text is cut to; nil for the model's own limit.
    public let maxLength: Int?

    public var metric: String { "spearman" }

    /// An evaluator of scored pairs.
    public init(_ evaluator: ScoredPairEvaluator, maxLength: Int? = nil) {
        self.evaluator = evaluator
        self.maxLength = maxLength
    }

    public func evaluate(_ encoder: TextEncoder) throws -> [String: Double] {
        let result = try evaluator.evaluate(encoder, maxLength: maxLength)
        return ["spearman": result.spearman, "pearson": result.pearson]
    }
}
