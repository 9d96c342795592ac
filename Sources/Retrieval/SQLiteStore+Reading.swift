public import Corpora
internal import Files
internal import Foundation
internal import GRDB

extension SQLiteStore {
    public func revision() throws(RetrievalError) -> CollectionRevision {
        try wrapping(path) { try database.read { try Self.revision($0, path: path) } }
    }

    public func count() throws(RetrievalError) -> Int {
        try wrapping(path) {
            try database.read { try Int.fetchOne($0, sql: "SELECT COUNT(*) FROM passages") ?? 0 }
        }
    }

    public func origin() throws(RetrievalError) -> (created: String, version: String) {
        try wrapping(path) {
            try database.read { database in
                func value(_ key: String) throws -> String {
                    try DatabaseValue.fetchOne(database, sql: "SELECT value FROM meta WHERE key = ?", arguments: [key])
                        .flatMap(String.fromDatabaseValue) ?? ""
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
                let statement = try database.cachedStatement(
                    sql: "SELECT \(PassageRow.columns) FROM passages WHERE number = ?")
                return try numbers.compactMap { number in
                    guard
                        let key = Int64(exactly: number),
                        let row = try Row.fetchOne(statement, arguments: [key])
                    else { return nil }
                    return (number, try decoded(row, from: 0, number: key).passage)
                }
            }
        }
    }

    public func passage(id: String) throws(RetrievalError) -> Passage? {
        try wrapping(path) {
            try database.read { database in
                let row = try Row.fetchOne(
                    database, sql: "SELECT number, \(PassageRow.columns) FROM passages WHERE id = CAST(? AS TEXT)",
                    arguments: [Data(id.utf8)])
                return try row.map { try decoded($0, from: 1, number: try number(of: $0)).passage }
            }
        }
    }

    public func forEach(
        _ body: (_ number: UInt64, _ passage: Passage, _ vector: [Float]) throws -> Void
    ) throws(RetrievalError) {
        try wrapping(path) {
            try database.read { database in
                let rows = try Row.fetchCursor(
                    database, sql: "SELECT number, \(PassageRow.columns) FROM passages ORDER BY number")
                while let row = try rows.next() {
                    let number = try number(of: row)
                    let content = try decoded(row, from: 1, number: number)
                    try body(UInt64(number), content.passage, VectorBytes.decode(content.vector))
                }
            }
        }
    }

    public func problems() throws(RetrievalError) -> [String] {
        try wrapping(path) {
            try database.read { database in
                var problems = try String.fetchAll(database, sql: "PRAGMA integrity_check").filter { $0 != "ok" }
                    .map { "\(path): \($0)" }
                // The rows are read even where the structure is damaged: what is left of them may matter.
                do {
                    let rows = try Row.fetchCursor(
                        database, sql: "SELECT number, \(PassageRow.columns) FROM passages ORDER BY number")
                    while let row = try rows.next() {
                        if let problem = problem(of: row) { problems.append(problem) }
                    }
                } catch let error as DatabaseError {
                    problems.append("\(path): \(error.message ?? "SQLite error \(error.resultCode.rawValue)")")
                }
                return problems
            }
        }
    }

    // MARK: Parts

    static func revision(_ database: Database, path: String) throws -> CollectionRevision {
        let row = try Row.fetchOne(
            try database.cachedStatement(
                sql: "SELECT generation, word FROM revisions ORDER BY generation DESC LIMIT 1"))
        guard let row, let generation = Int.fromDatabaseValue(row[0]), let word = String.fromDatabaseValue(row[1])
        else { throw RetrievalError.damaged(path: path, reason: "it does not say which state it is of") }
        return CollectionRevision(generation: generation, word: word)
    }

    /// The number that a row begins with.
    func number(of row: Row) throws -> Int64 {
        guard let number = Int64.fromDatabaseValue(row[0]), number >= 0 else {
            throw RetrievalError.damaged(path: path, reason: "a passage has no proper number")
        }
        return number
    }

    private func decoded(_ row: Row, from start: Int, number: Int64) throws -> PassageRow {
        try PassageRow(row, from: start, number: number, dimension: identity.dimension, path: path)
    }

    private func problem(of row: Row) -> String? {
        do {
            let number = try number(of: row)
            let vector = VectorBytes.decode(try decoded(row, from: 1, number: number).vector)
            if vector.allSatisfy(\.isFinite) { return nil }
            return "\(path): passage number \(number): its vector has a component that is not finite"
        } catch let error as RetrievalError {
            return error.description
        } catch {
            return "\(path): \(error)"
        }
    }
}
