import Corpora
import Files
import Retrieval
import Testing
import VectorIndex
import VectorMath

@Suite("A collection")
struct CollectionTests {
    @Test("finds the nearest passages with all that was put in")
    func search() throws {
        let folder = try TemporaryFolder()
        let vectors = Made.vectors(50, seed: 1)
        let collection = try Made.collection(folder.file("c"))
        #expect(collection.count == 50)
        for number in [0, 1, 3, 30, 49] {
            let hits = try collection.search(vectors.row(number), k: 3)
            #expect(hits.count == 3)
            #expect(hits[0].passage == Made.passage(number))
            #expect(abs(hits[0].score - 1) < 1e-5)
            #expect(hits[0].score >= hits[1].score && hits[1].score >= hits[2].score)
        }
        #expect(try collection.search(vectors.row(0), k: 500).count == 50)
        #expect(try collection.search(vectors.row(0), k: 0).isEmpty)
        #expect(try collection.verify().isEmpty)
    }

    @Test("answers several queries as it answers each")
    func searchMany() throws {
        let folder = try TemporaryFolder()
        let collection = try Made.collection(folder.file("c"))
        let queries = Made.vectors(7, seed: 9)
        let found = try collection.search(queries.view, space: Made.space, k: 4)
        #expect(try found == (0..<7).map { try collection.search(queries.row($0), k: 4) })
    }

    @Test("is as it was when it is opened again")
    func reopen() throws {
        let folder = try TemporaryFolder()
        let query = Made.vectors(1, seed: 5).row(0)
        let expected = try Made.collection(folder.file("c")).search(query, k: 10)
        let collection = try Collection(path: folder.file("c"))
        #expect(collection.identity == Made.identity)
        #expect(try collection.search(query, k: 10) == expected)
        #expect(try collection.passage(id: "p7") == Made.passage(7))
        #expect(try collection.passage(id: "p50") == nil)
        #expect(collection.notices.isEmpty)
    }

    @Test("takes additions, replacements and deletions, and shows them at once")
    func changes() throws {
        let folder = try TemporaryFolder()
        let collection = try Made.collection(folder.file("c"))
        let more = Made.vectors(20, seed: 2)
        try collection.add(Made.passages(40..<60, edition: 1), vectors: more.view, space: Made.space)
        #expect(collection.count == 60)
        #expect(try collection.search(more.row(0), k: 1)[0].passage == Made.passage(40, edition: 1))
        #expect(try collection.delete(ids: ["p41", "p0", "never", "p0"]) == 2)
        #expect(collection.count == 58)
        #expect(try collection.search(more.row(1), k: 60).allSatisfy { !["p41", "p0"].contains($0.passage.id) })
        #expect(try collection.verify().isEmpty)
        try collection.close()

        let again = try Collection(path: folder.file("c"))
        #expect(again.count == 58)
        #expect(try again.search(more.row(19), k: 1)[0].passage == Made.passage(59, edition: 1))
        #expect(try again.verify().isEmpty)
        var ids: [String] = []
        try again.forEach { passage, vector in
            ids.append(passage.id)
            if passage.id == "p45" { #expect(vector == more.row(5)) }
        }
        #expect(ids == (1..<40).map { "p\($0)" } + (40..<60).filter { $0 != 41 }.map { "p\($0)" })
    }

    @Test("is two files, when closed and when not")
    func twoFiles() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("c")
        let names = ["collection.sqlite", "vectors.index"]
        let collection = try Made.collection(path)
        #expect(try FileSystem.names(in: path) == names)
        try collection.add([Made.passage(70)], vectors: Made.vectors(1, seed: 3).view, space: Made.space)
        #expect(try FileSystem.names(in: path) == names)
        try collection.close()
        #expect(try FileSystem.names(in: path) == names)
        #expect(try FileSystem.names(in: folder.path) == ["c"])
    }

