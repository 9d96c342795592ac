import Corpora
import Files
import GRDB
import Retrieval
import Testing
import VectorMath

@Suite("A collection's database")
struct DamagedDatabaseTests {
    let folder: TemporaryFolder
    let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("c")
        try Made.collection(path).close()
    }

    var databasePath: String { FileSystem.joined(path, "collection.sqlite") }

    func execute(_ sql: String) throws {
        let queue = try DatabaseQueue(path: databasePath)
        try queue.write { try $0.execute(sql: sql) }
        try queue.close()
    }

    func error(opening path: String) -> RetrievalError? {
        do throws(RetrievalError) {
            _ = try Collection(path: path)
            return nil
        } catch { return error }
    }

    @Test("is refused where there is none")
    func none() throws {
        #expect(
            error(opening: folder.file("x"))
                == .notACollection(path: folder.file("x"), reason: "there is no such folder"))
        try FileSystem.makeDirectory(folder.file("empty"))
        #expect(
            error(opening: folder.file("empty"))
                == .notACollection(path: folder.file("empty"), reason: "it has no collection.sqlite"))
        #expect(error(opening: databasePath) != nil)
    }

    @Test(
        "is refused where it is no SQLite file, or one of somebody else",
        arguments: ["", "hello", String(repeating: "x", count: 5000)])
    func somethingElse(content: String) throws {
        try writeFile(content, to: databasePath)
        guard case .notACollection(databasePath, _) = try #require(error(opening: path)) else {
            Issue.record("not refused as something else")
            return
        }
        try FileSystem.remove(databasePath)
        try execute("CREATE TABLE songs (title TEXT)")
        let before = try readFile(databasePath)
        #expect(
            error(opening: path)
                == .notACollection(path: databasePath, reason: "the database was not made by attune"))
        #expect(try readFile(databasePath) == before)
    }

    @Test("of a later schema is refused by its number")
    func laterSchema() throws {
        try execute("PRAGMA user_version = 2")
        #expect(error(opening: path) == .unsupportedSchema(path: databasePath, found: 2, supported: 1))
    }

    @Test("that is cut short is refused or found out", arguments: [100, 4096, 8192, 20000])
    func truncated(length: Int) throws {
        let bytes = try readFile(databasePath)
        try #require(bytes.count > length)
        try writeFile(Array(bytes[..<length]), to: databasePath)
        #expect(foundOut())
    }

    @Test("never crashes its reader, whichever bit is flipped, and the flip in a passage is found out")
    func flippedBits() throws {
        let sound = try readFile(databasePath)
        let contents = try contents()
        var generator = RandomGenerator(seed: 3)
        var seen = 0
        for _ in 0..<150 {
            var bytes = sound
            let place = generator.below(bytes.count)
            bytes[place] ^= 1 << UInt8(generator.below(8))
            try writeFile(bytes, to: databasePath)
            if foundOut() { seen += 1 } else { #expect(try self.contents() == contents, "byte \(place)") }
        }
        // About a fifth of the file is in use; what is free may be flipped without harm.
        #expect(seen > 10)
    }

    @Test(
        "with values that no version wrote gives one clear error",
        arguments: [
            "UPDATE passages SET text = CAST(x'ff00fe' AS TEXT) WHERE number = 3",
            "UPDATE passages SET metadata = '[1' WHERE number = 3",
            "UPDATE passages SET vector = x'00' WHERE number = 3",
            "UPDATE passages SET start = -5, \"end\" = 2 WHERE number = 3",
            "UPDATE passages SET title = title || '.' WHERE number = 3",
            "UPDATE passages SET number = -1 WHERE number = 3", "UPDATE passages SET checksum = 1 WHERE number = 3",
            "DELETE FROM meta", "UPDATE meta SET value = '{}' WHERE key = 'identity'",
            "UPDATE meta SET value = replace(value, '\"dimension\":12', '\"dimension\":-12')", "DELETE FROM revisions",
            "UPDATE meta SET value = replace(value, '\"dimension\":12', '\"dimension\":13')",
            "DROP TABLE passages", "DROP TABLE revisions",
            "DROP TABLE passages; CREATE TABLE passages (number, id, title, text, source, start, \"end\", metadata, vector, checksum); INSERT INTO passages (number, id) VALUES ('x', 5)",
        ])
    func forged(sql: String) throws {
        try execute(sql)
        #expect(foundOut())
    }

    @Test("with vectors that are not numbers fails verification")
    func notFinite() throws {
        // All else is right, the checksum too: only somebody who means it writes such a row.
        let store = try SQLiteStore(creating: folder.file("x.sqlite"), identity: Made.identity)
        #expect(throws: RetrievalError.self) {
            try store.add([Made.passage(1)], vectors: Matrix<Float>(rowsOf: [[Float](repeating: .nan, count: 12)]).view)
        }
        #expect(try store.count() == 0)
        #expect(try store.problems().isEmpty)
    }

    /// Whether opening, verifying or reading says that something is wrong.
    func foundOut() -> Bool {
        do throws(RetrievalError) {
            // The index must come from the database, not from the file that is still sound.
            try? FileSystem.remove(FileSystem.joined(path, "vectors.index"))
            let collection = try Collection(path: path)
            _ = try collection.search(Made.vectors(1, seed: 1).row(0), k: 60)
            return try !collection.verify().isEmpty
        } catch {
            #expect(!error.description.isEmpty && !error.description.contains("\n"))
            return true
        }
    }

    func contents() throws -> [Passage] {
        var passages: [Passage] = []
        try Collection(path: path).forEach { passage, _ in passages.append(passage) }
        return passages
    }
}
