public import Corpora
internal import Files
internal import Foundation
internal import GRDB
public import VectorMath

extension SQLiteStore {
    public func add(_ passages: [Passage], vectors: MatrixView<Float>) throws(RetrievalError) {
        guard passages.count == vectors.rows else {
            throw .countMismatch(passages: passages.count, vectors: vectors.rows)
        }
        try refuseDuplicates(passages)
        try wrapping(path) {
            try database.write { database in
                let statement = try database.makeStatement(
                    sql: """
                        INSERT OR REPLACE INTO passages (id, title, text, source, start, "end", metadata, vector)
                        VALUES (?, ?, ?, ?, ?, ?, ?, ?)
                        """)
                for (row, passage) in passages.enumerated() {
                    try statement.execute(arguments: [
                        passage.id, passage.title, passage.text, passage.source, passage.byteRange?.lowerBound,
                        passage.byteRange?.upperBound, JSONValue.object(passage.metadata).serialized(),
                        VectorBytes.encode(vectors.row(row)),
                    ])
                }
                try Self.raiseGeneration(database)
            }
        }
    }

    public func delete(ids: [String]) throws(RetrievalError) -> Int {
        try wrapping(path) {
            try database.write { database in
                let statement = try database.makeStatement(sql: "DELETE FROM passages WHERE id = ?")
                var count = 0
                for id in ids {
                    try statement.execute(arguments: [id])
                    count += database.changesCount
                }
                if count > 0 { try Self.raiseGeneration(database) }
                return count
            }
        }
    }

    private static func raiseGeneration(_ database: Database) throws {
        try database.execute(sql: "UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = 'generation'")
    }

    private func refuseDuplicates(_ passages: [Passage]) throws(RetrievalError) {
        var seen = Set<String>(minimumCapacity: passages.count)
        for passage in passages where !seen.insert(passage.id).inserted {
            throw .duplicatePassage(id: passage.id)
        }
    }
}

/// A vector as the database keeps it: float32, little-endian.
enum VectorBytes {
    static func encode(_ vector: [Float]) -> Data {
        var bytes = Data(capacity: vector.count * 4)
        for value in vector {
            withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
        }
        return bytes
    }

    /// The vector of so many bytes as its dimension says; nil otherwise.
    static func decode(_ bytes: Data, dimension: Int) -> [Float]? {
        guard bytes.count == dimension * 4 else { return nil }
        return bytes.withUnsafeBytes { raw in
            (0..<dimension).map { index in
                Float(bitPattern: UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self)))
            }
        }
    }
}
