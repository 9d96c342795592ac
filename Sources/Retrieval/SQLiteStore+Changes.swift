public import Corpora
internal import Files
internal import Foundation
internal import GRDB
internal import VectorIndex
public import VectorMath

extension SQLiteStore {
    /// How many states are remembered; an index older than that is built anew.
    private static let rememberedRevisions = 10_000

    public func add(_ passages: [Passage], vectors: MatrixView<Float>) throws(RetrievalError) {
        guard passages.count == vectors.rows else {
            throw .countMismatch(passages: passages.count, vectors: vectors.rows)
        }
        try refuseDuplicates(passages)
        // What the index would refuse must not get into the database.
        try indexing { () throws(VectorIndexError) in
            try ExactIndex.check(vectors, metric: .cosine, dimension: identity.dimension)
        }
        guard !passages.isEmpty else { return }
        try wrapping(path) {
            try database.write { database in
                let statement = try database.makeStatement(sql: PassageRow.insertion)
                for (row, passage) in passages.enumerated() {
                    try statement.execute(arguments: PassageRow(passage, vector: vectors.row(row)).arguments)
                }
                try Self.endRevision(database)
            }
        }
    }

    public func delete(ids: [String]) throws(RetrievalError) -> Int {
        try wrapping(path) {
            try database.write { database in
                let statement = try database.makeStatement(sql: "DELETE FROM passages WHERE id = CAST(? AS TEXT)")
                var count = 0
                for id in ids {
                    try statement.execute(arguments: [Data(id.utf8)])
                    count += database.changesCount
                }
                if count > 0 { try Self.endRevision(database) }
                return count
            }
        }
    }

    /// Names the state that a change leaves.
    static func endRevision(_ database: Database) throws {
        let word =
            String(UInt64.random(in: .min ... .max), radix: 16) + String(UInt64.random(in: .min ... .max), radix: 16)
        try database.execute(
            sql: """
                INSERT INTO revisions SELECT COALESCE(MAX(generation), 0) + 1, ? FROM revisions;
                DELETE FROM revisions WHERE generation <= (SELECT MAX(generation) FROM revisions) - ?
                """, arguments: [word, rememberedRevisions])
    }

    private func refuseDuplicates(_ passages: [Passage]) throws(RetrievalError) {
        // Ids are compared by their bytes, as the database does.
        var seen = Set<[UInt8]>(minimumCapacity: passages.count)
        for passage in passages where !seen.insert(Array(passage.id.utf8)).inserted {
            throw .duplicatePassage(id: passage.id)
        }
    }
}
