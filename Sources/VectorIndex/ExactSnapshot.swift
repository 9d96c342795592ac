internal import VectorMath

/// The content of an exact index at one moment: immutable, and searched from any number of threads.
///
/// A search compares a query with every vector. That is the yardstick of every approximate index, and on a few hundred thousand
/// vectors often fast enough: one core compares some tens of millions of floats in a millisecond.
public struct ExactSnapshot: VectorSearching {
    public let metric: Metric
    public let dimension: Int

    /// What the owner wrote into the file beside the vectors, at most 64 KiB; the index does not look into it.
    public let tag: [UInt8]

    let segments: [VectorSegment]

    public let count: Int

    init(metric: Metric, dimension: Int, tag: [UInt8], segments: [VectorSegment]) {
        self.metric = metric
        self.dimension = dimension
        self.tag = tag
        self.segments = segments
        count = segments.reduce(0) { $0 + $1.count }
    }

    public func contains(_ id: UInt64) throws(VectorIndexError) -> Bool {
        try place(of: id) != nil
    }

    public func vector(of id: UInt64) throws(VectorIndexError) -> [Float]? {
        guard let place = try place(of: id) else { return nil }
        try segments[place.segment].check(rows: place.row..<place.row + 1)
        return segments[place.segment].vectors.row(place.row)
    }

    /// All ids, ascending.
    public func ids() throws(VectorIndexError) -> [UInt64] {
        try LiveRows(of: segments).places.map(\.id)
    }

    /// Where an id stands: which segment, which row.
    func place(of id: UInt64) throws(VectorIndexError) -> (segment: Int, row: Int)? {
        for (index, segment) in segments.enumerated() {
            try segment.checkIDs()
            if let row = segment.row(of: id) { return (index, row) }
        }
        return nil
    }
}
