public import Corpora
internal import Files
internal import Foundation
internal import GRDB
public import VectorMath

extension SQLiteStore {
    public func generation() throws(RetrievalError) -> Int {
        try wrapping(path) { try database.read(Self.generation) }
    }

    public func count() throws(RetrievalError) -> Int {
        try wrapping(path) {
            try database.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM passages") ?? 0 }
        }
    }

    /// When the collection was made, and by which version.
    public func origin() throws(RetrievalError) -> (created: String, version: String) {
        try wrapping(path) {
            try database.read { database in
                func value(_ key: String) throws -> String {
                    try String.fetchOne(database, sql: "SELECT value FROM meta WHERE key = ?", arguments: [key]) ?? ""
                }
                return (try value("created"), try value("version"))
            }
        }
    }

    public func passages(
        numbers: [UInt64]
    ) throws(RetrievalError) -> [(number: UInt64, passage: Passage)] {
        try wrapping(path) {
            try database.read { database in
                let statement = try database.makeStatement(
                    sql: #"SELECT id, title, text, source, start, "end", metadata FROM passages WHERE number = ?"#)
                return try numbers.compactMap { number in
                    guard
                        let key = Int64(exactly: number),
                        let row = try Row.fetchOne(statement, arguments: [key])
                    else { return nil }
                    return (number, try passage(of: row))
                }
            }
        }
    }

    public func vectors() throws(RetrievalError) -> (generation: Int, numbers: [UInt64], vectors: Matrix<Float>) {
        try wrapping(path) {
            try database.read { database in
                let count = try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM passages") ?? 0
                var vectors = Matrix<Float>(rows: count, columns: identity.dimension)
                var numbers: [UInt64] = []
                let rows = try Row.fetchCursor(database, sql: "SELECT number, vector FROM passages ORDER BY number")
                while let row = try rows.next() {
                    let number: Int64 = row[0]
                    let bytes: Data = row[1]
                    guard let vector = VectorBytes.decode(bytes, dimension: identity.dimension) else {
                        throw RetrievalError.database(
                            path: path,
                            reason:
                                "the vector of passage \(number) has \(bytes.count) bytes, not \(4 * identity.dimension)"
                        )
                    }
                    vectors.setRow(numbers.count, to: vector)
                    numbers.append(UInt64(number))
                }
                return (try Self.generation(database), numbers, vectors)
            }
        }
    }

    public func problems() throws(RetrievalError) -> [String] {
        try wrapping(path) {
            try database.read { database in
                var problems = try String.fetchAll(database, sql: "PRAGMA integrity_check").filter { $0 != "ok" }
                let rows = try Row.fetchCursor(database, sql: "SELECT id, vector FROM passages ORDER BY number")
                while let row = try rows.next() {
                    let (id, bytes): (String, Data) = (row[0], row[1])
                    guard let vector = VectorBytes.decode(bytes, dimension: identity.dimension) else {
                        problems.append(
                            "passage '\(id)': \(bytes.count) bytes of vector, not \(4 * identity.dimension)")
                        continue
                    }
                    if vector.contains(where: { !$0.isFinite }) {
                        problems.append("passage '\(id)': the vector has a component that is not finite")
                    }
                }
                return problems.map { "\(path): \($0)" }
            }
        }
    }

    private static func generation(_ database: Database) throws -> Int {
        try Int.fetchOne(database, sql: "SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'generation'") ?? 0
    }

    private func passage(of row: Row) throws -> Passage {
        let metadata: String = row["metadata"]
        let value = try JSONValue.parse(Array(metadata.utf8), path: path)
        let (start, end): (Int?, Int?) = (row["start"], row["end"])
        let range = start.flatMap { start in end.flatMap { end in start <= end ? start..<end : nil } }
        return Passage(
            id: row["id"], title: row["title"], text: row["text"], source: row["source"], byteRange: range,
            metadata: value.objectValue ?? [:])
    }
}
