import LowRank
import ModelFiles
import Testing
import VectorMath

@Suite("LoRA adapters")
struct AdapterTests {
    /// The linear layers of a BERT with two layers of width 8, without its pooler.
    static let modules: [LinearModule] = (0..<2).flatMap { layer in
        [
            ("attention.self.query", 8, 8), ("attention.self.key", 8, 8), ("attention.self.value", 8, 8),
            ("attention.output.dense", 8, 8), ("intermediate.dense", 8, 32), ("output.dense", 32, 8),
        ].map { LinearModule(name: "encoder.layer.\(layer)." + $0.0, inputWidth: $0.1, outputWidth: $0.2) }
    }

    private func adapter(_ configuration: AdapterConfiguration, seed: UInt64 = 0) throws -> LowRankAdapter {
        try LowRankAdapter(configuration: configuration, modules: Self.modules, seed: seed)
    }

    @Test(
        "a name chooses the modules whose path ends in it",
        arguments: [
            (["query", "value"], 4), (["dense"], 6), (["output.dense"], 4), (["attention.output.dense"], 2),
            (["encoder.layer.1.output.dense"], 1), (["query", "query"], 2),
        ])
    func namesMatchEndings(names: [String], count: Int) throws {
        let adapter = try adapter(AdapterConfiguration(rank: 2, alpha: 4, targets: .names(names)))
        #expect(adapter.names.count == count)
        #expect(adapter.names == adapter.names.sorted() && Set(adapter.names).count == count)
    }

