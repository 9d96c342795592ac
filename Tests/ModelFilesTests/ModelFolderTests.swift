import ModelFiles
import TestSupport
import Testing

@Suite("Model folders")
struct ModelFolderTests {
    @Test("reads a sentence-transformers folder in the old layout")
    func readsOldLayout() throws {
        let model = try ModelFolder(path: SharedData.tinyBERT + "/model")
        #expect(model.configuration.width == 32)
        #expect(model.pooling == PoolingConfiguration(modes: [.mean]))
        #expect(model.normalizes)
        #expect(model.maxLength == 32)
        #expect(model.warnings == [])
        #expect(try model.tensors().tensor(named: "pooler.dense.weight")?.shape == [32, 32])
    }

    @Test(
        "reads all-MiniLM-L6-v2 with the limit of its sentence-transformers settings",
        .enabled(if: SharedData.hasMiniLM))
    func readsMiniLM() throws {
        let model = try ModelFolder(path: SharedData.miniLM)
        #expect(model.maxLength == 256)
        #expect(model.dimension == 384)
        _ = try model.tensors()
    }
}
