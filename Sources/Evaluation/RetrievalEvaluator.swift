public import Corpora
internal import Encoders
internal import Files
internal import VectorIndex
internal import VectorMath

/// Measures how well an encoder, or a run that is there already, finds what a data set's judgements call relevant.
///
/// Every query of a split that has a relevant document is held against the whole corpus by cosine, exactly. Make the document
/// vectors once and hand them to each `evaluate`:
///
///     let evaluator = RetrievalEvaluator(dataSet)
///     let documents = try evaluator.documentVectors(by: encoder)
///     let dev = try evaluator.evaluate(encoder, split: "dev", documents: documents)
///     let test = try evaluator.evaluate(encoder, split: "test", documents: documents)
public struct RetrievalEvaluator: Sendable {
    /// The cutoffs of every kind of metric, unless others are asked for.
    public static let defaultCutoffs = [1, 3, 5, 10, 100]

    public let dataSet: DataSet
    public let scorer: RetrievalScorer

    /// How many documents a query's list keeps: 100, or the largest cutoff where that is more.
    public let depth: Int

    public init(
        _ dataSet: DataSet, profile: MetricProfile = .trec,
        metrics: [RetrievalMetric] = RetrievalMetric.all(at: defaultCutoffs)
    ) {
        self.dataSet = dataSet
        scorer = RetrievalScorer(profile: profile, metrics: metrics)
        let deepest = max(100, metrics.map(\.cutoff).max() ?? 0)
        // BEIR drops a document that has the query's id from the list: one more is needed to fill it.
        depth = profile == .beir ? deepest + 1 : deepest
    }

    /// The corpus as an encoder sees it.
    ///
    /// - Parameters:
    ///   - maxLength: The limit of tokens a document; nil for the model's.
    ///   - progress: Called with the number of documents done and of all.
    public func documentVectors(
        by encoder: some TextEmbedding, maxLength: Int? = nil, progress: ((Int, Int) -> Void)? = nil
    ) throws(EvaluationError) -> DocumentVectors {
        try DocumentVectors(dataSet.corpus, encoder: encoder, maxLength: maxLength, progress: progress)
    }

    /// The metrics of an encoder on a split.
    ///
    /// - Parameters:
    ///   - documents: The corpus as this encoder sees it; made anew when nil.
    ///   - maxLength: The limit of tokens a text; nil for the model's.
    ///   - progress: Called with the number of texts done and of all, first for the documents, then for the queries.
    /// - Throws: `nothingToEvaluate` where no query has a relevant document, `wrongSpace` for another encoder's documents.
    public func evaluate(
        _ encoder: some TextEmbedding, split: String, documents: DocumentVectors? = nil, maxLength: Int? = nil,
        progress: ((Int, Int) -> Void)? = nil
    ) throws(EvaluationError) -> EvaluationResult {
        let task = try task(split: split)
        if let documents, documents.space != encoder.space {
            throw .wrongSpace(documents: documents.space, queries: encoder.space)
        }
        // Not `??`: its autoclosure would lose the error's type.
        let corpus: DocumentVectors
        if let documents {
            corpus = documents
        } else {
            corpus = try documentVectors(by: encoder, maxLength: maxLength, progress: progress)
        }
        let queries: Matrix<Float>
        do throws(EncodersError) {
            queries = try encoder.encodeQueries(task.queries.map(\.text), maxLength: maxLength, progress: progress)
        } catch { throw .encoder(error) }
        let found: [[Neighbour]]
        do throws(VectorIndexError) {
            found = try corpus.index.search(queries.view, k: depth)
        } catch { throw .index(error) }
        var run: Run = [:]
        for (query, neighbours) in zip(task.queries, found) {
            run[query.id] = neighbours.map {
                ScoredDocument(id: corpus.ids[Int($0.id)], score: Double($0.score))
            }
        }
        return try result(of: run, task: task, split: split)
    }

    /// The metrics of a run on a split. Its lists are taken as they are, however long.
    public func evaluate(_ run: Run, split: String) throws(EvaluationError) -> EvaluationResult {
        try result(of: run, task: try task(split: split), split: split)
    }

    // MARK: Parts

    /// What a split asks for.
    private struct Task {
        /// The queries with a relevant document, in the data set's order.
        var queries: [Query]
        var relevance: Relevance
        /// How many judged queries have none.
        var skippedCount: Int
    }

    private func task(split: String) throws(EvaluationError) -> Task {
        let judgements: Relevance
        do throws(CorporaError) {
            judgements = try dataSet.relevance(split: split)
        } catch { throw .data(error) }
        let relevance = judgements.filter { $0.value.values.contains { $0 > 0 } }
        let queries = dataSet.queries.filter { relevance[$0.id] != nil }
        guard !queries.isEmpty else { throw .nothingToEvaluate(path: dataSet.path, split: split) }
        return Task(queries: queries, relevance: relevance, skippedCount: judgements.count - relevance.count)
    }

    private func result(of run: Run, task: Task, split: String) throws(EvaluationError) -> EvaluationResult {
        let scores = try scorer.scores(of: run, relevance: task.relevance)
        return EvaluationResult(
            split: split, profile: scorer.profile, scores: scores, run: run, skippedCount: task.skippedCount)
    }
}
