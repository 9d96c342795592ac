import ModelFiles
import TestSupport
import Testing
import VectorMath

@Suite("Adapter folders")
struct AdapterFolderTests {
    @Test("reads what PEFT wrote")
    func readsPEFT() throws {
        let adapter = try AdapterFolder(path: SharedData.tinyBERT + "/peft_adapter")
        #expect(adapter.configuration.rank == 4)
        #expect(adapter.configuration.alpha == 8)
        #expect(adapter.configuration.targets == .names(["query", "value"]))
        #expect(adapter.modules.count == 4)
        #expect(adapter.modules["encoder.layer.1.attention.self.value"]?.a.columns == 32)
    }
}
