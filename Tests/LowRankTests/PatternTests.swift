import Files
import LowRank
import ModelFiles
import TestSupport
import Testing

@Suite("Which modules, ranks and scalings PEFT's patterns mean")
struct PatternTests {
    @Test("ranks, alphas, excluded modules and chosen layers are PEFT's")
    func recorded() throws {
        let adapter = try Recorded.adapter("patterns")
        let expected = try #require(try JSONValue.read(Recorded.folder + "/patterns.json").objectValue)
        #expect(adapter.names == expected.keys.sorted())
        for (name, pair) in zip(adapter.names, adapter.pairs) {
            #expect(pair.rank == expected[name]?["rank"]?.intValue)
            #expect(Double(pair.scaling) == expected[name]?["scaling"]?.doubleValue.map { Double(Float($0)) })
        }
        // The same modules are chosen among the model's.
        #expect(
            try LowRankAdapter.resolve(adapter.configuration, among: Recorded.modules()).map(\.name) == adapter.names)
    }

    @Test("a name all of whose modules are excluded matches nothing")
    func excludedNames() throws {
        let configuration = AdapterConfiguration(
            rank: 1, alpha: 1, targets: .names(["query", "key"]), exclusions: .names(["key"]))
        #expect {
            try LowRankAdapter.resolve(configuration, among: Recorded.modules())
        } throws: { "\($0)".contains("\"key\" matches no linear module") }
        let all = AdapterConfiguration(rank: 1, alpha: 1, targets: .allLinear, exclusions: .pattern(#".*layer\.1\..*"#))
        let adapter = try LowRankAdapter(configuration: all, modules: try Recorded.modules(), seed: 1)
        #expect(adapter.names.count == 6 && adapter.names.allSatisfy { $0.hasPrefix("encoder.layer.0.") })
    }

    @Test("an exclusion that is no regular expression is refused")
    func invalidExclusion() throws {
        let configuration = AdapterConfiguration(rank: 1, alpha: 1, targets: .allLinear, exclusions: .pattern("("))
        #expect {
            try LowRankAdapter.resolve(configuration, among: Recorded.modules())
        } throws: { error in
            guard case .invalidPattern(let pattern, _) = error as? LowRankError else { return false }
            return pattern == "("
        }
    }
}
