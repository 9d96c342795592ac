internal import Files
internal import VectorMath

/// Writes an index file from front to back, with the checksum of each page as it fills.
struct IndexFileWriter {
    private let layout: IndexFileLayout
    private let file: AtomicFile
    private let filling: [UInt8]
    private var position = 0
    /// The checksum of the page so far.
    private var checksum: UInt32 = 0
    private var table: [UInt8] = []

    init(path: String, layout: IndexFileLayout, force: Bool) throws(VectorIndexError) {
        self.layout = layout
        filling = [UInt8](repeating: 0, count: max(64, 4 * (layout.stride - layout.dimension)))
        file = try filing { () throws(FilesError) in try AtomicFile(replacing: path, force: force) }
        table.reserveCapacity(4 * layout.pageCount + 4)
        try append(layout.header)
    }

    mutating func append(_ bytes: [UInt8]) throws(VectorIndexError) {
        try bytes.withRawBytes { (bytes) throws(VectorIndexError) in try append(bytes) }
    }

    mutating func append(ids: [UInt64]) throws(VectorIndexError) {
        try ids.map(\.littleEndian).withUnsafeBufferPointer { (ids) throws(VectorIndexError) in
            try append(UnsafeRawBufferPointer(ids))
        }
    }

    /// Appends a row and what fills it up.
    mutating func append(row: Int, of vectors: MatrixView<Float>) throws(VectorIndexError) {
        try vectors.withUnsafePointer { base in
            Result { () throws(VectorIndexError) in
                try append(UnsafeRawBufferPointer(start: base + row * vectors.stride, count: 4 * layout.dimension))
            }
        }.get()
        try fill(4 * (layout.stride - layout.dimension))
    }

    mutating func append(blocks: MatrixView<UInt8>) throws(VectorIndexError) {
        try blocks.withUnsafePointer { base in
            Result { () throws(VectorIndexError) in
                try append(UnsafeRawBufferPointer(start: base, count: blocks.rows * blocks.stride))
            }
        }.get()
    }

    /// Fills up with 0 to an offset, less than 64 bytes away.
    mutating func fill(to offset: Int) throws(VectorIndexError) {
        try fill(offset - position)
    }

    /// Writes the table and gives the file its name.
    mutating func finish() throws(VectorIndexError) {
        precondition(
            position == layout.pagesOffset, "an index file of \(position) bytes instead of \(layout.pagesOffset)")
        if position % IndexFileLayout.pageSize != 0 { table.append(littleEndian: checksum) }
        table.append(littleEndian: table.withUnsafeBytes { crc32c($0) })
        try filing { () throws(FilesError) in
            try file.write(table)
            try file.commit()
        }
    }

    private mutating func fill(_ count: Int) throws(VectorIndexError) {
        try filling.withRawBytes { (bytes) throws(VectorIndexError) in
            try append(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
        }
    }

    private mutating func append(_ bytes: UnsafeRawBufferPointer) throws(VectorIndexError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let room = IndexFileLayout.pageSize - position % IndexFileLayout.pageSize
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
}

/// What `body` returns; what the disk says against it becomes this target's error.
func filing<Output: ~Copyable>(_ body: () throws(FilesError) -> Output) throws(VectorIndexError) -> Output {
    do throws(FilesError) { return try body() } catch { throw .file(error) }
}
