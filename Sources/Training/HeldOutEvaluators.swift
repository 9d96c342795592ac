public import Encoders
public import Evaluation

/// Evaluates on a held-out split of a retrieval data set.
public struct HeldOutRetrieval: DevelopmentEvaluator {
    /// Ranks the split's documents and scores the ranking.
    public let evaluator: RetrievalEvaluator
    /// The split.
    public let split: String
    public let metric: String
    /// Tokens that a text is cut to; nil for the model's own limit.
    public let maxLength: Int?

    /// An evaluator of a split, best by one of its metrics, such as `ndcg@10`.
    public init(
        _ evaluator: RetrievalEvaluator, split: String = "dev", metric: String = "ndcg@10", maxLength: Int? = nil
    ) {
        self.evaluator = evaluator
        self.split = split
        self.metric = metric
        self.maxLength = maxLength
    }

    public func evaluate(_ encoder: TextEncoder) throws -> [String: Double] {
        try evaluator.evaluate(encoder, split: split, maxLength: maxLength).means
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
