/// A table of texts as CSV and TSV files hold it.
public struct DelimitedTable: Sendable, Equatable {
    /// One record.
    public struct Row: Sendable, Equatable {
        /// The line that the record begins on, from 1.
        public let line: Int

        /// The texts of the columns, as many as every other record has.
        public let fields: [String]
    }

    /// The names of the columns; empty where the file was read without a header.
    public let header: [String]

    /// The records after the header, in the order of the file.
    public let rows: [Row]

    /// Where a column of this name stands.
    public func column(named name: String) -> Int? { header.firstIndex(of: name) }
}

/// Reads comma-separated values as RFC 4180 has them: fields in double quotes may hold commas, line ends and doubled quotes.
///
/// Records end with LF or CR LF; empty lines between records are skipped. Every record must have as many fields as the first.
public func readCSV(_ path: String, hasHeader: Bool = true) throws(FilesError) -> DelimitedTable {
    let file = try MappedFile(path: path, access: .sequential)
    return try file.withUnsafeBytes { (bytes) throws(FilesError) in
        var parser = CSVParser(path: path, bytes: UTF8Text.withoutByteOrderMark(bytes))
        return try makeTable(try parser.records(), path: path, hasHeader: hasHeader)
    }
}

/// Reads tab-separated values: a line a record, no quoting, so that a quote is an ordinary character.
///
/// Lines end with LF, a carriage return before it is dropped. Every record must have as many fields as the first.
public func readTSV(_ path: String, hasHeader: Bool = true) throws(FilesError) -> DelimitedTable {
    var records: [DelimitedTable.Row] = []
    for line in try LineReader(path: path, carriageReturn: .stripped) where !line.isEmpty {
        let fields = try line.withUnsafeBytes { (bytes) throws(FilesError) -> [String] in
            let content = line.number == 1 ? UTF8Text.withoutByteOrderMark(bytes) : bytes
            let text = try UTF8Text.decode(content, path: path, line: line.number)
            return text.utf8.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false).map { String($0)! }
        }
        records.append(.init(line: line.number, fields: fields))
    }
    return try makeTable(records, path: path, hasHeader: hasHeader)
}

private func makeTable(
    _ records: [DelimitedTable.Row], path: String, hasHeader: Bool
) throws(FilesError) -> DelimitedTable {
    guard let first = records.first else {
        guard !hasHeader else { throw .malformed(path: path, line: nil, reason: "empty, a header line expected") }
        return DelimitedTable(header: [], rows: [])
    }
    for record in records where record.fields.count != first.fields.count {
        throw .malformed(
            path: path, line: record.line,
            reason: "\(first.fields.count) fields expected, as on line \(first.line), \(record.fields.count) found")
    }
    guard hasHeader else { return DelimitedTable(header: [], rows: records) }
    return DelimitedTable(header: first.fields, rows: Array(records.dropFirst()))
}

private struct CSVParser {
    private let path: String
    private let bytes: UnsafeRawBufferPointer
    private var position = 0
    private var line = 1

    private static let quote = UInt8(ascii: "\"")
    private static let comma = UInt8(ascii: ",")
    private static let newline = UInt8(ascii: "\n")

    init(path: String, bytes: UnsafeRawBufferPointer) {
        (self.path, self.bytes) = (path, bytes)
    }

    mutating func records() throws(FilesError) -> [DelimitedTable.Row] {
        var records: [DelimitedTable.Row] = []
        while position < bytes.count {
            let (start, startLine) = (position, line)
            var fields = [try field()]
            while position < bytes.count, bytes[position] == CSVParser.comma {
                position += 1
                fields.append(try field())
            }
            let isBlank = fields == [""] && bytes[start] != CSVParser.quote
            skipLineEnd()
            if !isBlank { records.append(.init(line: startLine, fields: fields)) }
        }
        return records
    }

    /// One field; afterwards the position is at a comma, at a line end or at the end.
    private mutating func field() throws(FilesError) -> String {
        guard position < bytes.count, bytes[position] == CSVParser.quote else {
            let start = position
            while position < bytes.count, bytes[position] != CSVParser.comma, !isAtLineEnd { position += 1 }
            return try UTF8Text.decode(
                UnsafeRawBufferPointer(rebasing: bytes[start..<position]), path: path, line: line)
        }
        return try quotedField()
    }

    private mutating func quotedField() throws(FilesError) -> String {
        let startLine = line
        var content: [UInt8] = []
        position += 1
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            if byte == CSVParser.newline { line += 1 }
            if byte != CSVParser.quote {
                content.append(byte)
            } else if position < bytes.count, bytes[position] == CSVParser.quote {
                content.append(byte)
                position += 1
            } else {
                guard position == bytes.count || bytes[position] == CSVParser.comma || isAtLineEnd else {
                    throw .malformed(path: path, line: line, reason: "text after the closing quote of a field")
                }
                return try content.withRawBytes { (content) throws(FilesError) in
                    try UTF8Text.decode(content, path: path, line: startLine)
                }
            }
        }
        throw .malformed(path: path, line: startLine, reason: "the quote that opens a field here is never closed")
    }

    private var isAtLineEnd: Bool {
        let byte = bytes[position]
        if byte == CSVParser.newline { return true }
        guard byte == UInt8(ascii: "\r") else { return false }
        return position + 1 == bytes.count || bytes[position + 1] == CSVParser.newline
    }

    private mutating func skipLineEnd() {
        guard position < bytes.count else { return }
        if bytes[position] == UInt8(ascii: "\r") { position += 1 }
        guard position < bytes.count, bytes[position] == CSVParser.newline else { return }
        position += 1
        line += 1
    }
}
