internal import VectorMath

/// Writes an index file from front to back.
struct IndexFileWriter {
    private let layout: IndexFileLayout
    private var file: PagedFileWriter

    init(path: String, layout: IndexFileLayout, force: Bool) throws(VectorIndexError) {
        self.layout = layout
        file = try PagedFileWriter(path: path, force: force)
        try file.append(layout.header)
    }

    mutating func append(_ bytes: [UInt8]) throws(VectorIndexError) { try file.append(bytes) }

    mutating func append(ids: [UInt64]) throws(VectorIndexError) { try file.append(numbers: ids.map(\.littleEndian)) }

    /// Appends a row and what fills it up.
    mutating func append(row: Int, of vectors: StoredVectors) throws(VectorIndexError) {
        let bytes = vectors.bytes(row)
        try file.append(bytes)
        if layout.rowSize > bytes.count { try file.fill(layout.rowSize - bytes.count) }
    }

    mutating func append(blocks: MatrixView<UInt8>) throws(VectorIndexError) {
        try blocks.withUnsafePointer { base in
            Result { () throws(VectorIndexError) in
                try file.append(UnsafeRawBufferPointer(start: base, count: blocks.rows * blocks.stride))
            }
        }.get()
    }

    /// Fills up with 0 to an offset.
    mutating func fill(to offset: Int) throws(VectorIndexError) { try file.fill(offset - file.position) }

    /// Writes the table and gives the file its name.
    mutating func finish() throws(VectorIndexError) { try file.finish(pagesOffset: layout.pagesOffset) }
}
