internal import Encoders
public import Evaluation
internal import VectorIndex
internal import VectorMath

/// Finds hard negatives: documents that an encoder puts near a query and that are not known to answer it.
///
/// Queries are held against all documents, exactly, on all cores. In memory are the vectors of the documents and of one
/// block of queries, and of each query the ranks of its window; never the scores of all pairs. The result depends on
/// texts, encoder and settings alone, not on the number of threads.
public struct HardNegativeMiner: Sendable {
    /// What becomes a negative.
    public let settings: MiningSettings

    /// Documents that are encoded together, between two looks at whether to go on.
    private static let documentBlock = 1024
    /// Queries that are encoded and searched together.
    private static let queryBlock = 1024
    /// Neighbours that are held at once, about.
    private static let heldNeighbours = 1 << 22
    /// Of a query with more excluded documents than this, the search is told which to pass over, instead of being asked
    /// for so many more.
    private static let passedOver = 64

    /// A miner with settings that make sense.
    public init(_ settings: MiningSettings = MiningSettings()) throws(TrainingError) {
        try settings.validate()
        self.settings = settings
    }

    /// Mines.
    ///
    /// - Parameters:
    ///   - encoder: what ranks the documents.
    ///   - maxLength: tokens that a text is cut to; nil for the model's own limit.
    ///   - round: another one draws other random samples.
    ///   - progress: called with the number of texts done and of all.
    ///   - isCancelled: asked between blocks.
    /// - Returns: nil when it was cancelled.
    /// - Complexity: O(Q·N·D) for Q queries against N documents. Two copies of the documents' vectors while they are
    ///   made, one later.
    public func mine(
        _ task: MiningTask, encoder: some TextEmbedding, maxLength: Int? = nil, round: Int = 0,
        progress: ((Int, Int) -> Void)? = nil, isCancelled: () -> Bool = { false }
    ) throws(TrainingError) -> MinedNegatives? {
        let total = task.documents.count + task.queries.count
        guard
            let index = try index(
                task.documents, encoder: encoder, maxLength: maxLength,
                progress: { progress?($0, total) }, isCancelled: isCancelled)
        else { return nil }

        var negatives: [[MinedNegatives.Negative]] = []
        var tally = Tally(wanted: settings.negatives, documents: task.documents.count)
        let everything = CandidateSet((0..<UInt64(task.documents.count)))
        let depth = settings.window.upperBound + Self.passedOver
        let size = max(1, min(Self.queryBlock, Self.heldNeighbours / depth))
        for start in stride(from: 0, to: task.queries.count, by: size) {
            guard !isCancelled() else { return nil }
            let block = start..<min(start + size, task.queries.count)
            let vectors = try wrapEncoders { () throws(EncodersError) in
                try encoder.encodeQueries(Array(task.queries[block]), maxLength: maxLength, progress: nil)
            }
            let found = try wrapIndex { () throws(VectorIndexError) in try index.search(vectors.view, k: depth) }
            for (query, neighbours) in zip(block, found) {
                let ranked = try candidates(
                    of: query, task: task, neighbours: neighbours, vector: vectors.row(query - start), index: index,
                    everything: everything)
                let bound = try lowestAnswer(of: query, task: task, vector: vectors.row(query - start), index: index)
                var random = RandomGenerator(
                    seed: settings.seed, stream: 1 << 63 | UInt64(round) << 32 | UInt64(query))
                negatives.append(choose(ranked, bound: bound, random: &random, tally: &tally))
            }
            progress?(task.documents.count + block.upperBound, total)
        }
        return MinedNegatives(negatives: negatives, summary: tally.summary)
    }

    // MARK: Vectors

    /// The documents' vectors by number; nil when it was cancelled.
    private func index(
        _ documents: [String], encoder: some TextEmbedding, maxLength: Int?, progress: @escaping (Int) -> Void,
        isCancelled: () -> Bool
    ) throws(TrainingError) -> ExactSnapshot? {
        var vectors: Matrix<Float>?
        for start in stride(from: 0, to: documents.count, by: Self.documentBlock) {
            guard !isCancelled() else { return nil }
            let block = start..<min(start + Self.documentBlock, documents.count)
            let part = try wrapEncoders { () throws(EncodersError) in
                try encoder.encodeDocuments(Array(documents[block]), maxLength: maxLength) { done, _ in
                    progress(start + done)
                }
            }
            if vectors == nil { vectors = Matrix(uninitializedRows: documents.count, columns: part.columns) }
            vectors!.setRows(from: start, to: part.view)
        }
        let all = vectors ?? Matrix(rows: 0, columns: 1)
        return try wrapIndex { () throws(VectorIndexError) in
            let index = ExactIndex(dimension: all.columns, metric: .cosine)
            try index.add(ids: (0..<UInt64(documents.count)).map { $0 }, vectors: all.view)
            try index.commit()
            return index.snapshot()
        }
    }

