internal import VectorMath

/// Rows with ascending ids, which never change, in memory or in a mapped file; and which of them still count.
struct VectorSegment: Sendable {
    /// Of a file only after `checkIDs()`.
    let ids: IDTable
    /// Of a file, only rows that `check(rows:)` let pass are to be read.
    let vectors: StoredVectors
    /// Nil in memory.
    private let file: MappedIndexFile?
    /// Rows that were deleted, or replaced in a later segment.
    private(set) var deleted: PositionSet?
    /// The rows' codes, where the segment has any.
    private(set) var codes: SegmentCodes?

    /// - Parameter ids: Ascending, as many as `vectors` has rows.
    init(ids: [UInt64], vectors: StoredVectors) {
        precondition(ids.count == vectors.count)
        self.ids = IDTable(ids)
        self.vectors = vectors
        file = nil
    }

    /// A segment of float32 rows.
    init(ids: [UInt64], vectors: Matrix<Float>) { self.init(ids: ids, vectors: StoredVectors(vectors)) }

    init(file: MappedIndexFile) {
        ids = file.ids
        vectors = file.vectors
        codes = file.codes
        self.file = file
    }

    /// How many rows there are, the deleted ones included.
    var rowCount: Int { ids.count }

    /// How many rows count.
    var count: Int { rowCount - (deleted?.count ?? 0) }

    /// The id of a row; `checkIDs()` comes first.
    func id(_ row: Int) -> UInt64 { ids[row] }

    func checkIDs() throws(VectorIndexError) {
        try file?.checkIDs()
    }

    func check(rows: Range<Int>) throws(VectorIndexError) {
        try file?.check(rows: rows)
    }

    /// Makes sure that the codes of these rows are as they were written.
    func check(codesOf rows: Range<Int>) throws(VectorIndexError) {
        try file?.check(codesOf: rows)
    }

    func verify() throws(VectorIndexError) {
        try file?.verify()
    }

    // MARK: Rows

    /// The row of an id, where it counts. `checkIDs()` comes first.
    func row(of id: UInt64) -> Int? {
        let row = (0..<rowCount).firstPlace { ids[$0] >= id }
        guard row < rowCount, ids[row] == id, deleted?.contains(row) != true else { return nil }
        return row
    }

    /// Gives rows in memory the codes that a policy asks for. `metric` is what codes are made for.
    mutating func makeCodes(_ policy: CodePolicy, metric: Metric) {
        guard codes == nil, file == nil, policy.makesCodes(count: rowCount, dimension: vectors.dimension) else {
            return
        }
        codes = SegmentCodes(of: vectors, metric: metric)
    }

    /// The codes of rows that are in memory and all count: those that a file of them has.
    var codesToWrite: SegmentCodes? {
        file == nil && deleted == nil ? codes : nil
    }

    /// Marks a row as no longer counting.
    mutating func delete(row: Int) {
        if deleted == nil { deleted = PositionSet(capacity: rowCount) }
        deleted?.insert(row)
    }
}
