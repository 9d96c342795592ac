internal import Foundation
internal import GRDB
internal import VectorMath

extension SQLiteStore {
    /// Vectors that are handed to an index at once.
    private static let batchSize = 4096

    public func changes(
        since revision: CollectionRevision?, known: [UInt64], apply: (StoreChange) throws -> Void
    ) throws(RetrievalError) -> CollectionRevision {
        try wrapping(path) {
            try database.read { database in
                let current = try Self.revision(database, path: path)
                if let revision, revision == current { return current }
                var known = known
                if try !isPast(revision, database) {
                    known = []
                    try apply(.reset)
                }
                let numbers = try numbers(database)
                let (gone, new) = Self.difference(known, numbers)
                if !gone.isEmpty { try apply(.delete(gone)) }
                for start in stride(from: 0, to: new.count, by: Self.batchSize) {
                    let batch = Array(new[start..<min(new.count, start + Self.batchSize)])
                    try apply(.add(batch, vectors(of: batch, database).view))
                }
                return current
            }
        }
    }

    /// Whether this store was once in a state.
    private func isPast(_ revision: CollectionRevision?, _ database: Database) throws -> Bool {
        guard let revision else { return false }
        let word = try DatabaseValue.fetchOne(
            database, sql: "SELECT word FROM revisions WHERE generation = ?", arguments: [revision.generation])
        return word.flatMap(String.fromDatabaseValue) == revision.word
    }

    private func numbers(_ database: Database) throws -> [UInt64] {
        let rows = try Row.fetchCursor(database, sql: "SELECT number FROM passages ORDER BY number")
        var numbers: [UInt64] = []
        while let row = try rows.next() { numbers.append(UInt64(try number(of: row))) }
        return numbers
    }

    private func vectors(of numbers: [UInt64], _ database: Database) throws -> Matrix<Float> {
        var vectors = Matrix<Float>(uninitializedRows: numbers.count, columns: identity.dimension)
        let statement = try database.makeStatement(sql: "SELECT \(PassageRow.columns) FROM passages WHERE number = ?")
        for (place, number) in numbers.enumerated() {
            let key = Int64(number)
            guard let row = try Row.fetchOne(statement, arguments: [key]) else {
                throw RetrievalError.damaged(path: path, reason: "passage number \(number) cannot be found")
            }
            let content = try PassageRow(row, from: 0, number: key, dimension: identity.dimension, path: path)
            vectors.setRow(place, to: VectorBytes.decode(content.vector))
        }
        return vectors
    }

    /// What is only in the first and what is only in the second of two ascending lists.
    static func difference(_ old: [UInt64], _ new: [UInt64]) -> (gone: [UInt64], added: [UInt64]) {
        var (gone, added): ([UInt64], [UInt64]) = ([], [])
        var (i, j) = (0, 0)
        while i < old.count || j < new.count {
            if j == new.count || (i < old.count && old[i] < new[j]) {
                gone.append(old[i])
                i += 1
            } else if i == old.count || new[j] < old[i] {
                added.append(new[j])
                j += 1
            } else {
                i += 1
                j += 1
            }
        }
        return (gone, added)
    }
}
