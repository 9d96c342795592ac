import Corpora
import Files
import GRDB
import Retrieval
import Testing
import VectorIndex
import VectorMath

@Suite("A graph beside a collection")
struct GraphFileTests {
    let folder: TemporaryFolder
    let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.file("c")
        try Asked.collection(path).close()
    }

    var indexPath: String { Asked.indexPath(path) }
    var databasePath: String { FileSystem.joined(path, "collection.sqlite") }
    let vectors = Made.vectors(Asked.count, seed: 1)

    @Test("is made anew where it is missing, and where it is behind follows")
    func missingAndBehind() throws {
        let sound = try readFile(indexPath)
        try FileSystem.remove(indexPath)
        let collection = try Asked.open(path)
        #expect(try readFile(indexPath) == sound)
        #expect(collection.notices.isEmpty)
        try collection.delete(ids: ["p7"])
        try collection.close()
        #expect(try readFile(indexPath) != sound)
        try writeFile(sound, to: indexPath)
        let again = try Asked.open(path)
        #expect(again.notices.isEmpty)
        #expect(again.count == Asked.count - 1)
        #expect(try again.verify().isEmpty)
        #expect(try again.search(vectors.row(7), k: 20).allSatisfy { $0.passage.id != "p7" })
    }

    @Test("is searched, and follows changes, where its file cannot be written")
    func unwritable() throws {
        // A folder in its place: opening says so, writing fails.
        try FileSystem.remove(indexPath)
        try FileSystem.makeDirectory(indexPath)
        try writeFile("in the way", to: FileSystem.joined(indexPath, "a"))
        let collection = try Asked.open(path)
        #expect(collection.notices.count == 1)
        #expect(try collection.info().structure == .graph)
        #expect(try collection.search(vectors.row(5), k: 1)[0].passage.id == "p5")
        try collection.delete(ids: ["p5"])
        #expect(try collection.search(vectors.row(5), k: 1)[0].passage.id != "p5")
        try collection.close()
        #expect(try FileSystem.names(in: path).sorted() == ["collection.sqlite", "vectors.index"])
    }

    /// What is spoiled in the file, and how.
    enum Damage: CaseIterable {
        case letters, header, tag, end, cut, empty
    }

    @Test("is made anew where it cannot be opened, and that is said", arguments: Damage.allCases)
    func unreadable(damage: Damage) throws {
        let sound = try readFile(indexPath)
        var bytes = sound
        switch damage {
        case .letters: bytes[3] ^= 4
        case .header: bytes[20] ^= 4
        case .tag: bytes[70] ^= 4
        case .end: bytes[bytes.count - 1] ^= 4
        case .cut: bytes.removeLast(100)
        case .empty: bytes = []
        }
        try writeFile(bytes, to: indexPath)
        let collection = try Asked.open(path)
        #expect(collection.notices.count == 1)
        #expect(try collection.verify() == collection.notices)
        #expect(try collection.search(vectors.row(5), k: 1)[0].passage.id == "p5")
        #expect(try readFile(indexPath) == sound)
    }

    @Test("is made anew when a search comes upon a damaged page; verification finds it before")
    func damagedPage() throws {
        let sound = try readFile(indexPath)
        // The rows are the most of the file: every page of them is spoiled, so that a search meets one.
        var bytes = sound
        for place in stride(from: 2 * 65536 + 5, to: bytes.count - 4096, by: 65536) { bytes[place] ^= 1 }
        try writeFile(bytes, to: indexPath)
        let collection = try Asked.open(path)
        #expect(collection.notices.isEmpty)
        let problems = try collection.verify()
        #expect(problems.count == 1 && problems[0].contains("checksum"))
        #expect(try collection.search(vectors.row(1499), k: 1)[0].passage.id == "p1499")
        #expect(try readFile(indexPath) == sound)
        #expect(try collection.verify().isEmpty)
    }

    @Test("is made anew when a change comes upon a damaged page")
    func damageUnderChange() throws {
        var bytes = try readFile(indexPath)
        bytes[bytes.count / 2] ^= 1
        try writeFile(bytes, to: indexPath)
        let collection = try Asked.open(path)
        #expect(collection.notices.isEmpty)
        try collection.delete(ids: ["p9"])
        #expect(collection.count == Asked.count - 1)
        #expect(try collection.info().structure == .graph)
        try collection.close()
        #expect(try Asked.open(path).verify().isEmpty)
    }

    @Test("that holds other vectors than the database is found out")
    func disagrees() throws {
        let snapshot = try GraphSnapshot(path: indexPath)
        let ids = try snapshot.ids()
        let index = GraphIndex(dimension: Made.dimension, metric: .cosine)
        var other = vectors
        for row in 0..<30 { other.setRow(row, to: Made.vectors(30, seed: 99).row(row)) }
        try index.add(ids: ids, vectors: other.view)
        index.delete(ids: [ids[7]])
        try index.add(ids: [9999], vectors: Made.vectors(1, seed: 98).view)
        try index.commit()
        try index.snapshot().write(to: indexPath, tag: snapshot.tag)
        #expect(
            try Asked.open(path).verify() == [
                "\(indexPath): it holds 1 passages that the database does not hold",
                "\(indexPath): it lacks 1 passages that the database holds",
                "\(indexPath): 29 of its vectors are not the database's",
            ])
    }

    @Test("is not searched by a collection that asks for exact results, and that is said")
    func exactCollection() throws {
        let exact = folder.file("exact")
        try Made.collection(exact, count: Asked.count).close()
        let tag = try ExactSnapshot(path: Asked.indexPath(exact)).tag
        let sound = try readFile(Asked.indexPath(exact))
        try GraphSnapshot(path: indexPath).write(to: Asked.indexPath(exact), tag: tag)
        let collection = try Asked.open(exact)
        let problem = "\(Asked.indexPath(exact)): its structure is graph, which the collection is not to be searched by"
        #expect(collection.notices == [problem])
        #expect(try collection.info().structure == .exact)
        #expect(try readFile(Asked.indexPath(exact)) == sound)
    }

    @Test("is never made for a collection of an earlier version, whose record names no recall")
    func earlierCollections() throws {
        let earlier = folder.file("earlier")
        try Made.collection(earlier, count: Asked.count).close()
        let queue = try DatabaseQueue(path: FileSystem.joined(earlier, "collection.sqlite"))
        let record = try queue.read {
            try String.fetchOne($0, sql: "SELECT value FROM meta WHERE key = 'identity'") ?? ""
        }
        try queue.close()
        #expect(record.contains("recipe") && !record.contains("targetRecall") && !record.contains("structure"))
        let collection = try Asked.open(earlier)
        #expect(collection.identity == Made.identity)
        try collection.delete(ids: ["p4"])
        #expect(try collection.info().structure == .exact)
        #expect(try collection.info().guarantee == .exact)
    }

    @Test("whose database asks for a recall that there cannot be is refused")
    func damagedRecord() throws {
        let queue = try DatabaseQueue(path: databasePath)
        try queue.write {
            try $0.execute(
                sql: "UPDATE meta SET value = replace(value, '0.95', '1.95') WHERE key = 'identity'")
        }
        try queue.close()
        #expect(throws: RetrievalError.damaged(path: databasePath, reason: "it asks for a recall of 1.95")) {
            try Asked.open(path)
        }
    }
}
