internal import VectorMath

/// The content of an exact index at one moment: immutable, and searched from any number of threads.
///
/// Where codes pay, a search first reads one bit of every coordinate (``SearchGuarantee/bounded(missRate:)``) and compares the query
/// with those vectors only that the codes do not rule out; scores, and the order of results, are those of ``fullScan``, the
/// yardstick of every approximate index.
public struct ExactSnapshot: VectorSearching {
    public let metric: Metric
    public let dimension: Int

    /// What the owner wrote into the file beside the vectors, at most 64 KiB; the index does not look into it.
    public let tag: [UInt8]

    /// In what the vectors are kept.
    public let storage: VectorStorage

    let segments: [VectorSegment]

    public let count: Int

    /// Whether codes are made for what is added or written.
    let codePolicy: CodePolicy
    /// Whether searches leave codes aside.
    let comparesAll: Bool

    init(
        metric: Metric, dimension: Int, storage: VectorStorage = .float32, tag: [UInt8], segments: [VectorSegment],
        codePolicy: CodePolicy = .automatic, comparesAll: Bool = false
    ) {
        precondition(segments.allSatisfy { $0.vectors.storage == storage }, "rows of another storage than \(storage)")
        self.metric = metric
        self.dimension = dimension
        self.storage = storage
        self.tag = tag
        self.segments = segments
        self.codePolicy = codePolicy
        self.comparesAll = comparesAll
        count = segments.reduce(0) { $0 + $1.count }
    }

    /// What searches promise: exact results, or exact scores of results that are complete up to a probability.
    public var guarantee: SearchGuarantee {
        !comparesAll && segments.contains { $0.codes != nil } ? .bounded(missRate: CodeBound.missRate) : .exact
    }

    /// The same content, whose searches compare the query with every vector.
    public var fullScan: ExactSnapshot {
        ExactSnapshot(
            metric: metric, dimension: dimension, storage: storage, tag: tag, segments: segments,
            codePolicy: codePolicy, comparesAll: true)
    }

    public func contains(_ id: UInt64) throws(VectorIndexError) -> Bool {
        try place(of: id) != nil
    }

    public func vector(of id: UInt64) throws(VectorIndexError) -> [Float]? {
        guard let place = try place(of: id) else { return nil }
        try segments[place.segment].check(rows: place.row..<place.row + 1)
        return segments[place.segment].vectors.vector(place.row)
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
