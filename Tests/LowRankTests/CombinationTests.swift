import Files
import LowRank
import ModelFiles
import TestSupport
import Testing
import VectorMath

@Suite("Combinations of adapters")
struct CombinationTests {
    /// One combination that PEFT was asked for.
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        let adapters: [String]
        let weights: [Double]
        let combination: AdapterCombination
        var testDescription: String { name }

        init(_ value: JSONValue, masks file: SafetensorsFile) throws {
            let name = try #require(value["name"]?.stringValue)
            let adapters = try #require(value["adapters"]?.arrayValue).compactMap(\.stringValue)
            self.name = name
            self.adapters = adapters
            weights = try #require(value["weights"]?.arrayValue).compactMap(\.doubleValue)
            combination = AdapterCombination(
                try #require(AdapterCombination.Kind(rawValue: value["type"]?.stringValue ?? "")),
                rank: value["svd_rank"]?.intValue, density: value["density"]?.doubleValue,
                signs: value["majority_sign_method"]?.stringValue == "frequency" ? .frequency : .total,
                mask: .given { adapter, module, factor in
                    let part = factor == .a ? "A" : factor == .b ? "B" : "product"
                    return file.tensor("\(name)/masks/\(adapters[adapter])/\(module).\(part)")?.floats().map { $0 != 0 }
                        ?? []
                })
        }

