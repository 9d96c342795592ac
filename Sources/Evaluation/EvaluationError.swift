public import Corpora
public import Encoders
public import Files
public import VectorIndex

/// What can be wrong with what an evaluation is given.
public enum EvaluationError: Error {
    /// A name that is no metric, such as `ndgc@10` or `ndcg@0`.
    case unknownMetric(name: String)
    /// A ranked list that names a document twice.
    case duplicateDocument(query: String, document: String)
    /// A score that is not a number: such a list has no order.
    case scoreNotANumber(query: String, document: String)
    /// A split in which no query has a relevant document.
    case nothingToEvaluate(path: String, split: String)
    /// Document vectors of another space than the encoder's queries map into.
    case wrongSpace(documents: SpaceIdentity, queries: SpaceIdentity)
    /// Two results that share no query, or of which one lacks the metric.
    case notComparable(metric: String, reason: String)
    /// The data set could not be read.
    case data(CorporaError)
    /// A text could not be encoded.
    case encoder(EncodersError)
    /// The encoder's vectors could not be searched.
    case index(VectorIndexError)
}

extension EvaluationError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unknownMetric(let name):
            let kinds = RetrievalMetric.Kind.allCases.map(\.rawValue).joined(separator: ", ")
            return "unknown metric '\(name)': expected NAME@K with K from 1 and NAME one of \(kinds)"
        case .duplicateDocument(let query, let document):
            return "the run lists document '\(document)' twice for query '\(query)'"
        case .scoreNotANumber(let query, let document):
            return "the run's score of document '\(document)' for query '\(query)' is not a number"
        case .nothingToEvaluate(let path, let split):
            return "\(path): no query of split '\(split)' has a relevant document"
        case .wrongSpace(let documents, let queries):
            return "the document vectors are of space \(documents), the encoder's queries are for space \(queries)"
        case .notComparable(let metric, let reason):
            return "the results cannot be compared by \(metric): \(reason)"
        case .data(let error): return error.description
        case .encoder(let error): return error.description
        case .index(let error): return "the encoder's vectors: \(error)"
        }
    }
}

extension EvaluationError: Equatable {
    /// Errors are equal when they say the same.
    public static func == (first: EvaluationError, second: EvaluationError) -> Bool {
        first.description == second.description
    }
}
