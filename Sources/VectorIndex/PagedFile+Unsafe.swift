internal import Files
internal import Synchronization
internal import VectorMath

/// A mapped file of pages whose checksums stand in a table at its end; a page is checked when it is first touched.
final class PagedFile: @unchecked Sendable {
    static let pageSize = 65536
    /// 1 << pageShift is the size of a page.
    static let pageShift = 16

    /// All bytes, valid as long as this object lives.
    let bytes: UnsafeRawBufferPointer
    var base: UnsafeRawPointer { file.baseAddress }
    /// Where the table begins: pages end there.
    let pagesOffset: Int
    var path: String { file.path }
    var pageCount: Int { (pagesOffset + Self.pageSize - 1) / Self.pageSize }

    private let file: MappedFile
    /// A bit for each page that was found intact.
    private let checked: UnsafeMutablePointer<Atomic<UInt64>>
    private let checkedCount: Int

    /// - Parameter pagesOffset: From the header, which was held against the file's size: the table is the rest of the file.
    init(_ file: MappedFile, pagesOffset: Int) throws(VectorIndexError) {
        self.file = file
        self.pagesOffset = pagesOffset
        bytes = UnsafeRawBufferPointer(start: file.baseAddress, count: file.count)
        checkedCount = (pagesOffset >> Self.pageShift) / 64 + 1
        checked = .allocate(capacity: checkedCount)
        for index in 0..<checkedCount { (checked + index).initialize(to: Atomic(0)) }
        let end = pagesOffset + Self.tableSize(pagesOffset: pagesOffset)
        precondition(end == bytes.count, "a file of \(bytes.count) bytes whose table ends at \(end)")
        let table = UnsafeRawBufferPointer(rebasing: bytes[pagesOffset..<end - 4])
        guard crc32c(table) == bytes.littleEndian(UInt32.self, at: end - 4) else {
            throw .damaged(path: file.path, reason: "the checksum of its page table is wrong")
        }
    }

    deinit {
        checked.deinitialize(count: checkedCount)
        checked.deallocate()
    }

    /// The bytes of the table of the pages before it, and of its own checksum.
    static func tableSize(pagesOffset: Int) -> Int { 4 * ((pagesOffset + pageSize - 1) / pageSize) + 4 }

    /// A word for 64 pages, bits of those that were found intact: others set more of them at any time.
    var checkedWords: UnsafeRawPointer { UnsafeRawPointer(checked) }

    /// Makes sure that the pages of these bytes are as they were written.
    func check(_ range: Range<Int>) throws(VectorIndexError) {
        guard !range.isEmpty else { return }
        for page in range.lowerBound >> Self.pageShift...(range.upperBound - 1) >> Self.pageShift
        where checked[page >> 6].load(ordering: .relaxed) >> UInt64(page & 63) & 1 == 0 {
            try check(page: page)
        }
    }

    /// Checks every page anew, whatever was checked before.
    func checkAll() throws(VectorIndexError) {
        for index in 0..<checkedCount { checked[index].store(0, ordering: .relaxed) }
        _ = try parallelMap(pageCount, throwing: { (page) throws(VectorIndexError) in try check(page: page) })
    }

    private func check(page: Int) throws(VectorIndexError) {
        let range = page << Self.pageShift..<min((page + 1) << Self.pageShift, pagesOffset)
        let recorded = bytes.littleEndian(UInt32.self, at: pagesOffset + 4 * page)
        guard crc32c(UnsafeRawBufferPointer(rebasing: bytes[range])) == recorded else {
            throw .damaged(
                path: path, reason: "the checksum of bytes \(range.lowerBound)..<\(range.upperBound) is wrong")
        }
        checked[page >> 6].bitwiseOr(1 << UInt64(page & 63), ordering: .relaxed)
    }
}

extension PagedFile {
    /// The bytes of a header: it begins with 8 letters and ends with the CRC-32C of the bytes before.
    static let headerSize = 64

    /// The header of a file, where it has the letters and the right checksum.
    static func header(
        of bytes: UnsafeRawBufferPointer, letters: [UInt8], path: String
    ) throws(VectorIndexError) -> UnsafeRawBufferPointer {
        guard bytes.count >= letters.count, bytes.prefix(letters.count).elementsEqual(letters) else {
            throw .notAnIndex(path: path)
        }
        guard bytes.count >= headerSize else {
            throw .wrongSize(path: path, expected: headerSize, found: bytes.count)
        }
        let header = UnsafeRawBufferPointer(rebasing: bytes[..<headerSize])
        let end = headerSize - 4
        guard crc32c(UnsafeRawBufferPointer(rebasing: header[..<end])) == header.littleEndian(UInt32.self, at: end)
        else {
            throw .damaged(path: path, reason: "the checksum of its header is wrong")
        }
        return header
    }
}

extension PagedFile {
    /// Makes sure that a table of ids is as it was written, ascends, and says of each where it is: a number below `ownerEnd`.
    func checkTable(
        ids: Range<Int>, owners: Range<Int>, ownerEnd: Int, otherwise: String
    ) throws(VectorIndexError) {
        try check(ids.lowerBound..<owners.upperBound)
        var last: UInt64?
        for index in 0..<ids.count / 8 {
            let id = bytes.littleEndian(UInt64.self, at: ids.lowerBound + 8 * index)
            guard last.map({ $0 < id }) ?? true else {
                throw .damaged(path: path, reason: "its ids do not ascend at id \(id)")
            }
            guard bytes.littleEndian(UInt32.self, at: owners.lowerBound + 4 * index) < ownerEnd else {
                throw .damaged(path: path, reason: "id \(id) is \(otherwise)")
            }
            last = id
        }
    }
}
