public import VectorMath

extension GraphSnapshot {
    /// What the steps of a walk cost, in exact distances of rows that stand anywhere: the wider the beam, the more there is to move
    /// when a vertex comes into it. Measured on 100,000 vectors of 384 dimensions. Where a filter makes the walk longer
    /// than a scan of its rows, these are scanned.
    private static func cost(ofSteps count: Int) -> Int { count * (2 + count / 48) }

    public func search(
        _ queries: MatrixView<Float>, k: Int, among candidates: CandidateSet?
    ) throws(VectorIndexError) -> [[Neighbour]] {
        precondition(k >= 0, "a search for \(k) neighbours")
        let prepared = try VectorCheck.prepared(queries, metric: metric, dimension: dimension)
        let k = min(k, count)
        guard k > 0, let space = state.space else { return [[Neighbour]](repeating: [], count: queries.rows) }
        let filter = candidates.map(GraphFilter.init)
        return try eachQuery(prepared.view) { (query) throws(VectorIndexError) in
            guard let filter else { return try nearest(query, space: space, k: k) }
            return try nearest(query, space: space, k: k, among: filter)
        }
    }

    /// The `k` nearest vectors of each query with the narrowest beam that was measured to reach a recall: see
    /// ``searching(recall:)``.
    public func search(
        _ queries: MatrixView<Float>, k: Int, recall: Double, among candidates: CandidateSet? = nil
    ) throws(VectorIndexError) -> [[Neighbour]] {
        try searching(recall: recall).search(queries, k: k, among: candidates)
    }

    public func search(
        _ query: [Float], within radius: Float, among candidates: CandidateSet?
    ) throws(VectorIndexError) -> [Neighbour] {
        // A wider beam than asked for: what is missed matters more here than what it costs.
        try nearest(within: radius) { (k) throws(VectorIndexError) in
            try searching(beam: max(beam, 2 * k)).search(query, k: k, among: candidates)
        }
    }

    /// The nearest vertices by one walk.
    private func nearest(
        _ query: UnsafePointer<Float>, space: GraphSpace, k: Int
    ) throws(VectorIndexError) -> [Neighbour] {
        let beam = max(beam, k)
        let limit = candidateLimit(k)
        return try state.scratches.use(vertexCount: state.vertexEnd, beam: max(beam, limit)) {
            (scratch) throws(VectorIndexError) in
            let search = GraphSearch(query, state: state, space: space, scratch: scratch)
            let best = search.best(try search.expand(beam: beam, atLeast: k), limit: limit)
            return try search.neighbours(best, space: space, k: k, allowed: nil)
        }
    }

    /// The nearest of these vertices to each query as the rows keep them. A row is compared with all queries while it is near: rows far
    /// from each other cost more to fetch than to compare with.
    private func nearest(
        _ queries: [UnsafePointer<Float>], space: GraphSpace, k: Int, of vertices: [UInt32], allowed: CandidateSet?
    ) throws(VectorIndexError) -> [[Neighbour]] {
        if let file = state.file { for vertex in vertices { try file.check(row: vertex) } }
        let limit = candidateLimit(k)
        return try state.scratches.use(queries.count, vertexCount: state.vertexEnd, beam: max(1, limit)) {
            (scratches) throws(VectorIndexError) in
            let searches = zip(queries, scratches).map { GraphSearch($0, state: state, space: space, scratch: $1) }
            var counts = [Int](repeating: 0, count: searches.count)
            for start in stride(from: 0, to: vertices.count, by: GraphSearch.tile) {
                let tile = vertices[start..<min(vertices.count, start + GraphSearch.tile)]
                for (place, search) in searches.enumerated() {
                    counts[place] = search.best(counts[place], and: tile, limit: limit)
                }
            }
            var found: [[Neighbour]] = []
            for (search, count) in zip(searches, counts) {
                found.append(try search.neighbours(count, space: space, k: k, allowed: allowed))
            }
            return found
        }
    }

    /// Queries that share a look at the rows.
    private static let queriesPerLook = 16

    /// The nearest of all vectors as the rows keep them: what the widest beam would find.
    ///
    /// - Parameter queries: Prepared.
    func nearestByRows(_ queries: MatrixView<Float>, k: Int) throws(VectorIndexError) -> [[Neighbour]] {
        guard let space = state.space else { return [[Neighbour]](repeating: [], count: queries.rows) }
        let vertices = (0..<UInt32(state.vertexEnd)).filter(state.isLive)
        return try eachBlock(of: Self.queriesPerLook, queries) { (first, count) throws(VectorIndexError) in
            try nearest(
                (0..<count).map { first + $0 * queries.stride }, space: space, k: k, of: vertices, allowed: nil)
        }.flatMap { $0 }
    }

    /// How many of the nearest by the rows are looked at again.
    private func candidateLimit(_ k: Int) -> Int { state.vectors == nil ? k : k + k / 2 + 8 }

    /// The nearest among candidates: by walks that grow until as many candidates as a plain search's beam were met, or by their rows where that
    /// costs less.
    private func nearest(
        _ query: UnsafePointer<Float>, space: GraphSpace, k: Int, among filter: GraphFilter
    ) throws(VectorIndexError) -> [Neighbour] {
        let wanted = max(beam, k)
        let part = min(1, Double(max(1, filter.count)) / Double(max(1, count)))
        var width = max(wanted, Int(min(Double(count), (Double(wanted) / part).rounded(.up))))
        let limit = candidateLimit(k)
        while width < state.vertexCount, Self.cost(ofSteps: width) < filter.count {
            let found: [Neighbour]? = try state.scratches.use(vertexCount: state.vertexEnd, beam: max(width, limit)) {
                (scratch) throws(VectorIndexError) in
                let search = GraphSearch(query, state: state, space: space, scratch: scratch)
                let met = try search.filter(
                    try search.expand(beam: width, atLeast: wanted), among: filter.candidates)
                // A plain walk too expands fewer vertices than its beam is wide: some stand in it twice.
                guard met >= min(max(k, wanted * 2 / 3), filter.count) else { return nil }
                return try search.neighbours(
                    search.best(met, limit: limit), space: space, k: k, allowed: filter.candidates)
            }
            if let found { return found }
            width *= 2
        }
        try state.file?.checkTable()
        return try nearest(
            [query], space: space, k: k, of: filter.vertices(in: state.table), allowed: filter.candidates)[0]
    }
}
