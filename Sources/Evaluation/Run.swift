/// A document of a ranked list, and the score that ranks it: larger is better.
public struct ScoredDocument: Equatable, Sendable {
    public var id: String
    public var score: Double

    public init(id: String, score: Double) {
        self.id = id
        self.score = score
    }
}

/// What a system retrieved: for each query id its documents. Scores rank them; the order of the list matters only where a
/// `MetricProfile` says so.
public typealias Run = [String: [ScoredDocument]]
