import Corpora
import Files
import Retrieval
import Testing
import VectorMath

@Suite("A collection that several use at once")
struct SeveralHandlesTests {
    @Test("shows the changes of another handle in the next search")
    func otherHandle() throws {
        let folder = try TemporaryFolder()
        let reader = try Made.collection(folder.file("c"))
        let writer = try Collection(path: folder.file("c"))
        let more = Made.vectors(5, seed: 2)
        try writer.add(Made.passages(60..<65), vectors: more.view, space: Made.space)
        try writer.delete(ids: ["p1"])
        #expect(try reader.search(more.row(2), k: 1)[0].passage == Made.passage(62))
        #expect(reader.count == 54)
        try writer.close()
        try reader.delete(ids: ["p62"])
        #expect(try reader.search(more.row(2), k: 60).allSatisfy { $0.passage.id != "p62" })
        try reader.close()
        #expect(try Collection(path: folder.file("c")).count == 53)
    }

    @Test("is safe for threads that search, add and delete")
    func threads() throws {
        let folder = try TemporaryFolder()
        let collection = try Made.collection(folder.file("c"))
        let vectors = Made.vectors(40, seed: 3)
        try ThreadPool.withWidth(4) {
            try parallelFor(40, grain: 1) { block in
                let number = 100 + block.lowerBound
                let vector = vectors.view.rows(block)
                try collection.add([Made.passage(number)], vectors: vector, space: Made.space)
                let hits = try collection.search(vector.row(0), k: 5)
                if hits.count != 5 || hits[0].passage.id != "p\(number)" { throw RetrievalError.noPassages }
                if number % 2 == 0 { try collection.delete(ids: ["p\(number)"]) }
            }
        }
        #expect(collection.count == 70)
        #expect(try collection.verify().isEmpty)
    }
}
