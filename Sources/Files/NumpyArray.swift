/// An array in a `.npy` file, mapped: versions 1.0 and 2.0, C order, little-endian.
///
/// Format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
public struct NumpyArray: Sendable {
    /// The file, which the numbers live in.
    public let file: MappedFile

    /// The type of the numbers.
    public let type: ElementType

    /// The sizes of the dimensions; `[]` for a single number.
    public let shape: [Int]

    /// Where the numbers begin in the file, in bytes.
    public let dataOffset: Int

    /// Opens an array. The whole header is checked against the file's size; other element types, Fortran order and other
    /// versions are refused by name.
    public static func open(_ path: String) throws(FilesError) -> NumpyArray {
        try NumpyArray(file: try MappedFile(path: path))
    }

    /// The first dimension; 1 for a single number.
    public var rows: Int { shape.first ?? 1 }

    /// The numbers of one row: the product of all dimensions but the first.
    public let columns: Int

    /// The first number, at whatever alignment the file gives it; valid while `file` lives.
    public var data: UnsafeRawPointer { file.baseAddress + dataOffset }

    /// Rows as floats, one after the other.
    public func floats(rows range: Range<Int>) -> [Float] {
        precondition(range.lowerBound >= 0 && range.upperBound <= rows, "rows \(range) of \(rows)")
        defer { withExtendedLifetime(file) {} }
        return type.floats(at: data + range.lowerBound * columns * type.size, count: range.count * columns)
    }

    /// All numbers as floats.
    public func floats() -> [Float] { floats(rows: 0..<rows) }

    private init(file: MappedFile) throws(FilesError) {
        let path = file.path
        func malformed(_ reason: String) -> FilesError { .malformed(path: path, line: nil, reason: reason) }

        let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)
        guard file.count >= 10 else { throw .truncated(path: path, expected: 10, found: file.count) }
        let start = UnsafeRawBufferPointer(start: file.baseAddress, count: file.count)
        guard start.starts(with: magic) else { throw malformed("not a .npy file: its first bytes are others") }
        let (major, minor) = (start[6], start[7])
        let headerStart: Int
        let headerCount: Int
        switch (major, minor) {
        case (1, 0):
            headerStart = 10
            headerCount = Int(UInt16(littleEndian: start.loadUnaligned(fromByteOffset: 8, as: UInt16.self)))
        case (2, 0):
            guard file.count >= 12 else { throw .truncated(path: path, expected: 12, found: file.count) }
            headerStart = 12
            headerCount = Int(UInt32(littleEndian: start.loadUnaligned(fromByteOffset: 8, as: UInt32.self)))
        default: throw malformed(".npy version \(major).\(minor) is not implemented, only 1.0 and 2.0")
        }
        let dataOffset = headerStart + headerCount
        guard dataOffset <= file.count else { throw .truncated(path: path, expected: dataOffset, found: file.count) }
        guard headerCount <= 1 << 16 else { throw .tooLarge(path: path, limit: 1 << 16, found: headerCount) }

        let header = try NumpyHeader(Array(start[headerStart..<dataOffset]), path: path)
        guard let type = ElementType.allCases.first(where: { header.accepts($0) }) else {
            throw malformed("element type '\(header.type)' is not implemented")
        }
        guard !header.isFortranOrder else { throw malformed("arrays in Fortran order are not implemented") }
        // The columns on their own, as no rows make any product nothing.
        guard let columns = Array(header.shape.dropFirst()).checkedProduct,
            let byteCount = (header.shape + [type.size]).checkedProduct
        else {
            throw malformed("its shape \(header.shape) is impossible")
        }
        let (end, overflow) = dataOffset.addingReportingOverflow(byteCount)
        guard !overflow, end <= file.count else {
            throw .truncated(path: path, expected: overflow ? .max : end, found: file.count)
        }
        guard end == file.count else {
            throw malformed("\(file.count - end) bytes more than its shape \(header.shape) needs")
        }
        (self.file, self.type, self.dataOffset) = (file, type, dataOffset)
        (shape, self.columns) = (header.shape, columns)
    }
}
