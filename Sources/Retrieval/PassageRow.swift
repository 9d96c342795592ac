internal import Corpora
internal import Files
internal import Foundation
internal import GRDB

/// A passage and its vector as a row of the database, with the checksum that SQLite lacks.
///
/// Texts travel as bytes: SQLite's own strings end at the first NUL.
struct PassageRow {
    var passage: Passage
    /// float32, little-endian.
    var vector: [UInt8]

    static let columns = """
        CAST(id AS BLOB), CAST(title AS BLOB), CAST(text AS BLOB), CAST(source AS BLOB), start, "end", \
        CAST(metadata AS BLOB), vector, checksum
        """

    static let insertion = """
        INSERT OR REPLACE INTO passages (id, title, text, source, start, "end", metadata, vector, checksum)
        VALUES (CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), CAST(? AS TEXT), ?, ?, CAST(? AS TEXT), ?, ?)
        """

    var arguments: StatementArguments {
        let metadata = metadataText
        return [
            Data(passage.id.utf8), Data(passage.title.utf8), Data(passage.text.utf8),
            passage.source.map { Data($0.utf8) }, passage.byteRange?.lowerBound, passage.byteRange?.upperBound,
            Data(metadata.utf8), Data(vector), Int64(checksum(metadata: Array(metadata.utf8))),
        ]
    }

    init(_ passage: Passage, vector: [Float]) {
        self.passage = passage
        self.vector = VectorBytes.encode(vector)
    }

    /// Reads a row of `columns` that begins at a place of a result's row, and holds it against its checksum.
    init(_ row: Row, from start: Int, number: Int64, dimension: Int, path: String) throws {
        func bytes(_ column: Int) -> [UInt8]? {
            Data.fromDatabaseValue(row[start + column]).map { Array($0) }
        }
        func damaged(_ reason: String) -> RetrievalError {
            .damaged(path: path, reason: "passage number \(number): \(reason)")
        }
        guard let id = bytes(0), let title = bytes(1), let text = bytes(2), let metadata = bytes(6),
            let vector = bytes(7), let checksum = Int64.fromDatabaseValue(row[start + 8])
        else { throw damaged("a column is missing or of another type") }
        guard vector.count == 4 * dimension else {
            throw damaged("its vector has \(vector.count) bytes instead of \(4 * dimension)")
        }
        let limits = (Int.fromDatabaseValue(row[start + 4]), Int.fromDatabaseValue(row[start + 5]))
        var range: Range<Int>?
        if case (let low?, let high?) = limits {
            guard low >= 0, low <= high else { throw damaged("\(low)..<\(high) is no range of bytes") }
            range = low..<high
        }
        guard let idText = String(validating: id, as: UTF8.self),
            let titleText = String(validating: title, as: UTF8.self),
            let bodyText = String(validating: text, as: UTF8.self)
        else { throw damaged("a text is not UTF-8") }
        let source = bytes(3).map { String(decoding: $0, as: UTF8.self) }
        // Most passages have none, and a search reads ten.
        let parsed = metadata == Array("{}".utf8) ? [:] : try JSONValue.parse(metadata, path: path)
        passage = Passage(
            id: idText, title: titleText, text: bodyText, source: source, byteRange: range,
            metadata: parsed.objectValue ?? [:])
        self.vector = vector
        guard Int64(self.checksum(metadata: metadata)) == checksum else {
            throw damaged("its content does not agree with its checksum")
        }
    }

    private var metadataText: String { JSONValue.object(passage.metadata).serialized() }

    /// CRC-32C over all columns, each with its length in front; an absent one has the length -1.
    private func checksum(metadata: [UInt8]) -> UInt32 {
        var checksum: UInt32 = 0
        func add(_ bytes: [UInt8]?) {
            withUnsafeBytes(of: Int64(bytes?.count ?? -1).littleEndian) { checksum = crc32c($0, seed: checksum) }
            bytes?.withUnsafeBytes { checksum = crc32c($0, seed: checksum) }
        }
        for text in [passage.id, passage.title, passage.text] { add(Array(text.utf8)) }
        add(passage.source.map { Array($0.utf8) })
        add(passage.byteRange.map { Array("\($0.lowerBound)..<\($0.upperBound)".utf8) })
        add(metadata)
        add(vector)
        return checksum
    }
}

/// A vector as the database keeps it: float32, little-endian.
enum VectorBytes {
    static func encode(_ vector: [Float]) -> [UInt8] {
        vector.map(\.bitPattern.littleEndian).withUnsafeBytes { Array($0) }
    }

    static func decode(_ bytes: [UInt8]) -> [Float] {
        bytes.withUnsafeBytes { raw in
            (0..<bytes.count / 4).map {
                Float(bitPattern: UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self)))
            }
        }
    }
}
