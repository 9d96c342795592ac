internal import VectorMath

extension ExactScan {
    /// Rows that a search by codes goes through with one threshold: a multiple of 64.
    static let codedChunk = 1 << 17
    /// Among fewer rows a search compares each with the query.
    static let fewestCoded = 512
    /// Where fewer than one row of so many takes part, reading these costs less than reading the codes of all.
    static let sparsest = 48

    /// Whether a search for `limit` neighbours reads the codes of a segment of which `count` rows take part.
    static func readsCodes(_ segment: VectorSegment, count: Int, limit: Int) -> Bool {
        segment.codes != nil && count >= max(fewestCoded, segment.rowCount / sparsest) && limit <= count / 4
    }

    /// The best rows of a chunk for each query of a tile, by their codes.
    func nearestByCodes(
        _ chunk: Chunk, tile: Range<Int>, limit: Int
    ) throws(VectorIndexError) -> [TopNeighbours] {
        let segment = segments[chunk.segment]
        let searches = searches(chunk, tile: tile, limit: limit)
        for search in searches { try search.sample() }
        for stretch in CodedSearch.stretches(chunk.rows) {
            try segment.check(codesOf: stretch)
            for search in searches { try search.scan(stretch) }
        }
        for search in searches { try search.finish() }
        return searches.map(\.best)
    }

    /// The rows of a chunk whose keys reach a threshold for the one query, by their codes.
    func withinByCodes(
        _ chunk: Chunk, threshold: Float
    ) throws(VectorIndexError) -> [TopNeighbours.Entry] {
        var entries: [TopNeighbours.Entry] = []
        for search in searches(chunk, tile: 0..<1, limit: 1) {
            for stretch in CodedSearch.stretches(chunk.rows) {
                try segments[chunk.segment].check(codesOf: stretch)
                try search.scan(stretch, from: threshold, into: &entries)
            }
        }
        return entries
    }

    private func searches(_ chunk: Chunk, tile: Range<Int>, limit: Int) -> [CodedSearch] {
        let segment = segments[chunk.segment]
        guard let codes = segment.codes else { preconditionFailure("a search by codes where there are none") }
        return queries.withUnsafePointer { base in
            // The queries live as long as this scan.
            tile.map {
                CodedSearch(
                    base + $0 * queries.stride, segment: segment, codes: codes, eligible: eligible[chunk.segment],
                    run: chunk.rows, limit: limit)
            }
        }
    }
}
