/// What an index promises of the neighbours that it returns.
public enum SearchGuarantee: Equatable, Sendable {
    /// Every vector was compared with the query, or could not have been among the results.
    case exact

    /// Scores are exact, but most vectors were ruled out by codes with an error bound that holds with a probability: each
    /// neighbour is missing with a probability of at most `missRate`, over the random rotation of the codes.
    case bounded(missRate: Double)

    /// Some neighbours are missed. `recall` is the part of the ten nearest that was found when the index was asked for vectors that it
    /// did not hold yet, nil where it was too small to be measured; each index says how it scores what it finds.
    case approximate(recall: Double?)
}

extension SearchGuarantee: CustomStringConvertible {
    public var description: String {
        switch self {
        case .exact: "exact"
        case .bounded(let missRate): "exact, each neighbour missed with a probability of at most \(missRate)"
        case .approximate(let recall?): "approximate, measured recall \((recall * 10_000).rounded() / 10_000)"
        case .approximate(nil): "approximate, recall not measured"
        }
    }
}

/// Whether an exact index keeps codes beside its vectors, which make a search faster and take little memory: with 384
/// dimensions 56 bytes a vector beside 1,536, with 64 dimensions 16 beside 256; for inner products 4 more.
public enum CodePolicy: Sendable {
    /// Where they pay: see ``ExactSnapshot/guarantee``.
    case automatic
    /// Whatever the number of vectors.
    case always
    case never
}

extension CodePolicy {
    /// The fewest vectors, coordinates and floats with which codes make a search faster. Measured: at 4,000 × 384 and at
    /// 8,000 × 128 twice as fast as a full scan, at 16,000 × 64 by half; with 32 coordinates, which get a code of 64 bits, from some
    /// 20,000 vectors on; with 16 never.
    private static let fewestVectors = 4096
    private static let fewestDimensions = 32
    private static let fewestFloats = 1 << 20

    func makesCodes(count: Int, dimension: Int) -> Bool {
        switch self {
        case .automatic:
            count >= Self.fewestVectors && dimension >= Self.fewestDimensions && count * dimension >= Self.fewestFloats
        case .always: count > 0
        case .never: false
        }
    }
}
