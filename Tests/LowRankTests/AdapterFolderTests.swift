import LowRank
import ModelFiles
import TestSupport
import Testing
import VectorMath

@Suite("LoRA adapters as PEFT folders")
struct AdapterFolderTests {
    @Test("PEFT's own folder holds the matrices that were recorded beside it")
    func readsPEFT() throws {
        let adapter = try LowRankAdapter(path: SharedData.tinyBERT + "/peft_adapter")
        let recorded = try SafetensorsFile(path: SharedData.tinyBERT + "/grads_lora.safetensors")
        #expect(adapter.names.count == 4)
        for (name, pair) in zip(adapter.names, adapter.pairs) {
            #expect(pair.scaling == 2)
            #expect(pair.a.elements() == recorded.tensor(name + ".A")?.floats())
            #expect(pair.b.elements() == recorded.tensor(name + ".B")?.floats())
        }
    }

    @Test("an adapter that is written and read again is the same")
    func roundTrip() throws {
        let folder = try TemporaryFolder()
        var adapter = try LowRankAdapter(
            configuration: AdapterConfiguration(rank: 3, alpha: 5, targets: .allLinear, useRSLoRA: true),
            modules: AdapterTests.modules, seed: 7)
        for i in adapter.pairs.indices {
            adapter.pairs[i].b = random(adapter.pairs[i].outputWidth, 3, seed: UInt64(i))
        }
        try adapter.write(to: folder.path + "/adapter")
        let again = try LowRankAdapter(path: folder.path + "/adapter")
        #expect(again.names == adapter.names)
        for (a, b) in zip(again.pairs, adapter.pairs) {
            #expect(a.a == b.a && a.b == b.b && a.scaling == b.scaling)
        }
        #expect(throws: LowRankError.self) { try adapter.write(to: folder.path + "/adapter") }
        try adapter.write(to: folder.path + "/adapter", force: true)
        try adapter.write(into: folder.path)
        #expect(try LowRankAdapter(path: folder.path).pairs[0].b == adapter.pairs[0].b)
    }

    @Test("an adapter at another strength is written so that PEFT computes the same")
    func strengthIsWritten() throws {
        let folder = try TemporaryFolder()
        let original = try LowRankAdapter(path: SharedData.tinyBERT + "/peft_adapter")
        try original.scaled(by: 0.25).write(to: folder.path + "/weak")
        let weak = try LowRankAdapter(path: folder.path + "/weak")
        for (a, b) in zip(weak.pairs, original.pairs) {
            #expect(a.scaling == b.scaling)
            #expect(difference(a.deltaWeight(), b.scaled(by: 0.25)) < 1e-6)
        }
    }

    @Test(
        "magnitudes, biases and excluded modules are read and written again",
        arguments: ["dora", "bias_all", "patterns"])
    func extras(name: String) throws {
        let folder = try TemporaryFolder()
        let adapter = try Recorded.adapter(name)
        #expect(adapter.hasMagnitudes == (name == "dora") && adapter.biases.isEmpty == (name != "bias_all"))
        #expect(adapter.isPlain == (name == "patterns"))
        try adapter.write(to: folder.path + "/out")
        let again = try LowRankAdapter(path: folder.path + "/out")
        #expect(again.configuration == adapter.configuration && again.biases == adapter.biases)
        for (a, b) in zip(again.pairs, adapter.pairs) {
            #expect(a.magnitude == b.magnitude && a.a == b.a && a.b == b.b && a.scaling == b.scaling)
            #expect(a.parameterCount == a.rank * (a.inputWidth + a.outputWidth) + (a.magnitude?.count ?? 0))
        }
    }

    @Test("a folder that is not there is an error that names it")
    func missingFolder() {
        #expect {
            try LowRankAdapter(path: "/nowhere/adapter")
        } throws: { "\($0)".contains("/nowhere/adapter") }
    }
}

extension LowRankPair {
    fileprivate func scaled(by factor: Float) -> Matrix<Float> {
        var delta = deltaWeight()
        scale(&delta, by: factor)
        return delta
    }
}
