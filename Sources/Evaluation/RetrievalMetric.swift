/// A measure of one ranked list against judgements, looking at its first `cutoff` documents.
///
/// Written `ndcg@10`, `mrr@10`, `recall@100`, `map@100`, `precision@5`, `success@1`. All are fractions from 0 to 1. What ties,
/// gains and denominators mean is the `MetricProfile`'s.
public struct RetrievalMetric: Hashable, Sendable {
    /// What is measured.
    public enum Kind: String, CaseIterable, Sendable {
        /// Normalised discounted cumulative gain: Σ gain / log2(rank + 1), over that of the best order.
        case ndcg
        /// The reciprocal of the rank of the first relevant document.
        case mrr
        /// The share of the relevant documents that was found.
        case recall
        /// Average precision: the mean over the relevant documents of the precision at their ranks.
        case map
        /// The share of the first K places that hold a relevant document.
        case precision
        /// Whether any relevant document was found (1) or none (0).
        case success
    }

    public let kind: Kind

    /// K: how many documents from the top of the list count. At least 1.
    public let cutoff: Int

    public init(_ kind: Kind, at cutoff: Int) {
        precondition(cutoff > 0, "a metric's cutoff is at least 1")
        self.kind = kind
        self.cutoff = cutoff
    }

    /// Reads a name such as `ndcg@10`.
    public init(name: String) throws(EvaluationError) {
        let parts = name.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, let kind = Kind(rawValue: parts[0].lowercased()),
            parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let cutoff = Int(parts[1]), cutoff > 0
        else { throw .unknownMetric(name: name) }
        self.init(kind, at: cutoff)
    }

    /// The name as reports write it: `ndcg@10`.
    public var name: String { "\(kind.rawValue)@\(cutoff)" }

    /// Every kind at every cutoff, in the order given.
    public static func all(at cutoffs: [Int]) -> [RetrievalMetric] {
        Kind.allCases.flatMap { kind in cutoffs.map { RetrievalMetric(kind, at: $0) } }
    }
}

extension RetrievalMetric: CustomStringConvertible {
    public var description: String { name }
}
