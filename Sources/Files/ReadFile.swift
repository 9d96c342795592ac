/// How much is read into memory at once unless a caller says otherwise.
public enum ReadLimit {
    /// Bytes of a file that is read as a whole.
    public static let file = 1 << 32

    /// Bytes of one JSON document.
    public static let json = 1 << 28

    /// Bytes of one line of JSON Lines.
    public static let jsonLine = 1 << 26

    /// How deep arrays and objects may stand in one another.
    public static let jsonDepth = 128
}

/// The bytes of a file.
///
/// - Parameter limit: The most that is read, in bytes; a larger file is `tooLarge`.
public func readFile(_ path: String, limit: Int = ReadLimit.file) throws(FilesError) -> [UInt8] {
    let file = try MappedFile(path: path, access: .sequential)
    guard file.count <= limit else { throw .tooLarge(path: path, limit: limit, found: file.count) }
    return file.withUnsafeBytes { Array($0) }
}

/// The text of a file, which must be UTF-8; a byte order mark at its start is dropped.
public func readText(_ path: String, limit: Int = ReadLimit.file) throws(FilesError) -> String {
    let bytes = try readFile(path, limit: limit)
    return try bytes.withRawBytes { (bytes) throws(FilesError) in
        try UTF8Text.decode(UTF8Text.withoutByteOrderMark(bytes), path: path, line: nil)
    }
}

enum UTF8Text {
    static func withoutByteOrderMark(_ bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? UnsafeRawBufferPointer(rebasing: bytes[3...]) : bytes
    }

    static func decode(_ bytes: UnsafeRawBufferPointer, path: String, line: Int?) throws(FilesError) -> String {
        if let text = String(validating: bytes, as: UTF8.self) { return text }
        try validate(bytes, path: path, line: line)
        throw .malformed(path: path, line: line, reason: "invalid UTF-8")
    }

    /// Throws with the place of the first byte that is not UTF-8.
    static func validate(_ bytes: UnsafeRawBufferPointer, path: String, line: Int?) throws(FilesError) {
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: Span<UInt8>(_bytes: bytes.bytes))
        } catch {
            let byte = String(bytes[error.byteOffsets.lowerBound], radix: 16)
            let place =
                line == nil
                ? "byte \(error.byteOffsets.lowerBound)" : "byte \(error.byteOffsets.lowerBound) of the line"
            throw .malformed(path: path, line: line, reason: "invalid UTF-8 (0x\(byte) at \(place))")
        }
    }
}