        func combine() throws -> LowRankAdapter {
            let parts = try zip(adapters, weights).map { (adapter: try Recorded.adapter($0), weight: $1) }
            return try LowRankAdapter(combining: parts, by: combination)
        }
    }

    static let cases: [Case] = {
        guard let file = try? Recorded.tensors("combinations"),
            let list = try? JSONValue.read(Recorded.folder + "/combinations.json").arrayValue
        else { return [] }
        return list.compactMap { try? Case($0, masks: file) }
    }()

    @Test("every type that PEFT has was recorded")
    func completeness() {
        #expect(Set(Self.cases.map(\.combination.kind)) == Set(AdapterCombination.Kind.allCases))
    }

    @Test("the products are PEFT's", arguments: cases)
    func products(of one: Case) throws {
        let file = try Recorded.tensors("combinations")
        let result = try one.combine()
        let modules = file.names.filter { $0.hasPrefix(one.name + "/encoder") && $0.hasSuffix(".A") }.map {
            String($0.dropFirst(one.name.count + 1).dropLast(2))
        }
        #expect(modules.sorted() == result.names && !modules.isEmpty)
        for (name, pair) in zip(result.names, result.pairs) {
            let expected = product(
                try Recorded.matrix("\(one.name)/\(name).B", in: file),
                try Recorded.matrix("\(one.name)/\(name).A", in: file))
            #expect(difference(pair.deltaWeight(), expected) < Recorded.tolerance, "\(name)")
            #expect(pair.scaling == 1)
        }
    }

    @Test(
        "the factors of types that work on A and B are PEFT's too",
        arguments: cases.filter { !$0.combination.kind.worksOnProducts && $0.combination.kind != .cat })
    func factors(of one: Case) throws {
        let file = try Recorded.tensors("combinations")
        let result = try one.combine()
        for (name, pair) in zip(result.names, result.pairs) {
            #expect(difference(pair.a, try Recorded.matrix("\(one.name)/\(name).A", in: file)) < Recorded.tolerance)
            #expect(difference(pair.b, try Recorded.matrix("\(one.name)/\(name).B", in: file)) < Recorded.tolerance)
        }
    }

    @Test("a combination can be written, and is read again as it is", arguments: cases)
    func roundTrip(of one: Case) throws {
        let folder = try TemporaryFolder()
        let result = try one.combine()
        try result.write(to: folder.path + "/out")
        let again = try LowRankAdapter(path: folder.path + "/out")
        #expect(again.names == result.names)
        for (a, b) in zip(again.pairs, result.pairs) { #expect(a.a == b.a && a.b == b.b && a.scaling == 1) }
    }

    @Test("cat is exactly the weighted sum of the changes, and svd is the nearest to it of its rank")
    func sums() throws {
        let adapters = try ["one", "three"].map(Recorded.adapter)
        let parts = zip(adapters, [0.5, -2]).map { (adapter: $0, weight: $1) }
        let sum = try LowRankAdapter(combining: parts, by: AdapterCombination(.cat))
        let full = try LowRankAdapter(combining: parts, by: AdapterCombination(.svd, rank: 6))
        let name = "encoder.layer.0.attention.self.query"
        var expected = adapters[0][name]!.deltaWeight()
        scale(&expected, by: 0.5)
        add(adapters[1][name]!.deltaWeight().view, to: &expected, scale: -2)
        #expect(sum[name]?.rank == 6 && sum["encoder.layer.0.output.dense"]?.rank == 2)
        #expect(difference(sum[name]!.deltaWeight(), expected) < Recorded.tolerance)
        #expect(difference(full[name]!.deltaWeight(), expected) < Recorded.tolerance)
        let cut = try LowRankAdapter(combining: parts, by: AdapterCombination(.svd, rank: 2))
        let left = try SingularValueDecomposition(expected.view).values.dropFirst(2)
        var rest = cut[name]!.deltaWeight()
        add(expected.view, to: &rest, scale: -1)
        let predicted = left.reduce(0) { $0 + $1 * $1 }.squareRoot()
        #expect(abs(Float(sumOfSquares(rest.view).squareRoot()) - predicted) < Recorded.tolerance * predicted * 10)
    }

    @Test("a seed drops the same values again, another seed others; about the density is kept")
    func seeds() throws {
        let parts = try ["one", "two"].map { (adapter: try Recorded.adapter($0), weight: 1.0) }
        func combined(_ seed: UInt64) throws -> LowRankAdapter {
            try LowRankAdapter(
                combining: parts, by: AdapterCombination(.dareLinear, density: 0.5, mask: .seed(seed)))
        }
        let first = try combined(1)
        #expect(zip(first.pairs, try combined(1).pairs).allSatisfy { $0.a == $1.a && $0.b == $1.b })
        #expect(zip(first.pairs, try combined(2).pairs).contains { $0.a != $1.a })
        // Values come from one adapter alone: half of them are gone.
        let values = first["encoder.layer.0.attention.self.value"]!.a.elements()
        let kept = values.count { $0 != 0 }
        // Five standard errors of 128 draws.
        #expect(abs(Double(kept) - 64) < 5 * (128 * 0.25).squareRoot())
    }

    @Test("what does not go together is refused, and why is said")
    func refusals() throws {
        let one = try Recorded.adapter("one")
        let three = try Recorded.adapter("three")
        func message(_ parts: [(adapter: LowRankAdapter, weight: Double)], _ combination: AdapterCombination) -> String?
        {
            errorMessage { try LowRankAdapter(combining: parts, by: combination) }
        }
        #expect(message([], AdapterCombination()) == "the adapters cannot be combined: there are none")
        #expect(
            message([(one, 1), (three, 1)], AdapterCombination(.linear))
                == "the adapters cannot be combined: linear wants equal ranks, module encoder.layer.0.attention.self.query has 4, 2"
        )
        #expect(
            message([(one, .nan), (three, 1)], AdapterCombination()) == "weight is nan, a number expected")
        for density in [nil, 0, -0.5, 1.5, .nan] as [Double?] {
            #expect(
                message([(one, 1), (one, 1)], AdapterCombination(.ties, density: density))?.hasPrefix("density is ")
                    == true)
        }
        #expect(
            message([(one, 1), (one, 1)], AdapterCombination(.svd, rank: 33))
                == "rank 33 of module encoder.layer.0.attention.self.query is outside 1...32")
        #expect(message([(one, 1), (one, 1)], AdapterCombination(.svd, rank: 0)) == "rank is 0, at least 1 expected")
        #expect(
            message([(one, 1), (one, 1)], AdapterCombination(.cat, rank: 3))?.contains("cannot be given a rank") == true
        )
        #expect(message([(one, 1)], AdapterCombination(.svd, rank: 3))?.contains("compress it") == true)
        #expect(
            message(
                [(one, 1), (one, 1)],
                AdapterCombination(.dareTies, density: 0.5, mask: .given { _, _, _ in [true] }))?
                .contains("1 values, 128 values expected") == true)
        var broken = one
        broken.pairs[0].a[0, 0] = .nan
        #expect(
            message([(broken, 1), (one, 1)], AdapterCombination(.ties, density: 0.5))?.contains("not finite") == true)
        let narrow = try LowRankAdapter(
            configuration: AdapterConfiguration(rank: 4, alpha: 4, targets: .attention), modules: AdapterTests.modules,
            seed: 1)
        #expect(message([(one, 1), (narrow, 1)], AdapterCombination(.cat))?.contains("has shape [8, 8]") == true)
        #expect(
            message([(try Recorded.adapter("dora"), 1), (one, 1)], AdapterCombination())
                == "combining works on products B · A alone, and this adapter has the magnitudes of DoRA: merge it instead"
        )
    }

    @Test("targets are united: names by name, other choices spelled out")
    func targets() throws {
        let modules = AdapterTests.modules
        func adapter(_ targets: AdapterTargets, layers: [Int]? = nil) throws -> LowRankAdapter {
            try LowRankAdapter(
                configuration: AdapterConfiguration(rank: 2, alpha: 2, targets: targets, layersToTransform: layers),
                modules: modules, seed: 1)
        }
        func united(_ one: LowRankAdapter, _ two: LowRankAdapter) throws -> AdapterConfiguration {
            try LowRankAdapter(combining: [(one, 1), (two, 1)], by: AdapterCombination(.cat)).configuration
        }
        let query = try adapter(.names(["query"]))
        #expect(try united(query, adapter(.names(["value"]))).targets == .names(["query", "value"]))
        let inOne = try united(query, adapter(.names(["query"]), layers: [1]))
        #expect(inOne.targets == .names(query.names) && inOne.layersToTransform == nil)
        let pattern = try united(query, adapter(.pattern(".*layer.0.*key")))
        #expect(pattern.targets == .names((query.names + ["encoder.layer.0.attention.self.key"]).sorted()))
        #expect(try united(adapter(.pattern(".*key")), adapter(.pattern(".*key"))).targets == .pattern(".*key"))
        // A module of another rank is an exception that names it and no other.
        let mixed = try united(query, adapter(.names(["query"]), layers: [1]))
        #expect(mixed.rank(of: "encoder.layer.0.attention.self.query") == 2)
        #expect(mixed.rank(of: "encoder.layer.1.attention.self.query") == 4)
        #expect(mixed.rank(of: "encoder_layer_0.attention.self.query") == 4)
        #expect(mixed.rank(of: "x.encoder.layer.0.attention.self.query") == 4)
    }
}
