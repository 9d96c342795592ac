import ModelFiles
import TestSupport
import Testing
import VectorMath

@Suite("Safetensors files")
struct SafetensorsFileTests {
    @Test("reads what the reference library wrote")
    func readsReference() throws {
        let file = try SafetensorsFile(path: SharedData.tinyBERT + "/model/model.safetensors")
        #expect(file.metadata == ["format": "pt"])
        let table = try file.require("embeddings.word_embeddings.weight", shape: [200, 32])
        #expect(table.type == .float32)
        #expect(try table.matrix().elements() == table.floats())
    }
}
