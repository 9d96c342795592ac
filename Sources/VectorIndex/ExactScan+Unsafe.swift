internal import VectorMath

/// One search over all vectors: which rows take part, how they are cut into pieces of work, and how a piece is scored.
///
/// The cut depends on the numbers of queries and rows alone, and a score on its query and its row alone.
struct ExactScan {
    /// Rows of one segment.
    struct Chunk {
        var segment: Int
        var rows: Range<Int>
        /// Whether codes rule most of them out.
        var byCodes = false
    }

    /// Queries whose vectors stay in the core's cache while a block of rows passes.
    private static let queryTile = 32
    /// Bytes of a block of rows that stay in the core's cache while a tile of queries passes.
    private static let blockBytes = 1 << 18
    /// Bytes of a block that one query alone passes: so large that the distances' kernels read far ahead.
    private static let streamBytes = 1 << 22
    /// Into about so many pieces a search is cut.
    private static let pieces = 64
    private static let smallestChunk = 1024

    let metric: Metric
    /// `[Q, D]`, prepared as the index's own vectors.
    let queries: Matrix<Float>
    let segments: [VectorSegment]
    /// Per segment, the rows that take part; nil where all do.
    let eligible: [PositionSet?]
    let chunks: [Chunk]
    let tiles: [Range<Int>]
    /// How many rows take part.
    let rowCount: Int

    /// - Parameter limit: K; 1 for a search within a radius.
    init(
        _ snapshot: ExactSnapshot, queries: MatrixView<Float>, among candidates: CandidateSet?, limit: Int
    ) throws(VectorIndexError) {
        metric = snapshot.metric
        segments = snapshot.segments
        self.queries = try VectorCheck.prepared(queries, metric: metric, dimension: snapshot.dimension)
        var eligible: [PositionSet?] = []
        for segment in segments {
            try segment.checkIDs()
            eligible.append(segment.rows(among: candidates))
        }
        self.eligible = eligible
        let byCodes = snapshot.segments.indices.map { index in
            let segment = snapshot.segments[index]
            let count = eligible[index]?.count ?? segment.rowCount
            return !snapshot.comparesAll && Self.readsCodes(segment, count: count, limit: limit)
        }
        // With codes there are few chunks: small tiles then give all cores their share.
        let tile = byCodes.contains(true) ? min(Self.queryTile, max(1, queries.rows / 16)) : Self.queryTile
        tiles = Self.cut(queries.rows, by: tile)
        let total = segments.reduce(0) { $0 + $1.rowCount }
        let pieces = max(1, Self.pieces / max(1, tiles.count))
        let chunkSize = max(Self.smallestChunk, (total + pieces - 1) / pieces)
        var (chunks, rowCount): ([Chunk], Int) = ([], 0)
        for (index, segment) in segments.enumerated() {
            for rows in Self.cut(segment.rowCount, by: byCodes[index] ? Self.codedChunk : chunkSize) {
                let count = eligible[index]?.count(in: rows) ?? rows.count
                if count > 0 { chunks.append(Chunk(segment: index, rows: rows, byCodes: byCodes[index])) }
                rowCount += count
            }
        }
        (self.chunks, self.rowCount) = (chunks, rowCount)
    }

    /// Scores the rows of a chunk that take part, against each query of a tile.
    ///
    /// - Parameter visit: Gets the query's place in the tile, consecutive rows and their keys; a key is the score with the sign
    ///   that makes the larger the nearer.
    func score(
        _ chunk: Chunk, tile: Range<Int>,
        visit: (_ query: Int, _ rows: Range<Int>, _ keys: UnsafeBufferPointer<Float>) -> Void
    ) throws(VectorIndexError) {
        let segment = segments[chunk.segment]
        let vectors = segment.vectors
        let blockSize = max(16, (tile.count == 1 ? Self.streamBytes : Self.blockBytes) / vectors.rowSize)
        let keys = UnsafeMutablePointer<Float>.allocate(capacity: blockSize)
        defer { keys.deallocate() }
        for block in Self.cut(chunk.rows.count, by: blockSize) {
            let block = chunk.rows.lowerBound + block.lowerBound..<chunk.rows.lowerBound + block.upperBound
            let wanted = eligible[chunk.segment].map { $0.runs(in: block) } ?? [block]
            let count = wanted.reduce(0) { $0 + $1.count }
            // Where a quarter takes part, one call over the block costs less than a call for each run.
            let scored = count == 0 ? [] : 4 * count >= block.count ? [block] : wanted
            for run in scored { try segment.check(rows: run) }
            for (place, query) in tile.enumerated() {
                for run in scored { score(query, run, of: vectors, into: keys + (run.lowerBound - block.lowerBound)) }
                for run in wanted {
                    let start = keys + (run.lowerBound - block.lowerBound)
                    visit(place, run, UnsafeBufferPointer(start: start, count: run.count))
                }
            }
        }
    }

    private func score(
        _ query: Int, _ rows: Range<Int>, of vectors: StoredVectors, into keys: UnsafeMutablePointer<Float>
    ) {
        queries.withUnsafePointer { vectors.keys(metric, $0 + query * queries.stride, rows: rows, into: keys) }
    }

    private static func cut(_ count: Int, by size: Int) -> [Range<Int>] {
        stride(from: 0, to: count, by: size).map { $0..<min(count, $0 + size) }
    }
}