    @Test("does not write when it is only searched")
    func readingWritesNothing() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("c")
        try Made.collection(path).close()
        let before = try FileSystem.names(in: path).map { try readFile(FileSystem.joined(path, $0)) }
        let collection = try Collection(path: path)
        _ = try collection.search(Made.vectors(1, seed: 4).row(0), k: 5)
        _ = try collection.verify()
        try collection.close()
        #expect(try FileSystem.names(in: path).map { try readFile(FileSystem.joined(path, $0)) } == before)
    }

    @Test("looks among the passages that a filter lets through")
    func filter() throws {
        let folder = try TemporaryFolder()
        let collection = try Made.collection(folder.file("c"))
        let query = Made.vectors(1, seed: 6).row(0)
        let all = try collection.search(query, k: 50)
        let thirds = try collection.search(query, space: Made.space, k: 5) { $0.metadata["kind"] == "third" }
        #expect(thirds == Array(all.filter { $0.passage.metadata["kind"] == "third" }.prefix(5)))
        #expect(try collection.search(query, space: Made.space, k: 5) { _ in false }.isEmpty)
    }

    @Test(
        "keeps texts byte for byte",
        arguments: ["", "\0", "a\0b", "é 日本 😀", "\u{65}\u{301}", "line\nline\r\n\t", "'; DROP TABLE passages; --"])
    func texts(text: String) throws {
        let folder = try TemporaryFolder()
        let passage = Passage(
            id: "id" + text, title: text, text: text + text, source: text,
            metadata: [text: .string(text), "n": 1.5, "list": [nil, true, -7]])
        let vector = Made.vectors(1, seed: 7)
        let collection = try Collection.create(
            at: folder.file("c"), identity: Made.identity, passages: [passage], vectors: vector.view)
        let found = try collection.search(vector.row(0), k: 1)[0].passage
        #expect(found == passage)
        #expect(Array(found.text.utf8) == Array(passage.text.utf8))
        #expect(Array(found.id.utf8) == Array(passage.id.utf8))
        #expect(try collection.passage(id: passage.id) == passage)
        #expect(try collection.verify().isEmpty)
        #expect(try collection.delete(ids: [passage.id]) == 1)
        #expect(collection.count == 0)
    }

    @Test("keeps ids apart that are the same letters in other bytes")
    func canonicallyEqualIDs() throws {
        let folder = try TemporaryFolder()
        let passages = ["\u{e9}", "\u{65}\u{301}"].map { Passage(id: $0, text: "text") }
        let collection = try Collection.create(
            at: folder.file("c"), identity: Made.identity, passages: passages, vectors: Made.vectors(2, seed: 1).view)
        #expect(collection.count == 2)
    }

    @Test("says what it is")
    func info() throws {
        let folder = try TemporaryFolder()
        let collection = try Made.collection(folder.file("c"))
        try collection.delete(ids: ["p3"])
        let info = try collection.info()
        #expect(info.count == 49)
        #expect(info.identity == Made.identity)
        #expect(info.version == attuneVersion)
        #expect(info.created.count == 20 && info.created.hasSuffix("Z"))
        #expect(info.generation == 3)
        #expect(info.databaseSize > 0 && info.indexSize > 0)
        #expect(info.jsonValue["space"] == .string(Made.space.digest))
        #expect(info.jsonValue["passages"] == 49)
        #expect(info.jsonValue["prompts"]?["query"] == "find: ")
        #expect(info.jsonValue["model_digest"] == .null)
    }

    // MARK: Refusals

    @Test("refuses vectors and queries of another space, and names both")
    func space() throws {
        let folder = try TemporaryFolder()
        let collection = try Made.collection(folder.file("c"))
        let expected = RetrievalError.spaceMismatch(
            path: folder.file("c"), expected: Made.space, found: Made.otherSpace)
        let vector = Made.vectors(1, seed: 1)
        #expect(throws: expected) { try collection.check(Made.otherSpace) }
        #expect(throws: expected) { try collection.search(vector.row(0), space: Made.otherSpace) }
        #expect(throws: expected) {
            try collection.add([Made.passage(99)], vectors: vector.view, space: Made.otherSpace)
        }
        #expect(expected.description.contains(Made.space.description))
        #expect(expected.description.contains(Made.otherSpace.description))
        #expect(collection.count == 50)
    }

    @Test("refuses vectors that it could not search, and stays as it was", arguments: [Float.nan, .infinity])
    func badVectors(value: Float) throws {
        let folder = try TemporaryFolder()
        let collection = try Made.collection(folder.file("c"))
        var vectors = Made.vectors(2, seed: 1)
        vectors[1, 3] = value
        #expect(throws: RetrievalError.index(.notFinite(row: 1))) {
            try collection.add(Made.passages(60..<62), vectors: vectors.view, space: Made.space)
        }
        #expect(throws: RetrievalError.index(.wrongDimension(expected: 12, found: 3))) {
            try collection.add([Made.passage(60)], vectors: Matrix<Float>(rowsOf: [[1, 2, 3]]).view, space: Made.space)
        }
        #expect(throws: RetrievalError.countMismatch(passages: 1, vectors: 2)) {
            try collection.add([Made.passage(60)], vectors: Made.vectors(2, seed: 1).view, space: Made.space)
        }
        #expect(throws: RetrievalError.index(.wrongDimension(expected: 12, found: 2))) {
            try collection.search([1, 2], k: 1)
        }
        #expect(try collection.info().count == 50)
        #expect(try collection.verify().isEmpty)
    }

    @Test("refuses two passages of one id, and to be made of none")
    func badPassages() throws {
        let folder = try TemporaryFolder()
        #expect(throws: RetrievalError.duplicatePassage(id: "p1")) {
            try Collection.create(
                at: folder.file("c"), identity: Made.identity, passages: [Made.passage(1), Made.passage(1)],
                vectors: Made.vectors(2, seed: 1).view)
        }
        #expect(throws: RetrievalError.noPassages) {
            try Collection.create(
                at: folder.file("c"), identity: Made.identity, passages: [], vectors: Made.vectors(0, seed: 1).view)
        }
        #expect(try FileSystem.names(in: folder.path).isEmpty)
    }

    @Test("takes the place of a collection only when asked to, and of something else never")
    func force() throws {
        let folder = try TemporaryFolder()
        try Made.collection(folder.file("c")).close()
        #expect(throws: RetrievalError.file(.alreadyExists(path: folder.file("c")))) {
            try Made.collection(folder.file("c"), count: 3)
        }
        #expect(try Collection(path: folder.file("c")).count == 50)
        #expect(try Made.collection(folder.file("c"), count: 3, force: true).count == 3)

        try FileSystem.makeDirectory(folder.file("letters"))
        #expect(try Made.collection(folder.file("letters"), count: 3, force: true).count == 3)
        try FileSystem.remove(folder.file("letters"))
        try FileSystem.makeDirectory(folder.file("letters"))
        try writeFile("dear", to: folder.file("letters/a.txt"))
        #expect(throws: RetrievalError.self) { try Made.collection(folder.file("letters"), force: true) }
        #expect(throws: RetrievalError.self) { try Made.collection(folder.file("letters/a.txt"), force: true) }
        #expect(try readText(folder.file("letters/a.txt")) == "dear")
    }
}
