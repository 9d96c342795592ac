internal import Files

/// Writes a file of pages from front to back, with the checksum of each as it fills; it appears complete or not at all.
struct PagedFileWriter {
    private static let zeros = [UInt8](repeating: 0, count: 4096)

    private let file: AtomicFile
    private(set) var position = 0
    /// The checksum of the page so far.
    private var checksum: UInt32 = 0
    private var table: [UInt8] = []

    /// - Parameter force: Whether a file of that name may be replaced.
    init(path: String, force: Bool) throws(VectorIndexError) {
        file = try filing { () throws(FilesError) in try AtomicFile(replacing: path, force: force) }
    }

    mutating func append(_ bytes: [UInt8]) throws(VectorIndexError) {
        try bytes.withRawBytes { (bytes) throws(VectorIndexError) in try append(bytes) }
    }

    mutating func append<Number: BitwiseCopyable>(numbers: [Number]) throws(VectorIndexError) {
        try numbers.withUnsafeBufferPointer { (numbers) throws(VectorIndexError) in
            try append(UnsafeRawBufferPointer(numbers))
        }
    }

    /// Fills up with 0.
    mutating func fill(_ count: Int) throws(VectorIndexError) {
        var rest = count
        while rest > 0 {
            let part = min(rest, Self.zeros.count)
            try Self.zeros.withRawBytes { (zeros) throws(VectorIndexError) in
                try append(UnsafeRawBufferPointer(rebasing: zeros[..<part]))
            }
            rest -= part
        }
    }

    mutating func append(_ bytes: UnsafeRawBufferPointer) throws(VectorIndexError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let room = PagedFile.pageSize - position % PagedFile.pageSize
            let part = UnsafeRawBufferPointer(rebasing: rest.prefix(room))
            checksum = crc32c(part, seed: checksum)
            try filing { () throws(FilesError) in try file.write(part) }
            position += part.count
            if part.count == room {
                table.append(littleEndian: checksum)
                checksum = 0
            }
            rest = rest.dropFirst(part.count)
        }
    }

    /// Writes the table and gives the file its name.
    ///
    /// - Parameter pagesOffset: Where the pages have to end.
    mutating func finish(pagesOffset: Int) throws(VectorIndexError) {
        precondition(position == pagesOffset, "an index file of \(position) bytes instead of \(pagesOffset)")
        if position % PagedFile.pageSize != 0 { table.append(littleEndian: checksum) }
        table.append(littleEndian: table.withUnsafeBytes { crc32c($0) })
        try filing { () throws(FilesError) in
            try file.write(table)
            try file.commit()
        }
    }
}

/// What `body` returns; what the disk says against it becomes this target's error.
func filing<Output: ~Copyable>(_ body: () throws(FilesError) -> Output) throws(VectorIndexError) -> Output {
    do throws(FilesError) { return try body() } catch { throw .file(error) }
}

/// Keeps other writers, of this process or another, from the index at a path.
func lockIndex(_ path: String) throws(VectorIndexError) -> FileLock {
    try filing { () throws(FilesError) in try FileLock(path: path + ".lock") }
}
