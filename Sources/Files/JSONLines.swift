/// Reads JSON Lines: a document a line. Lines of white space alone are skipped, a carriage return before LF is tolerated.
///
/// - Parameters:
///   - body: Called for each document with the number of its line; what it throws is passed on.
/// - Throws: `FilesError` with path and line, or what `body` throws.
public func readJSONLines(
    _ path: String, lineLimit: Int = ReadLimit.jsonLine, _ body: (_ line: Int, _ value: JSONValue) throws -> Void
) throws {
    try readJSONLines(JSONValue.self, path: path, lineLimit: lineLimit, body)
}

/// Reads JSON Lines whose documents are of one type, one at a time.
///
/// - Throws: `FilesError` with path and line, or what `body` throws.
public func readJSONLines<T: Decodable>(
    _ type: T.Type, path: String, lineLimit: Int = ReadLimit.jsonLine,
    _ body: (_ line: Int, _ value: T) throws -> Void
) throws {
    var documents = try JSONLineIterator<T>(path: path, lineLimit: lineLimit)
    while let (line, value) = try documents.next() { try body(line, value) }
}

/// Reads JSON Lines whose documents are of one type.
public func decodeJSONLines<T: Decodable>(
    _ type: T.Type, path: String, lineLimit: Int = ReadLimit.jsonLine
) throws(FilesError) -> [T] {
    try decodeNumberedJSONLines(type, path: path, lineLimit: lineLimit).map(\.value)
}

/// Reads JSON Lines whose documents are of one type, each with the number of its line for later messages.
public func decodeNumberedJSONLines<T: Decodable>(
    _ type: T.Type, path: String, lineLimit: Int = ReadLimit.jsonLine
) throws(FilesError) -> [(line: Int, value: T)] {
    var documents = try JSONLineIterator<T>(path: path, lineLimit: lineLimit)
    var result: [(line: Int, value: T)] = []
    while let document = try documents.next() { result.append(document) }
    return result
}

private struct JSONLineIterator<T: Decodable> {
    private let path: String
    private let lineLimit: Int
    private var lines: LineReader.Iterator

    init(path: String, lineLimit: Int) throws(FilesError) {
        self.path = path
        self.lineLimit = lineLimit
        lines = try LineReader(path: path, carriageReturn: .stripped).makeIterator()
    }

    mutating func next() throws(FilesError) -> (line: Int, value: T)? {
        while let line = lines.next() {
            guard line.byteRange.count <= lineLimit else {
                throw .malformed(
                    path: path, line: line.number,
                    reason: "the line has \(line.byteRange.count) bytes, the limit is \(lineLimit)")
            }
            if let value = try decode(line) { return (line.number, value) }
        }
        return nil
    }

    private func decode(_ line: LineReader.Line) throws(FilesError) -> T? {
        defer { withExtendedLifetime(line.file) {} }
        let bytes = line.unsafeBytes
        let content = line.number == 1 ? UTF8Text.withoutByteOrderMark(bytes) : bytes
        guard !content.allSatisfy(isBlank) else { return nil }
        return try JSONReading(path: path, line: line.number).decode(T.self, content)
    }
}

private func isBlank(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
}
