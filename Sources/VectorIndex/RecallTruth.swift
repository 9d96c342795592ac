/// The true neighbours of each query; of those as near as the last one each is right.
struct RecallTruth {
    private let ids: [Set<UInt64>]
    private let k: Int
    let total: Int

    /// - Parameter found: More than `k` of each query, nearer first, so that ties are known.
    init(_ found: [[Neighbour]], k: Int) {
        self.k = k
        total = found.reduce(0) { $0 + min(k, $1.count) }
        ids = found.map { found in
            guard found.count > k else { return Set(found.map(\.id)) }
            let last = found[k - 1].score
            return Set(found.prefix(k).map(\.id) + found.filter { $0.score == last }.map(\.id))
        }
    }

    func hits(in found: [[Neighbour]]) -> Int {
        zip(found, ids).reduce(0) { hits, pair in hits + min(k, pair.0.count { pair.1.contains($0.id) }) }
    }
}
