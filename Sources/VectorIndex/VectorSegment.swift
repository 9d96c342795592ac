internal import VectorMath

/// Rows with ascending ids, which never change, in memory or in a mapped file; and which of them still count.
struct VectorSegment: Sendable {
    private enum Storage: Sendable {
        case memory(ids: [UInt64], vectors: Matrix<Float>)
        case mapped(MappedIndexFile)
    }

    private let storage: Storage
    /// How many rows there are, the deleted ones included.
    let rowCount: Int
    /// Rows that were deleted, or replaced in a later segment.
    private(set) var deleted: PositionSet?
    /// The rows' codes, where the segment has any.
    private(set) var codes: SegmentCodes?

    /// - Parameter ids: Ascending, as many as `vectors` has rows.
    init(ids: [UInt64], vectors: Matrix<Float>) {
        precondition(ids.count == vectors.rows)
        storage = .memory(ids: ids, vectors: vectors)
        rowCount = ids.count
    }

    init(file: MappedIndexFile) {
        storage = .mapped(file)
        rowCount = file.layout.count
        codes = file.codes
    }

    /// How many rows count.
    var count: Int { rowCount - (deleted?.count ?? 0) }

    /// `[N, D]`; of a file, only rows that `check(rows:)` let pass are to be read.
    var vectors: MatrixView<Float> {
        switch storage {
        case .memory(_, let vectors): vectors.view
        case .mapped(let file): file.vectors
        }
    }

    /// The id of a row; `checkIDs()` comes first.
    func id(_ row: Int) -> UInt64 {
        switch storage {
        case .memory(let ids, _): ids[row]
        case .mapped(let file): file.id(row)
        }
    }

    func checkIDs() throws(VectorIndexError) {
        if case .mapped(let file) = storage { try file.checkIDs() }
    }

    func check(rows: Range<Int>) throws(VectorIndexError) {
        if case .mapped(let file) = storage { try file.check(rows: rows) }
    }

    /// Makes sure that the codes of these rows are as they were written.
    func check(codesOf rows: Range<Int>) throws(VectorIndexError) {
        if case .mapped(let file) = storage { try file.check(codesOf: rows) }
    }

    func verify() throws(VectorIndexError) {
        if case .mapped(let file) = storage { try file.verify() }
    }

    // MARK: Rows

    /// The row of an id, where it counts. `checkIDs()` comes first.
    func row(of id: UInt64) -> Int? {
        let row = firstRow { $0 >= id }
        guard row < rowCount, self.id(row) == id, deleted?.contains(row) != true else { return nil }
        return row
    }

    /// The first row from `start` on whose id fulfils a condition that, once true, stays true.
    private func firstRow(from start: Int = 0, where condition: (UInt64) -> Bool) -> Int {
        (start..<rowCount).firstPlace { condition(id($0)) }
    }

    /// The rows that count and whose ids are candidates; nil where all rows are. `checkIDs()` comes first.
    func rows(among candidates: CandidateSet?) -> PositionSet? {
        guard let candidates else { return deleted?.complement }
        var rows = PositionSet(capacity: rowCount)
        var start = 0
        for group in candidates.groups {
            start = firstRow(from: start) { $0 >> 16 >= group.key }
            let end = firstRow(from: start) { $0 >> 16 > group.key }
            if group.members.count > end - start {
                for row in start..<end where group.members.contains(UInt16(truncatingIfNeeded: id(row))) {
                    rows.insert(row)
                }
            } else {
                for value in group.members.values {
                    let id = group.key << 16 | UInt64(value)
                    start = (start..<end).firstPlace { self.id($0) >= id }
                    if start < end, self.id(start) == id { rows.insert(start) }
                }
            }
            start = end
        }
        guard let deleted else { return rows }
        for run in deleted.runs(in: 0..<rowCount) {
            for row in run { rows.remove(row) }
        }
        return rows
    }

    /// Gives rows in memory the codes that a policy asks for.
    mutating func makeCodes(_ policy: CodePolicy, metric: Metric) {
        guard codes == nil, case .memory(_, let vectors) = storage,
            policy.makesCodes(count: rowCount, dimension: vectors.columns)
        else { return }
        codes = SegmentCodes(of: vectors, metric: metric)
    }

    /// The codes of rows that are in memory and all count: those that a file of them has.
    var codesToWrite: SegmentCodes? {
        guard case .memory = storage, deleted == nil else { return nil }
        return codes
    }

    /// Marks a row as no longer counting.
    mutating func delete(row: Int) {
        if deleted == nil { deleted = PositionSet(capacity: rowCount) }
        deleted?.insert(row)
    }
}
