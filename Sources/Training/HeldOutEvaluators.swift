public import Corpora
public import Encoders
public import Evaluation
internal import Reports
internal import VectorMath

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

    /// An evaluator of a split of a data set: of the queries with judgements of a retrieval set, of the anchors of tuples,
    /// which are to find their positives among all texts of the split, or of labelled texts, which are to find those of
    /// their label in the split `train`.
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
    /// Called with the number of texts embedded and of all, two a pair.
    public var progress: ((Int, Int) -> Void)?

    public var metric: String { "spearman" }

    /// An evaluator of scored pairs.
    public init(_ evaluator: ScoredPairEvaluator, maxLength: Int? = nil) {
        self.evaluator = evaluator
        self.maxLength = maxLength
    }

    public func evaluate(_ encoder: TextEncoder) throws -> [String: Double] {
        let result = try evaluator.evaluate(encoder, maxLength: maxLength, progress: progress)
        return ["spearman": result.spearman, "pearson": result.pearson]
    }
}

/// Evaluates on held-out texts with a teacher's vectors: best by the mean cosine with them.
public struct HeldOutVectors: DevelopmentEvaluator {
    /// The texts and the teacher's vectors, of as many dimensions as the model's.
    public let texts: [TaughtText]
    /// Tokens that a text is cut to; nil for the model's own limit.
    public let maxLength: Int?
    /// Called with the number of texts embedded and of all.
    public var progress: ((Int, Int) -> Void)?

    public var metric: String { "cosine" }

    /// An evaluator of texts with vectors.
    public init(_ texts: [TaughtText], maxLength: Int? = nil) {
        self.texts = texts
        self.maxLength = maxLength
    }

    public func evaluate(_ encoder: TextEncoder) throws -> [String: Double] {
        guard !texts.isEmpty, texts.allSatisfy({ $0.vector.count == encoder.dimension }) else { return [:] }
        let found = UnitRows(
            try encoder.encode(texts.map(\.text), maxLength: maxLength, progress: progress).view
        ).unit
        var products = UnitRows(Matrix(rowsOf: texts.map(\.vector)).view).unit
        multiplyElements(found.view, into: &products)
        var sums = [Float](repeating: 0, count: products.columns)
        addColumnSums(of: products.view, to: &sums)
        return ["cosine": sums.reduce(0) { $0 + Double($1) } / Double(texts.count)]
    }
}

/// Finds how to evaluate on a split of a data set.
public enum HeldOut {
    /// The evaluator that fits a data set: rankings for retrieval sets, tuples and labelled texts, Spearman's correlation
    /// for scored pairs, cosines with a teacher's vectors.
    ///
    /// - Parameters:
    ///   - path: what messages shall name.
    ///   - maxLength: tokens that a text is cut to; nil for the model's own limit.
    ///   - progress: called with the number of texts embedded and of all, in each pass over texts.
    /// - Throws: `noSuchSplit` where the data set has no such split, `notADataSet` for pairs with classes, which say
    ///   nothing of distances.
    public static func evaluator(
        of kind: DataSetKind, split: String = "dev", path: String, maxLength: Int? = nil,
        progress: ((Int, Int) -> Void)? = nil
    ) throws(CorporaError) -> any DevelopmentEvaluator {
        switch kind {
        case .retrieval, .tuples, .labelledTexts, .classifiedPairs:
            var evaluator = try HeldOutRetrieval(of: kind, split: split, path: path, maxLength: maxLength)
            evaluator.progress = progress
            return evaluator
        case .scoredPairs:
            var evaluator = HeldOutPairs(
                ScoredPairEvaluator(try kind.scoredPairs(split: split, path: path)), maxLength: maxLength)
            evaluator.progress = progress
            return evaluator
        case .taughtTexts(let splits):
            guard let texts = splits[split] else {
                throw .noSuchSplit(path: path, split: split, available: kind.splits)
            }
            var evaluator = HeldOutVectors(texts, maxLength: maxLength)
            evaluator.progress = progress
            return evaluator
        }
    }
}
