internal import Files
internal import Synchronization
internal import VectorMath

/// An index file in memory, whose pages are checked when they are first touched.
///
/// Opening reads the header and the table of checksums, the first page for the tag, and how codes are made.
final class MappedIndexFile: @unchecked Sendable {
    let layout: IndexFileLayout
    let tag: [UInt8]
    /// How codes are made, where there are any.
    private let encoding: CodeEncoding?
    var path: String { file.path }

    private let file: PagedFile
    private let idsAreChecked = Atomic(false)

    init(path: String) throws(VectorIndexError) {
        let mapped = try filing { () throws(FilesError) in try MappedFile(path: path) }
        let bytes = UnsafeRawBufferPointer(start: mapped.baseAddress, count: mapped.count)
        layout = try IndexFileLayout(reading: bytes, path: path)
        tag = Array(bytes[PagedFile.headerSize..<PagedFile.headerSize + layout.tagSize])
        encoding = layout.hasCodes ? try CodeEncoding(reading: bytes, layout: layout, path: path) : nil
        file = try PagedFile(mapped, pagesOffset: layout.pagesOffset)
        try file.check(0..<layout.idsOffset)
        if layout.hasCodes { try file.check(layout.encodingOffset..<layout.blocksOffset) }
    }

    // MARK: Content

    /// Check the rows before they are read.
    var vectors: StoredVectors {
        StoredVectors(
            storage: layout.storage, dimension: layout.dimension, count: layout.count,
            base: file.base + layout.vectorsOffset, owner: self)
    }

    /// The rows' codes, where there are any; check the blocks before they are read.
    var codes: SegmentCodes? {
        guard let encoding else { return nil }
        let blocks = MatrixView(
            unsafeBase: (file.base + layout.blocksOffset).assumingMemoryBound(to: UInt8.self),
            rows: CodeEncoding.blockCount(layout.count), columns: encoding.blockSize, stride: encoding.blockSize,
            owner: self)
        return SegmentCodes(encoding: encoding, blocks: blocks)
    }

    /// The ids of the rows; `checkIDs()` comes first.
    var ids: IDTable {
        IDTable(
            base: (file.base + layout.idsOffset).assumingMemoryBound(to: UInt64.self), count: layout.count,
            owner: self)
    }

    // MARK: Checking

    /// Makes sure that the pages of these rows are as they were written.
    func check(rows: Range<Int>) throws(VectorIndexError) {
        try file.check(layout.bytes(ofRows: rows))
    }

    /// Makes sure that the pages of these rows' codes are as they were written.
    func check(codesOf rows: Range<Int>) throws(VectorIndexError) {
        try file.check(layout.bytes(ofCodes: rows))
    }

    /// Makes sure that the ids are as they were written and ascend.
    func checkIDs() throws(VectorIndexError) {
        if idsAreChecked.load(ordering: .acquiring) { return }
        try file.check(layout.idsOffset..<layout.idsOffset + 8 * layout.count)
        let ids = ids
        for row in 0..<max(0, layout.count - 1) where ids[row] >= ids[row + 1] {
            throw .damaged(path: path, reason: "its ids do not ascend at row \(row + 1)")
        }
        idsAreChecked.store(true, ordering: .releasing)
    }

    /// Reads everything anew, whatever was checked before.
    func verify() throws(VectorIndexError) {
        idsAreChecked.store(false, ordering: .relaxed)
        try file.checkAll()
        try checkIDs()
        try verifyVectors()
        try verifyCodes()
    }

    /// Makes the codes anew: a code of another vector would lose results without a word.
    private func verifyCodes() throws(VectorIndexError) {
        guard let codes else { return }
        let (vectors, size) = (vectors, codes.encoding.blockSize)
        let expected = codes.encoding.encode(count: layout.count, row: vectors.numbers)
        let differs = codes.blocks.withUnsafePointer { written in
            expected.withUnsafePointer { made in
                (0..<expected.rows).first { block in
                    let (a, b) = (written + block * size, made + block * size)
                    return !UnsafeBufferPointer(start: a, count: size).elementsEqual(
                        UnsafeBufferPointer(start: b, count: size))
                }
            }
        }
        if let block = differs {
            let first = block * CodeKernels.blockCount
            throw .damaged(path: path, reason: "the codes of rows from \(first) on are not those of their vectors")
        }
    }

    private func verifyVectors() throws(VectorIndexError) {
        for (row, squares) in vectors.squaresOfLengths().enumerated() {
            let isSound =
                layout.metric == .cosine
                ? squares == 0 || abs(squares - 1) < layout.storage.lengthSlack : squares <= VectorCheck.limit
            if !isSound {
                throw .damaged(path: path, reason: "the vector of id \(ids[row]) is none that an index keeps")
            }
        }
    }
}
