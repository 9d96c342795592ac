import Corpora
import Files
import Retrieval
import Testing
import VectorIndex
import VectorMath

@Suite("A collection's index")
struct DerivedIndexTests {
    let folder: TemporaryFolder
    let path: String
    let query = Made.vectors(1, seed: 8).row(0)

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("c")
        try Made.collection(path).close()
    }

    var indexPath: String { FileSystem.joined(path, "vectors.index") }
    var databasePath: String { FileSystem.joined(path, "collection.sqlite") }

    /// What a collection with the same content and a sound index finds.
    func expectSound(_ collection: borrowing Collection, sourceLocation: SourceLocation = #_sourceLocation) throws {
        try FileSystem.remove(indexPath)
        let fresh = try Collection(path: path)
        #expect(try collection.search(query, k: 200) == fresh.search(query, k: 200), sourceLocation: sourceLocation)
        #expect(collection.count == fresh.count, sourceLocation: sourceLocation)
        #expect(try fresh.verify().isEmpty, sourceLocation: sourceLocation)
    }

    @Test("is made anew where it is missing")
    func missing() throws {
        let expected = try readFile(indexPath)
        try FileSystem.remove(indexPath)
        let collection = try Collection(path: path)
        #expect(try readFile(indexPath) == expected)
        #expect(collection.notices.isEmpty)
        try expectSound(collection)
    }

    @Test("is brought up to date where it is behind, and is then what a new one would be")
    func behind() throws {
        let old = try readFile(indexPath)
        let collection = try Collection(path: path)
        try collection.add(
            Made.passages(45..<70, edition: 1), vectors: Made.vectors(25, seed: 2).view, space: Made.space)
        try collection.delete(ids: ["p3", "p46"])
        try collection.close()
        let new = try readFile(indexPath)
        try writeFile(old, to: indexPath)
        let again = try Collection(path: path)
        #expect(try readFile(indexPath) == new)
        #expect(try again.verify().isEmpty)
        #expect(again.notices.isEmpty)
        try expectSound(again)
    }

    @Test("is made anew where it belongs to another collection of the same space")
    func otherCollection() throws {
        try Made.collection(folder.file("other"), count: 50, seed: 77).close()
        try FileSystem.copyFile(folder.file("other/vectors.index"), to: indexPath)
        let collection = try Collection(path: path)
        #expect(try collection.verify().isEmpty)
        try expectSound(collection)
    }

    @Test("is made anew where the database is a backup that went another way")
    func backup() throws {
        let database = try readFile(databasePath)
        let first = try Collection(path: path)
        try first.add(Made.passages(60..<70), vectors: Made.vectors(10, seed: 5).view, space: Made.space)
        try first.close()
        let index = try readFile(indexPath)
        // The backup is put back, and changed as often, with other vectors under the same numbers.
        try writeFile(database, to: databasePath)
        let second = try Collection(path: path)
        let vectors = Made.vectors(10, seed: 6)
        try second.add(Made.passages(60..<70), vectors: vectors.view, space: Made.space)
        try second.close()
        try writeFile(index, to: indexPath)
        let again = try Collection(path: path)
        #expect(try again.search(vectors.row(4), k: 1)[0].passage.id == "p64")
        #expect(try again.verify().isEmpty)
        try expectSound(again)
    }

    @Test("is made anew where it is of another space, and that is said")
    func otherSpace() throws {
        try ExactIndex(dimension: Made.dimension, metric: .cosine).snapshot().write(to: indexPath)
        let collection = try Collection(path: path)
        #expect(collection.notices == ["\(indexPath): it is of another space than the database"])
        #expect(try collection.verify() == collection.notices)
        #expect(try Collection(path: path).verify().isEmpty)
        try expectSound(collection)
    }

    @Test("is made anew where it cannot be opened, and that is said", arguments: [0, 10, 62, 500_000])
    func unreadable(place: Int) throws {
        var bytes = try readFile(indexPath)
        bytes[min(place, bytes.count - 1)] ^= 4
        try writeFile(bytes, to: indexPath)
        let collection = try Collection(path: path)
        #expect(collection.notices.count == 1)
        #expect(try collection.verify() == collection.notices)
        try expectSound(collection)
    }

    @Test("is made anew when a search comes upon a damaged page; verification finds it before")
    func damagedPage() throws {
        // More than one page, so that opening does not see the damage.
        let large = folder.file("large")
        try Made.collection(large, count: 3000, seed: 4).close()
        let file = FileSystem.joined(large, "vectors.index")
        let sound = try readFile(file)
        var bytes = sound
        bytes[150_000] ^= 1
        try writeFile(bytes, to: file)
        let collection = try Collection(path: large)
        #expect(collection.notices.isEmpty)
        let problems = try collection.verify()
        #expect(problems.count == 1 && problems[0].contains("checksum"))
        let vector = Made.vectors(3000, seed: 4).row(2999)
        #expect(try collection.search(vector, k: 1)[0].passage.id == "p2999")
        #expect(try readFile(file) == sound)
        #expect(try collection.verify().isEmpty)
    }

    @Test("that holds other vectors than the database is found out")
    func disagrees() throws {
        let tag = try ExactSnapshot(path: indexPath).tag
        let ids = try ExactSnapshot(path: indexPath).ids()
        let index = ExactIndex(dimension: Made.dimension, metric: .cosine)
        try index.add(ids: ids, vectors: Made.vectors(50, seed: 99).view)
        try index.delete(ids: [ids[7]])
        try index.add(ids: [9999], vectors: Made.vectors(1, seed: 98).view)
        try index.commit(tag: tag)
        try index.snapshot().write(to: indexPath)
        #expect(
            try Collection(path: path).verify() == [
                "\(indexPath): it holds 1 passages that the database does not hold",
                "\(indexPath): it lacks 1 passages that the database holds",
                "\(indexPath): 49 of its vectors are not the database's",
            ])
    }
}
