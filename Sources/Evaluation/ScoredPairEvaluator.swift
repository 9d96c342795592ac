public import Corpora
internal import Encoders
public import Files
internal import VectorMath

/// Measures how well the cosine of two texts' vectors follows scores that people gave.
public struct ScoredPairEvaluator: Sendable {
    public let pairs: [ScoredPair]

    public init(_ pairs: [ScoredPair]) {
        self.pairs = pairs
    }

    /// The correlations of an encoder's cosines with the pairs' scores.
    ///
    /// - Parameters:
    ///   - maxLength: The limit of tokens a text; nil for the model's.
    ///   - progress: Called with the number of texts done and of all, two a pair.
    public func evaluate(
        _ encoder: some TextEmbedding, maxLength: Int? = nil, progress: ((Int, Int) -> Void)? = nil
    ) throws(EvaluationError) -> ScoredPairResult {
        let vectors: Matrix<Float>
        do throws(EncodersError) {
            vectors = try encoder.encode(
                pairs.map(\.first) + pairs.map(\.second), prompt: nil, maxLength: maxLength, progress: progress)
        } catch { throw .encoder(error) }
        let similarities = cosines(
            vectors.view.rows(0..<pairs.count), vectors.view.rows(pairs.count..<2 * pairs.count))
        let scores = pairs.map(\.score)
        return ScoredPairResult(similarities: similarities, scores: scores)
    }
}

/// How well cosines follow scores.
public struct ScoredPairResult: Equatable, Sendable {
    /// The rank correlation; NaN where the cosines or the scores are constant or fewer than two.
    public let spearman: Double

    /// The linear correlation; NaN where `spearman` is.
    public let pearson: Double

    /// The cosine of each pair, in the order of the pairs.
    public let similarities: [Double]

    /// What people gave each pair, in the same order.
    public let scores: [Double]

    /// How many pairs there were.
    public var count: Int { similarities.count }

    /// The correlations of the similarities and the scores of some pairs.
    public init(similarities: [Double], scores: [Double]) {
        spearman = Evaluation.spearman(similarities, scores)
        pearson = Evaluation.pearson(similarities, scores)
        self.similarities = similarities
        self.scores = scores
    }

    /// `spearman`, `pearson` (null where undefined) and `pairs`.
    public var jsonValue: JSONValue {
        func number(_ value: Double) -> JSONValue { value.isNaN ? .null : .number(value) }
        return ["spearman": number(spearman), "pearson": number(pearson), "pairs": .integer(Int64(count))]
    }

    /// A JSON object for each pair, in their order: `pair` (from 1), `similarity` and `score`.
    public var perPairJSON: [JSONValue] {
        zip(similarities, scores).enumerated().map { number, values in
            ["pair": .integer(Int64(number + 1)), "similarity": .number(values.0), "score": .number(values.1)]
        }
    }
}
