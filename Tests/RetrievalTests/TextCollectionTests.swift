import Corpora
import Encoders
import Files
import ModelFiles
import Retrieval
import Synchronization
import TestSupport
import Testing

@Suite("A collection with its encoder")
struct TextCollectionTests {
    static let modelPath = SharedData.fixtures + "/models/tiny-bert/model"
    static let adapterPath = SharedData.fixtures + "/models/tiny-bert/peft_adapter"

    static let passages = ["the cat sat", "dogs bark", "a b c", "hello world", "cats and dogs"].enumerated().map {
        Passage(
            id: "p\($0.offset)", text: $0.element, source: "texts.md", byteRange: $0.offset * 20..<$0.offset * 20 + 9)
    }

    static func encoder(adapted: Bool = false) throws -> TextEncoder {
        let model = try ModelFolder(path: modelPath)
        return adapted
            ? try TextEncoder(model: model, adapter: AdapterFolder(path: adapterPath)) : try TextEncoder(model: model)
    }

    @Test("finds a passage by its own text, with its place in the source")
    func search() throws {
        let folder = try TemporaryFolder()
        let told = Mutex<CollectionProgress?>(nil)
        let texts = try TextCollection.build(
            at: folder.file("c"), passages: Self.passages, encoder: Self.encoder(), model: "tiny"
        ) { progress in told.withLock { $0 = progress } }
        let last = told.withLock { $0 }
        #expect(last?.step == .embedding && last?.done == 5 && last?.total == 5)
        for passage in Self.passages {
            let hit = try texts.search(passage.text, k: 1)[0]
            #expect(hit.passage == passage)
            #expect(abs(hit.score - 1) < 1e-4)
        }
        #expect(try texts.search(["dogs bark", "a b c"], k: 2).map { $0[0].passage.id } == ["p1", "p2"])
        #expect(try texts.search("dogs bark", k: 1) { $0.id != "p1" }[0].passage.id != "p1")
        #expect(texts.collection.identity.model == "tiny")
        #expect(texts.collection.identity.recipe == texts.encoder.recipe)
    }

    @Test("takes more passages, and is searched after it was opened again")
    func addAndReopen() throws {
        let folder = try TemporaryFolder()
        let encoder = try Self.encoder()
        let texts = try TextCollection.build(
            at: folder.file("c"), passages: Self.passages, encoder: encoder, model: "tiny")
        try texts.add([Passage(id: "new", text: "something new"), Passage(id: "p0", text: "replaced")])
        try texts.collection.close()
        let again = try TextCollection(Collection(path: folder.file("c")), encoder: encoder)
        #expect(again.collection.count == 6)
        #expect(try again.search("something new", k: 1)[0].passage.id == "new")
        #expect(try again.search("replaced", k: 1)[0].passage.text == "replaced")
        #expect(try again.collection.verify().isEmpty)
    }

    @Test("refuses another model's encoder, and names both spaces")
    func space() throws {
        let folder = try TemporaryFolder()
        let encoder = try Self.encoder()
        let collection = try TextCollection.build(
            at: folder.file("c"), passages: Self.passages, encoder: encoder, model: "tiny"
        ).collection
        let other = try Self.encoder(adapted: true)
        #expect(
            throws: RetrievalError.spaceMismatch(
                path: folder.file("c"), expected: encoder.space, found: other.space)
        ) { try TextCollection(collection, encoder: other) }
    }

    @Test("remembers its adapter")
    func adapter() throws {
        let folder = try TemporaryFolder()
        let encoder = try Self.encoder(adapted: true)
        let collection = try TextCollection.build(
            at: folder.file("c"), passages: Self.passages, encoder: encoder, model: "tiny", adapter: "tuned"
        ).collection
        #expect(collection.identity.adapter == "tuned")
        #expect(collection.identity.adapterDigest == encoder.adapter?.digest)
        #expect(collection.identity.adapterDigest != nil)
    }

    @Test("refuses to be made of nothing")
    func empty() throws {
        let folder = try TemporaryFolder()
        #expect(throws: RetrievalError.noPassages) {
            try TextCollection.build(at: folder.file("c"), passages: [], encoder: Self.encoder(), model: "tiny")
        }
    }
}
