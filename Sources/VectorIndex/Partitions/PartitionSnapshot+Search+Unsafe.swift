public import VectorMath

extension PartitionSnapshot {
    /// About what a search among candidates costs, in nanoseconds: to look one up and scan its block, a few reads from memory; and to ask of
    /// a row of a probed partition whether it is one, a look into a sorted set.
    private static let lookUpCost = 150.0
    private static let askCost = 25.0
    /// The part of the candidates met that has to lie in the nearer half of the probed partitions. Fewer say that they get denser the
    /// farther one looks: the query stands outside of them, and what it looks for may lie anywhere on their rim.
    private static let nearPart = 0.4

    public func search(
        _ queries: MatrixView<Float>, k: Int, among candidates: CandidateSet?
    ) throws(VectorIndexError) -> [[Neighbour]] {
        precondition(k >= 0, "a search for \(k) neighbours")
        let prepared = try VectorCheck.prepared(queries, metric: metric, dimension: dimension)
        let k = min(k, count)
        guard k > 0, let space = state.space else { return [[Neighbour]](repeating: [], count: queries.rows) }
        let filter = candidates.map { PartitionFilter($0, bodies: state.bodies) }
        return try eachQuery(prepared.view) { (query) throws(VectorIndexError) in
            guard let filter else { return try nearest(query, space: space, k: k) }
            return try nearest(query, space: space, k: k, among: filter)
        }
    }

    /// The `k` nearest vectors of each query with the fewest probes that were measured to reach a recall: see
    /// ``searching(recall:)``.
    public func search(
        _ queries: MatrixView<Float>, k: Int, recall: Double, among candidates: CandidateSet? = nil
    ) throws(VectorIndexError) -> [[Neighbour]] {
        try searching(recall: recall).search(queries, k: k, among: candidates)
    }

    public func search(
        _ query: [Float], within radius: Float, among candidates: CandidateSet?
    ) throws(VectorIndexError) -> [Neighbour] {
        // More probes than asked for: what is missed matters more here than what it costs.
        let wider = searching(probes: 2 * probes)
        return try nearest(within: radius) { (k) throws(VectorIndexError) in
            try wider.search(query, k: k, among: candidates)
        }
    }

    /// The probes for `k` neighbours: what is farther away stands in more partitions.
    private func probes(_ k: Int) -> Int {
        let factor = (Double(max(k, RecallCalibration.neighbours)) / Double(RecallCalibration.neighbours))
            .squareRoot()
        return min(state.bodies.count, Int(Double(probes) * factor))
    }

    /// How many of the nearest by their codes are looked at again.
    private func candidateLimit(_ k: Int) -> Int { min(count, k + k / 2 + 8) }

    private func nearest(
        _ query: UnsafePointer<Float>, space: GraphSpace, k: Int
    ) throws(VectorIndexError) -> [Neighbour] {
        let limit = candidateLimit(k)
        return try state.scratches.use(partitions: state.bodies.count, limit: limit) {
            (scratch) throws(VectorIndexError) in
            let search = PartitionSearch(query, state: state, space: space, scratch: scratch)
            var wanted = probes(k)
            while true {
                let ranked = search.rank(wanted)
                try search.check(ranked)
                let found = search.scan(ranked, k: k, limit: limit, masks: nil)
                if found >= k || ranked < wanted || wanted >= state.bodies.count {
                    return search.neighbours(found, k: k)
                }
                wanted = min(state.bodies.count, 2 * wanted)
            }
        }
    }

    /// The nearest among candidates: in more partitions than a plain search probes, the more the fewer candidates there are; or in all that
    /// have some, where that costs less, or where few are near the query, so that those that count lie anywhere.
    private func nearest(
        _ query: UnsafePointer<Float>, space: GraphSpace, k: Int, among filter: PartitionFilter
    ) throws(VectorIndexError) -> [Neighbour] {
        let limit = candidateLimit(k)
        guard filter.count > 0 else { return [] }
        let part = min(1, Double(filter.count) / Double(max(1, count))).squareRoot()
        let wanted = min(state.bodies.count, Int((Double(probes(k)) / part).rounded(.up)))
        let mean = Double(count) / Double(max(1, state.bodies.count))
        return try state.scratches.use(partitions: state.bodies.count, limit: limit) {
            (scratch) throws(VectorIndexError) in
            let search = PartitionSearch(query, state: state, space: space, scratch: scratch)
            if Double(wanted) * mean * Self.askCost < Double(filter.count) * Self.lookUpCost {
                let ranked = search.rank(wanted)
                try search.check(ranked)
                let masks = filter.masks(scratch.order, count: ranked, in: state)
                // Of an odd number the nearer half has one more: a single partition is all near.
                let half = (ranked + 1) / 2
                let near = filter.count(scratch.order, half, in: state)
                let met = near + filter.count(scratch.order + half, ranked - half, in: state)
                let isEnough = met >= min(filter.count, max(k, Int(Double(probes(k)) * mean * part / 2)))
                if isEnough && Double(near) >= Self.nearPart * Double(met) {
                    return search.neighbours(search.scan(ranked, k: k, limit: limit, masks: masks), k: k)
                }
            }
            try state.file?.checkTable()
            let holders = try filter.holders(in: state)
            let ranked = search.keep(holders, of: search.rank(state.bodies.count))
            try search.check(ranked)
            let masks = filter.masks(scratch.order, count: ranked, in: state)
            return search.neighbours(search.scan(ranked, k: k, limit: limit, masks: masks), k: k)
        }
    }
}