    /// The documents of a query's window, nearest first.
    private func candidates(
        of query: Int, task: MiningTask, neighbours: [Neighbour], vector: [Float], index: ExactSnapshot,
        everything: CandidateSet
    ) throws(TrainingError) -> [Neighbour] {
        let excluded = task.excluded[query]
        var ranked: [Neighbour]
        if excluded.count <= Self.passedOver {
            let passedOver = Set(excluded.map(UInt64.init))
            ranked = neighbours.filter { !passedOver.contains($0.id) }
        } else {
            ranked = try wrapIndex { () throws(VectorIndexError) in
                try index.search(
                    vector, k: settings.window.upperBound,
                    among: everything.subtracting(CandidateSet(excluded.lazy.map(UInt64.init))))
            }
        }
        return Array(ranked.prefix(settings.window.upperBound).dropFirst(settings.window.lowerBound))
    }

    /// The lowest score of a query's answers; nil where it has none.
    private func lowestAnswer(
        of query: Int, task: MiningTask, vector: [Float], index: ExactSnapshot
    ) throws(TrainingError) -> Double? {
        let answers = task.answers[query]
        let scores = try wrapIndex { () throws(VectorIndexError) in
            try index.search(vector, k: answers.count, among: CandidateSet(answers.lazy.map(UInt64.init)))
        }
        return scores.last.map { Double($0.score) }
    }

    // MARK: Choice

    private func choose(
        _ ranked: [Neighbour], bound: Double?, random: inout RandomGenerator, tally: inout Tally
    ) -> [MinedNegatives.Negative] {
        var dropped: [MiningSummary.Reason: Int] = [:]
        var passed: [MinedNegatives.Negative] = []
        for neighbour in ranked {
            if let reason = objection(to: Double(neighbour.score), bound: bound) {
                dropped[reason, default: 0] += 1
            } else {
                passed.append(MinedNegatives.Negative(document: Int(neighbour.id), score: neighbour.score))
            }
        }
        let chosen: [MinedNegatives.Negative]
        switch settings.sampling {
        case .top: chosen = Array(passed.prefix(settings.negatives))
        case .random:
            var places = Array(passed.indices)
            random.shuffle(&places)
            chosen = places.prefix(settings.negatives).sorted().map { passed[$0] }
        }
        tally.add(chosen, bound: bound, dropped: dropped)
        return chosen
    }

    /// Why a document of this score is no negative; nil where it is one.
    private func objection(to score: Double, bound: Double?) -> MiningSummary.Reason? {
        if let bound {
            // The size and not the score itself: 95 % of a negative score would be above it.
            if let margin = settings.relativeMargin, score > bound - margin * abs(bound) { return .relativeMargin }
            if let margin = settings.absoluteMargin, score > bound - margin { return .absoluteMargin }
        }
        if let highest = settings.maxScore, score > highest { return .maxScore }
        if let lowest = settings.minScore, score < lowest { return .minScore }
        return nil
    }
}

/// Adds up what a summary says.
private struct Tally {
    private var result = MiningSummary()
    private var answerScores = 0.0
    private var answered = 0
    private var negativeScores = 0.0

    init(wanted: Int, documents: Int) {
        result.wanted = wanted
        result.documents = documents
    }

    mutating func add(
        _ chosen: [MinedNegatives.Negative], bound: Double?, dropped: [MiningSummary.Reason: Int]
    ) {
        result.queries += 1
        result.found += chosen.count
        result.dropped.merge(dropped, uniquingKeysWith: +)
        if chosen.count < result.wanted {
            // Of equals the first: which one it is must not depend on the order of a dictionary.
            var reason = MiningSummary.Reason.tooFewDocuments
            for other in MiningSummary.Reason.allCases where dropped[other] ?? 0 > dropped[reason] ?? 0 {
                reason = other
            }
            result.short[reason, default: 0] += 1
        }
        if let bound {
            answerScores += bound
            answered += 1
        }
        for negative in chosen { negativeScores += Double(negative.score) }
    }

    var summary: MiningSummary {
        var summary = result
        if answered > 0 { summary.answerScore = answerScores / Double(answered) }
        if result.found > 0 { summary.negativeScore = negativeScores / Double(result.found) }
        return summary
    }
}

private func wrapIndex<Result>(_ body: () throws(VectorIndexError) -> Result) throws(TrainingError) -> Result {
    do throws(VectorIndexError) { return try body() } catch { throw .miningFailed(reason: "\(error)") }
}