    @Test("attention means query and value")
    func attentionTargets() throws {
        let adapter = try adapter(AdapterConfiguration(rank: 2, alpha: 4, targets: .attention))
        #expect(
            adapter.names == [
                "encoder.layer.0.attention.self.query", "encoder.layer.0.attention.self.value",
                "encoder.layer.1.attention.self.query", "encoder.layer.1.attention.self.value",
            ])
    }

    @Test("a pattern has to match the whole path")
    func patternsMatchWhole() throws {
        let pattern = #"encoder\.layer\.1\..*(query|dense)"#
        let chosen = try adapter(AdapterConfiguration(rank: 2, alpha: 4, targets: .pattern(pattern)))
        #expect(chosen.names.count == 4 && chosen.names.allSatisfy { $0.hasPrefix("encoder.layer.1.") })
        #expect(throws: LowRankError.self) {
            try adapter(AdapterConfiguration(rank: 2, alpha: 4, targets: .pattern("query")))
        }
    }

    @Test("all linear layers are spelled out, so that no tool adds the pooler")
    func allLinearIsSpelledOut() throws {
        let chosen = try adapter(AdapterConfiguration(rank: 2, alpha: 4, targets: .allLinear))
        #expect(chosen.names.count == 12)
        #expect(
            chosen.configuration.targets
                == .names([
                    "attention.output.dense", "attention.self.key", "attention.self.query", "attention.self.value",
                    "intermediate.dense", "output.dense",
                ]))
        #expect(chosen.names.allSatisfy(chosen.configuration.targets))
        #expect(!chosen.configuration.targets("pooler.dense"))
    }

    @Test("layers can be chosen by number")
    func layersAreChosen() throws {
        let chosen = try adapter(
            AdapterConfiguration(rank: 2, alpha: 4, targets: .names(["query"]), layersToTransform: [1]))
        #expect(chosen.names == ["encoder.layer.1.attention.self.query"])
    }

    @Test(
        "a target that matches nothing is an error that names it",
        arguments: [["query", "wrong"], ["uery"], ["layer"], ["pooler.dense"]])
    func unmatchedTargets(names: [String]) {
        #expect {
            try adapter(AdapterConfiguration(rank: 2, alpha: 4, targets: .names(names)))
        } throws: { error in
            guard case .targetMatchesNothing(let target, let modules) = error as? LowRankError else { return false }
            return target == names.last && modules.count == 12 && "\(error)".contains("\"\(target)\"")
        }
    }

    @Test("a layer that does not exist is an error")
    func unmatchedLayer() {
        #expect {
            try adapter(AdapterConfiguration(rank: 2, alpha: 4, targets: .attention, layersToTransform: [0, 2]))
        } throws: { "\($0)".contains("layer 2") }
    }

    @Test("a pattern that is no regular expression is an error")
    func invalidPatterns() {
        #expect {
            try adapter(AdapterConfiguration(rank: 2, alpha: 4, targets: .pattern("(query")))
        } throws: { error in
            guard case .invalidPattern(let pattern, _) = error as? LowRankError else { return false }
            return pattern == "(query"
        }
    }

    @Test("no targets and no modules are errors")
    func nothingToAdapt() throws {
        #expect(throws: LowRankError.noModules) {
            try adapter(AdapterConfiguration(rank: 2, alpha: 4, targets: .names([])))
        }
        #expect(throws: LowRankError.noModules) {
            try LowRankAdapter(
                configuration: AdapterConfiguration(rank: 2, alpha: 4, targets: .allLinear), modules: [:])
        }
    }

    @Test("a rank larger than a module's narrow side is an error that names the limit")
    func ranksAreLimited() {
        #expect {
            try adapter(AdapterConfiguration(rank: 9, alpha: 4, targets: .attention))
        } throws: { error in
            guard case .invalidRank(_, 9, 8) = error as? LowRankError else { return false }
            return true
        }
    }

    @Test("the scaling is alpha / R, with rank stabilisation alpha / √R, and patterns change both")
    func scalings() throws {
        let plain = try adapter(AdapterConfiguration(rank: 4, alpha: 6, targets: .attention))
        #expect(plain.pairs.allSatisfy { $0.scaling == 1.5 && $0.rank == 4 })
        let stabilised = try adapter(AdapterConfiguration(rank: 4, alpha: 6, targets: .attention, useRSLoRA: true))
        #expect(stabilised.pairs.allSatisfy { $0.scaling == 3 })
        let patterned = try adapter(
            AdapterConfiguration(
                rank: 4, alpha: 6, targets: .attention, rankPattern: ["query": 2], alphaPattern: ["layer.1.*": 8]))
        #expect(patterned.pairs.map(\.rank) == [2, 4, 2, 4])
        #expect(patterned.pairs.map(\.scaling) == [3, 1.5, 4, 2])
    }

    @Test("A begins uniform within 1 / √in, B at zero")
    func initialValues() throws {
        let modules = [LinearModule(name: "encoder.layer.0.wide", inputWidth: 400, outputWidth: 300)]
        let adapter = try LowRankAdapter(
            configuration: AdapterConfiguration(rank: 64, alpha: 64, targets: .allLinear), modules: modules, seed: 5)
        let values = adapter.pairs[0].a.elements().map { Double($0) }
        let bound = 0.05
        #expect(values.allSatisfy { abs($0) <= bound })
        let mean = values.reduce(0, +) / Double(values.count)
        let variance = values.reduce(0) { $0 + $1 * $1 } / Double(values.count)
        // Five standard errors of 25,600 draws.
        #expect(abs(mean) < 5 * bound / (3 * 25600).squareRoot())
        #expect(abs(variance / (bound * bound / 3) - 1) < 5 * (0.8 / 25600).squareRoot())
        #expect(adapter.pairs[0].b.elements().allSatisfy { $0 == 0 })
    }

    @Test("a seed gives the same adapter again, another seed another one, in any order of the modules")
    func seeds() throws {
        let configuration = AdapterConfiguration(rank: 2, alpha: 4, targets: .attention)
        let first = try adapter(configuration, seed: 1)
        let shuffled = try LowRankAdapter(
            configuration: configuration, modules: Self.modules.reversed(), seed: 1)
        #expect(zip(first.pairs, shuffled.pairs).allSatisfy { $0.a == $1.a } && first.names == shuffled.names)
        #expect(try adapter(configuration, seed: 2).pairs[0].a != first.pairs[0].a)
        #expect(first.pairs[0].a != first.pairs[1].a)
    }

    @Test("modules are found by path")
    func lookup() throws {
        let adapter = try adapter(AdapterConfiguration(rank: 2, alpha: 4, targets: .allLinear))
        for (i, name) in adapter.names.enumerated() { #expect(adapter.index(of: name) == i) }
        #expect(adapter.index(of: "") == nil && adapter.index(of: "zzz") == nil && adapter["query"] == nil)
        #expect(adapter.parameterCount == 2 * 2 * (4 * 16 + 2 * 40))
    }

    @Test("ΔW is scaling · B · A, and merging adds it to the weight; merging at strength -1 takes it out")
    func mergesDelta() {
        let mergeTolerance: Float = 1e-5
        let pair = LowRankPair(a: random(3, 10, seed: 1), b: random(7, 3, seed: 2), scaling: 1.5)
        let delta = pair.deltaWeight()
        var expected = product(pair.b, pair.a)
        scale(&expected, by: 1.5)
        #expect(difference(delta, expected) < mergeTolerance)
        let weight = random(7, 10, seed: 3)
        var merged = weight
        pair.merge(into: &merged)
        var sum = weight
        add(delta.view, to: &sum)
        #expect(difference(merged, sum) < mergeTolerance)
        pair.merge(into: &merged, strength: -1)
        #expect(difference(merged, weight) < mergeTolerance)
    }

    @Test("strength 0 is the base model, strength 1 the adapter as it is")
    func strengths() throws {
        var adapter = try adapter(AdapterConfiguration(rank: 2, alpha: 4, targets: .attention))
        adapter.pairs[0].b = random(8, 2, seed: 3)
        #expect(adapter.scaled(by: 0).pairs[0].deltaWeight().elements().allSatisfy { $0 == 0 })
        #expect(adapter.scaled(by: 1).pairs[0].deltaWeight() == adapter.pairs[0].deltaWeight())
    }
}
