/// Vectors in the files of the nearest-neighbour benchmarks: each row is its length as an int32, then its numbers.
///
/// `.fvecs` holds floats, `.bvecs` bytes, `.ivecs` int32 (http://corpus-texmex.irisa.fr). The file is mapped.
public struct VectorFile: Sendable {
    /// The file, which the numbers live in.
    public let file: MappedFile

    /// The type of the numbers.
    public let type: ElementType

    /// N, the vectors.
    public let rows: Int

    /// The numbers of each vector.
    public let columns: Int

    /// The distance from one row's numbers to the next row's, in bytes. Row `i` begins at `4 + i * rowStride`.
    public var rowStride: Int { 4 + columns * type.size }

    /// Opens a file; its name's ending says what it holds. Every row's length is checked. An empty file has no rows.
    public static func open(_ path: String) throws(FilesError) -> VectorFile {
        guard let type = type(forFileNamed: path) else {
            throw .malformed(path: path, line: nil, reason: "its name must end in .fvecs, .bvecs or .ivecs")
        }
        return try VectorFile(file: try MappedFile(path: path, access: .sequential), type: type)
    }

    /// What a file of this name holds; nil where its ending is none of the three.
    public static func type(forFileNamed path: String) -> ElementType? {
        switch FileSystem.fileExtension(of: path) {
        case "fvecs": .float32
        case "bvecs": .uint8
        case "ivecs": .int32
        default: nil
        }
    }

    /// The numbers of a row; valid while `file` lives.
    public func data(row: Int) -> UnsafeRawPointer {
        precondition(row >= 0 && row < rows, "row \(row) of \(rows)")
        return file.baseAddress + 4 + row * rowStride
    }

    /// Rows as floats, one after the other.
    public func floats(rows range: Range<Int>) -> [Float] {
        precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) of \(rows)")
        defer { withExtendedLifetime(file) {} }
        var result: [Float] = []
        result.reserveCapacity(range.count * columns)
        for row in range { result += type.floats(at: data(row: row), count: columns) }
        return result
    }

    /// Writes rows of floats as `.fvecs`; the file appears complete or not at all.
    ///
    /// - Parameter row: Gives the numbers of each row, in order.
    public static func writeFloats(
        to path: String, rows: Int, columns: Int, force: Bool = true, row: (Int) -> [Float]
    ) throws(FilesError) {
        guard columns > 0, let length = Int32(exactly: columns) else {
            throw .cannotEncode(path: path, reason: "rows of \(columns) numbers do not fit the format")
        }
        let file = try AtomicFile(replacing: path, force: force)
        for index in 0..<rows {
            let numbers = row(index)
            precondition(numbers.count == columns, "row \(index) has \(numbers.count) numbers, not \(columns)")
            try file.write([length.littleEndian])
            try file.write(numbers)
        }
        try file.commit()
    }

    private init(file: MappedFile, type: ElementType) throws(FilesError) {
        func malformed(_ reason: String) -> FilesError { .malformed(path: file.path, line: nil, reason: reason) }
        (self.file, self.type) = (file, type)
        guard file.count > 0 else {
            (rows, columns) = (0, 0)
            return
        }
        guard file.count >= 4 else { throw .truncated(path: file.path, expected: 4, found: file.count) }
        let length = VectorFile.length(in: file, at: 0)
        guard length > 0 else { throw malformed("row 0 claims \(length) numbers") }
        columns = Int(length)
        let stride = 4 + columns * type.size
        rows = file.count / stride
        guard file.count % stride == 0 else {
            throw .truncated(path: file.path, expected: (rows + 1) * stride, found: file.count)
        }
        for row in 1..<max(rows, 1) {
            let found = VectorFile.length(in: file, at: row * stride)
            guard found == length else { throw malformed("row \(row) has \(found) numbers, row 0 has \(length)") }
        }
    }

    private static func length(in file: MappedFile, at offset: Int) -> Int32 {
        Int32(littleEndian: file.baseAddress.loadUnaligned(fromByteOffset: offset, as: Int32.self))
    }
}
