public import VectorMath

extension ExactSnapshot {
    public func search(
        _ queries: MatrixView<Float>, k: Int, among candidates: CandidateSet?
    ) throws(VectorIndexError) -> [[Neighbour]] {
        precondition(k >= 0, "a search for \(k) neighbours")
        let scan = try ExactScan(self, queries: queries, among: candidates, limit: k)
        let limit = min(k, scan.rowCount)
        guard limit > 0 else { return [[Neighbour]](repeating: [], count: queries.rows) }

        let chunkCount = scan.chunks.count
        let found = try parallelMap(
            scan.tiles.count * chunkCount,
            throwing: { (piece) throws(VectorIndexError) in
                try nearest(
                    scan, chunk: scan.chunks[piece % chunkCount], tile: scan.tiles[piece / chunkCount], limit: limit)
            })
        return parallelMap(queries.rows) { query in
            let tile = scan.tiles.firstPlace { $0.upperBound > query }
            let parts = (0..<chunkCount).map { found[tile * chunkCount + $0][query - scan.tiles[tile].lowerBound] }
            return TopNeighbours.merging(parts, limit: limit).map(neighbour)
        }
    }

    public func search(
        _ query: [Float], within radius: Float, among candidates: CandidateSet?
    ) throws(VectorIndexError) -> [Neighbour] {
        precondition(!radius.isNaN, "a search within a radius that is not a number")
        let query = Matrix(rows: 1, columns: query.count, elements: query)
        let scan = try ExactScan(self, queries: query.view, among: candidates, limit: 1)
        let threshold = metric.largerIsNearer ? radius : -radius
        var entries = try parallelMap(
            scan.chunks.count,
            throwing: { (chunk) throws(VectorIndexError) in
                try within(scan, chunk: scan.chunks[chunk], threshold: threshold)
            }
        ).flatMap(\.self)
        entries.sort { $0.precedes($1) }
        return entries.map(neighbour)
    }

    /// The best rows of a chunk for each query of a tile.
    private func nearest(
        _ scan: ExactScan, chunk: ExactScan.Chunk, tile: Range<Int>, limit: Int
    ) throws(VectorIndexError) -> [TopNeighbours] {
        let limit = min(limit, chunk.rows.count)
        if chunk.byCodes { return try scan.nearestByCodes(chunk, tile: tile, limit: limit) }
        var best = [TopNeighbours](repeating: TopNeighbours(limit: limit), count: tile.count)
        let segment = scan.segments[chunk.segment]
        try scan.score(chunk, tile: tile) { query, rows, keys in
            var threshold = best[query].threshold
            for index in 0..<keys.count where keys[index] >= threshold {
                best[query].offer(keys[index], id: segment.id(rows.lowerBound + index))
                threshold = best[query].threshold
            }
        }
        return best
    }

    /// The rows of a chunk whose keys reach a threshold.
    private func within(
        _ scan: ExactScan, chunk: ExactScan.Chunk, threshold: Float
    ) throws(VectorIndexError) -> [TopNeighbours.Entry] {
        if chunk.byCodes { return try scan.withinByCodes(chunk, threshold: threshold) }
        var entries: [TopNeighbours.Entry] = []
        let segment = scan.segments[chunk.segment]
        try scan.score(chunk, tile: 0..<1) { _, rows, keys in
            for index in 0..<keys.count where keys[index] >= threshold {
                entries.append(TopNeighbours.Entry(key: keys[index], id: segment.id(rows.lowerBound + index)))
            }
        }
        return entries
    }

    private func neighbour(_ entry: TopNeighbours.Entry) -> Neighbour {
        // 0 - key and not -key: a distance of zero is written 0 and not -0.
        Neighbour(id: entry.id, score: metric.largerIsNearer ? entry.key : 0 - entry.key)
    }
}
