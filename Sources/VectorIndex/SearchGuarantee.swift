/// What an index promises of the neighbours that it returns.
public enum SearchGuarantee: Equatable, Sendable {
    /// Every vector was compared with the query, or could not have been among the results.
    case exact

    /// Scores are exact, but most vectors were ruled out by codes with an error bound that holds with a probability: each
    /// neighbour is missing with a probability of at most `missRate`, over the random rotation of the codes.
    case bounded(missRate: Double)
}

/// Whether an exact index keeps codes beside its vectors, which make a search faster and 10 to 30 % of the memory more.
public enum CodePolicy: Sendable {
    /// Where they pay: see ``ExactSnapshot/guarantee``.
    case automatic
    /// Whatever the number of vectors.
    case always
    case never
}

extension CodePolicy {
    /// The fewest vectors, and the fewest floats in them, with which codes make a search faster.
    private static let fewestVectors = 4096
    private static let fewestDimensions = 32

    func makesCodes(count: Int, dimension: Int) -> Bool {
        switch self {
        case .automatic: count >= Self.fewestVectors && dimension >= Self.fewestDimensions
        case .always: count > 0
        case .never: false
        }
    }
}
