import LowRank
import ModelFiles
import TestSupport
import Testing
import VectorMath

@Suite("What is wrong with an adapter")
struct AdapterCheckTests {
    private func findings(_ modules: [String: LowRankPair], targets: AdapterTargets? = nil) throws -> [AdapterCheck
        .Finding]
    {
        let adapter = try LowRankAdapter(
            configuration: AdapterConfiguration(rank: 2, alpha: 2, targets: targets ?? .names(modules.keys.sorted())),
            modules: modules)
        return AdapterCheck(adapter, modules: try Recorded.modules(), weights: try Recorded.base().tensors()).findings
    }

    private func pair(_ outputs: Int = 32, _ inputs: Int = 32) -> LowRankPair {
        LowRankPair(a: random(2, inputs, seed: 1), b: random(outputs, 2, seed: 2), scaling: 1)
    }

    private let query = "encoder.layer.0.attention.self.query"

    @Test(
        "PEFT's adapters of the model have nothing wrong",
        arguments: ["one", "two", "three", "dora", "bias_all", "patterns", "pissa"])
    func fitting(name: String) throws {
        let check = AdapterCheck(
            try Recorded.adapter(name), modules: try Recorded.modules(), weights: try Recorded.base().tensors())
        #expect(check.findings.isEmpty)
    }

    @Test("layers that are not there, dead ones, and shapes that do not fit, each by name")
    func names() throws {
        #expect(
            try findings(["encoder.layer.5.output.dense": pair()]) == [.unknownModule("encoder.layer.5.output.dense")])
        #expect(try findings(["pooler.dense": pair()]) == [.deadModule("pooler.dense")])
        #expect(
            try findings([query: pair(31, 30)]) == [
                .wrongShape(module: query, matrix: "A", expected: [2, 32], found: [2, 30]),
                .wrongShape(module: query, matrix: "B", expected: [32, 2], found: [31, 2]),
            ])
        let missing = query.replacing("layer.0", with: "layer.1")
        #expect(try findings([query: pair()], targets: .names(["query"])) == [.missingModule(missing)])
    }

    @Test("values that are not numbers, and changes that are none")
    func values() throws {
        var broken = pair()
        broken.b[3, 1] = .infinity
        #expect(try findings([query: broken]) == [.notFinite(module: query, matrix: "B")])
        var zero = pair()
        zero.b = Matrix(rows: 32, columns: 2)
        #expect(try findings([query: zero]) == [.noChange(query)])
        var dialled = pair()
        dialled.scaling = 0
        #expect(try findings([query: dialled]) == [.noChange(query)])
        var stretched = zero
        stretched.magnitude = [Float](repeating: 1, count: 31) + [.nan]
        #expect(try findings([query: stretched]) == [.notFinite(module: query, matrix: "the magnitude vector")])
    }

    @Test("biases that the model has not, or that are not numbers")
    func biases() throws {
        var adapter = try Recorded.adapter("bias_all")
        adapter.biases["encoder.layer.0.attention.self.query.bias"] = [1, 2]
        adapter.biases["encoder.layer.9.output.dense.bias"] = [1]
        adapter.biases["pooler.dense.bias"]![0] = .nan
        let check = AdapterCheck(adapter, modules: try Recorded.modules(), weights: try Recorded.base().tensors())
        #expect(
            check.findings == [
                .unfitBias("encoder.layer.0.attention.self.query.bias"),
                .unfitBias("encoder.layer.9.output.dense.bias"),
                .notFinite(module: "pooler.dense.bias", matrix: "the bias"),
            ])
        #expect(check.findings.allSatisfy { !$0.description.isEmpty && !$0.kind.isEmpty })
    }

    @Test(
        "the summary's norms are those of the weights' changes, also where DoRA stretches rows",
        arguments: ["one", "dora"])
    func summary(name: String) throws {
        let (adapter, base) = (try Recorded.adapter(name), try Recorded.base())
        let summary = try AdapterSummary(adapter, base: base)
        let merged = try MergedModel(base: base, adapter: adapter)
        for module in summary.modules {
            let weight = try Recorded.matrix(module.name + ".weight", in: base.weights())
            var change = merged.tensors[module.name + ".weight"]!
            add(weight.view, to: &change, scale: -1)
            let norm = sumOfSquares(change.view).squareRoot()
            let (found, baseNorm) = (try #require(module.norm), try #require(module.baseNorm))
            #expect(abs(found / norm - 1) < 1e-5)
            #expect(abs(baseNorm / sumOfSquares(weight.view).squareRoot() - 1) < 1e-12)
        }
        let alone = try AdapterSummary(adapter)
        #expect((alone.norm == nil) == adapter.hasMagnitudes && alone.modules.allSatisfy { $0.baseNorm == nil })
        if !adapter.hasMagnitudes { #expect(alone.norm == summary.norm) }
    }
}
