/// What can be wrong with what an evaluation is given.
public enum EvaluationError: Error, Equatable, Sendable {
    /// A name that is no metric, such as `ndgc@10` or `ndcg@0`.
    case unknownMetric(name: String)
    /// A ranked list that names a document twice.
    case duplicateDocument(query: String, document: String)
    /// A score that is not a number: such a list has no order.
    case scoreNotANumber(query: String, document: String)
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
        }
    }
}
