public import VectorMath

/// What every index answers, exact or approximate. Implementations are immutable and safe to use from any thread.
public protocol VectorSearching: Sendable {
    var metric: Metric { get }

    /// D: the width of the vectors.
    var dimension: Int { get }

    /// N: how many vectors there are.
    var count: Int { get }

    /// What searches promise of their results.
    var guarantee: SearchGuarantee { get }

    /// The `k` nearest vectors of each query.
    ///
    /// A result does not depend on the number of threads nor on the other queries of the call.
    /// - Parameters:
    ///   - queries: `[Q, D]`, finite.
    ///   - k: At least 0; where it exceeds the number of candidates, all of them are returned.
    ///   - candidates: The ids to look among; nil for all.
    /// - Returns: For each query at most `k` neighbours, nearer first, ties by the lower id.
    /// - Throws: `wrongDimension`, `notFinite`; `damaged` where a page of the file is first touched and found wrong.
    func search(
        _ queries: MatrixView<Float>, k: Int, among candidates: CandidateSet?
    ) throws(VectorIndexError) -> [[Neighbour]]

    /// Every vector whose score is at least `radius`, for `squaredL2` at most `radius` (the square of a distance).
    ///
    /// - Parameter query: `[D]`, finite.
    /// - Returns: Nearer first, ties by the lower id.
    func search(
        _ query: [Float], within radius: Float, among candidates: CandidateSet?
    ) throws(VectorIndexError) -> [Neighbour]

    /// Whether there is a vector of this id.
    func contains(_ id: UInt64) throws(VectorIndexError) -> Bool

    /// The vector of an id as the index keeps it (for `cosine` scaled to length 1), or nil.
    func vector(of id: UInt64) throws(VectorIndexError) -> [Float]?
}

extension VectorSearching {
    /// The `k` nearest vectors of one query, `[D]`.
    public func search(
        _ query: [Float], k: Int, among candidates: CandidateSet? = nil
    ) throws(VectorIndexError) -> [Neighbour] {
        try search(Matrix(rows: 1, columns: query.count, elements: query).view, k: k, among: candidates)[0]
    }

    /// The `k` nearest vectors of each query, `[Q, D]`.
    public func search(_ queries: MatrixView<Float>, k: Int) throws(VectorIndexError) -> [[Neighbour]] {
        try search(queries, k: k, among: nil)
    }

    /// Every vector at least as near as `radius`.
    public func search(_ query: [Float], within radius: Float) throws(VectorIndexError) -> [Neighbour] {
        try search(query, within: radius, among: nil)
    }
}
