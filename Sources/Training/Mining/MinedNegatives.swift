public import Corpora
public import Files

/// What mining has found: negatives for each query of a ``MiningTask``.
public struct MinedNegatives: Sendable, Equatable {
    /// A document that looks like an answer and is not known to be one.
    public struct Negative: Sendable, Equatable {
        /// The document's number in the task.
        public let document: Int
        /// Its cosine with the query.
        public let score: Float
    }

    /// For each query, nearest first.
    public let negatives: [[Negative]]
    /// Counts, means, and why some queries got fewer than they should.
    public let summary: MiningSummary

    /// The tuples with their query's negatives behind those that they had.
    public func added(to tuples: [TrainingTuple], of task: MiningTask) -> [TrainingTuple] {
        task.tuples(tuples, adding: negatives.map { $0.map(\.document) })
    }

    /// A data set with the negatives in one of its splits; all else is as it was.
    ///
    /// In a retrieval set they are judgements of grade 0, which training takes for negatives and evaluation for what is
    /// not relevant. In tuples they are further negatives of each row.
    public func added(to kind: DataSetKind, split: String, of task: MiningTask) -> DataSetKind {
        switch kind {
        case .retrieval(var dataSet):
            var relevance = dataSet.judgements[split] ?? [:]
            for query in dataSet.queries {
                guard relevance[query.id]?.contains(where: { $0.value > 0 }) == true,
                    let number = task.query(of: query.text)
                else { continue }
                for negative in negatives[number] {
                    guard let place = task.origins[negative.document] else { continue }
                    let id = dataSet.corpus[place].id
                    if relevance[query.id]?[id] == nil { relevance[query.id]?[id] = 0 }
                }
            }
            dataSet.judgements[split] = relevance
            return .retrieval(dataSet)
        case .tuples(var splits):
            splits[split] = splits[split].map { added(to: $0, of: task) }
            return .tuples(splits)
        case .scoredPairs, .classifiedPairs, .labelledTexts, .taughtTexts:
            return kind
        }
    }
}

extension MiningTask {
    /// The tuples that the task was made of, each with documents behind the negatives that it had.
    ///
    /// - Parameter negatives: the documents of each query.
    func tuples(_ tuples: [TrainingTuple], adding negatives: [[Int]]) -> [TrainingTuple] {
        precondition(tuples.count == tupleQueries.count, "the task was made of other tuples")
        return zip(tuples, tupleQueries).map { tuple, query in
            var tuple = tuple
            tuple.negatives += negatives[query].map { documents[$0] }
            return tuple
        }
    }
}

/// What mining came to, in numbers.
public struct MiningSummary: Sendable, Equatable {
    /// Why a document of a query's window is not taken, or a query has too few.
    public enum Reason: String, Sendable, CaseIterable {
        /// The window held fewer documents than negatives were wanted.
        case tooFewDocuments = "too_few_documents"
        /// It scores too near the lowest answer, by the part of its score.
        case relativeMargin = "relative_margin"
        /// It scores too near the lowest answer, by the difference.
        case absoluteMargin = "absolute_margin"
        /// It scores too high.
        case maxScore = "max_score"
        /// It scores too low.
        case minScore = "min_score"
    }

    /// How many queries were mined for.
    public internal(set) var queries = 0
    /// How many documents they were held against.
    public internal(set) var documents = 0
    /// How many negatives each query should get.
    public internal(set) var wanted = 0
    /// How many negatives were found for all queries together.
    public internal(set) var found = 0
    /// How many queries got fewer than they should, by what took most of their documents away.
    public internal(set) var short: [Reason: Int] = [:]
    /// How many documents within the windows did not pass, by the first reason.
    public internal(set) var dropped: [Reason: Int] = [:]
    /// The mean over queries of the lowest score of an answer; nil where no query has an answer.
    public internal(set) var answerScore: Double?
    /// The mean score of the negatives; nil where there are none.
    public internal(set) var negativeScore: Double?

    /// How many queries got fewer than they should.
    public var shortQueries: Int { short.values.reduce(0, +) }

    /// The numbers by name.
    public var json: [String: JSONValue] {
        func counts(_ counts: [Reason: Int]) -> JSONValue {
            .object(Dictionary(uniqueKeysWithValues: counts.map { ($0.rawValue, .integer(Int64($1))) }))
        }
        return [
            "queries": .integer(Int64(queries)), "documents": .integer(Int64(documents)),
            "wanted_per_query": .integer(Int64(wanted)), "negatives": .integer(Int64(found)),
            "short_queries": .integer(Int64(shortQueries)), "short_because": counts(short),
            "dropped_because": counts(dropped), "answer_score": answerScore.map(JSONValue.number) ?? .null,
            "negative_score": negativeScore.map(JSONValue.number) ?? .null,
        ]
    }
}
