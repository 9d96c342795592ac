import Encoders
import Files
import LowRank
import ModelFiles
import TestSupport
import Testing
import VectorMath

@Suite("Many adapters over one base")
struct MultiAdapterTests {
    /// Texts of many lengths, some more than once.
    private static let texts = (0..<90).map { i in
        let words = ["cat", "dog", "bank", "swift", "running", "ü"]
        return (0...(i * 37 % 29)).map { words[($0 * 7 + i) % words.count] }.joined(separator: " ") + " \(i % 80)"
    }

    private func base(_ precision: Precision = .f32) throws -> TextEncoder {
        try TextEncoder(model: ModelFolder(path: TinyBERT.path), precision: precision)
    }

    /// An adapter of its own rank and targets for every number, its product not zero.
    private func adapter(_ number: Int, of base: TextEncoder, stretched: Bool = false) throws -> LowRankAdapter {
        let targets: [AdapterTargets] = [.attention, .allLinear, .names(["query", "output.dense"])]
        let rank = 2 + number % 5
        var adapter = try LowRankAdapter(
            configuration: AdapterConfiguration(
                rank: rank, alpha: 8, targets: targets[number % targets.count], useDoRA: stretched),
            modules: base.model.linearModules, values: .random, seed: UInt64(number)
        ) { base.model.encoder.weight(of: $0.name)! }
        for i in adapter.pairs.indices {
            adapter.pairs[i].b = random(adapter.pairs[i].outputWidth, rank, seed: UInt64(31 * number + i), scale: 0.2)
        }
        return adapter
    }

    /// Texts that take turns through the base, six adapters and one with magnitudes.
    private func mixture(_ precision: Precision = .f32) throws -> (MultiAdapterEncoder, [String?]) {
        var encoder = try MultiAdapterEncoder(base: base(precision))
        for number in 0..<7 {
            try encoder.set(adapter(number, of: encoder.base, stretched: number == 6), as: "team \(number)")
        }
        return (encoder, Self.texts.indices.map { $0 % 8 == 7 ? nil : "team \($0 * 5 % 7)" })
    }

    @Test(
        "a text's vector has the bits that its adapter alone gives it, at any place and with any threads",
        arguments: Precision.allCases)
    func equalsAlone(precision: Precision) throws {
        let (encoder, names) = try mixture(precision)
        let found = try encoder.encode(Self.texts, adapters: names)
        for (i, name) in names.enumerated() {
            let alone = try encoder.encoder(named: name).encode([Self.texts[i]])
            #expect(Array(found.row(i)) == Array(alone.row(0)), "text \(i) through \(name ?? "the base")")
        }
        let order = Self.texts.indices.sorted { $0 * 53 % 97 < $1 * 53 % 97 }
        for width in [1, 3] {
            let shuffled = try ThreadPool.withWidth(width) {
                try encoder.encode(order.map { Self.texts[$0] }, adapters: order.map { names[$0] })
            }
            for (i, text) in order.enumerated() { #expect(Array(shuffled.row(i)) == Array(found.row(text))) }
        }
    }

    @Test("adapters change what they are named for: equal texts have different vectors by different adapters")
    func adaptersDiffer() throws {
        let (encoder, _) = try mixture()
        let names: [String?] = [nil] + encoder.names
        let vectors = try encoder.encode(names.map { _ in "the cat sat" }, adapters: names)
        for i in names.indices {
            for j in 0..<i { #expect(Array(vectors.row(i)) != Array(vectors.row(j))) }
        }
        #expect(Set(try names.map { try encoder.encoder(named: $0).space }).count == names.count)
    }

    @Test("queries and documents get the model's prompts")
    func prompts() throws {
        let folder = try TinyBERT.folder(settings: ["prompts": ["query": "find: ", "document": "text: "]])
        let base = try TextEncoder(model: ModelFolder(path: folder.path))
        var encoder = try MultiAdapterEncoder(base: base)
        let adapter = try adapter(1, of: base)
        try encoder.set(adapter, as: "one")
        let tuned = try base.adapted(by: adapter)
        let texts = ["a cat", "a dog"]
        #expect(
            try encoder.encodeQueries(texts, adapters: ["one", "one"]) == tuned.encodeQueries(texts))
        #expect(try encoder.encodeDocuments(texts, adapters: ["one", "one"]) == tuned.encodeDocuments(texts))
        #expect(
            try encoder.encode(texts, adapters: ["one", "one"], prompt: "query") == tuned.encodeQueries(texts))
    }

    @Test("a name that nobody knows is refused with those that are known")
    func unknownName() throws {
        var encoder = try MultiAdapterEncoder(base: base())
        #expect(throws: EncodersError.self) { try encoder.encode(["a"], adapters: ["legal"]) }
        try encoder.set(adapter(0, of: encoder.base), as: "medicine")
        try encoder.set(adapter(1, of: encoder.base), as: "law")
        let error = #expect(throws: EncodersError.self) { try encoder.encode(["a", "b"], adapters: [nil, "legal"]) }
        #expect(error?.description == "there is no adapter \"legal\"; known: law, medicine")
        let removed = (encoder.remove("law"), encoder.remove("law"))
        #expect(removed == (true, false))
        #expect(throws: EncodersError.self) { try encoder.encode(["a"], adapters: ["law"]) }
        #expect(try encoder.encode([], adapters: []).rows == 0)
    }

    @Test("an adapter that does not fit leaves the pool as it was")
    func unfit() throws {
        let base = try base()
        let pool = try AdapterPool(base: base)
        let good = try adapter(0, of: base)
        try pool.set(good, as: "team")
        var bad = good
        bad.pairs[0].a = random(bad.pairs[0].rank, 7, seed: 1)
        #expect(throws: EncodersError.self) { try pool.set(bad, as: "team") }
        #expect(
            try pool.snapshot.encode(["a cat"], adapters: ["team"]) == base.adapted(by: good).encode(["a cat"]))
    }

    @Test("adapters are swapped under load in one moment: every request sees one of them for all its texts")
    func swap() async throws {
        let base = try base()
        let pool = try AdapterPool(base: base)
        let adapters = try (0..<2).map { try adapter($0, of: base) }
        let texts = Array(Self.texts.prefix(20))
        let expected = try adapters.map { try base.adapted(by: $0).encode(texts) }
        let spaces = try adapters.map { try base.adapted(by: $0).space }
        try pool.set(adapters[0], as: "team")
        try await withThrowingTaskGroup(of: Set<Int>.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    var seen: Set<Int> = []
                    for _ in 0..<60 {
                        let snapshot = pool.snapshot
                        let found = try snapshot.encode(texts, adapters: texts.map { _ in "team" })
                        let which = try #require(expected.firstIndex(of: found))
                        #expect(try snapshot.encoder(named: "team").space == spaces[which])
                        seen.insert(which)
                    }
                    return seen
                }
            }
            group.addTask {
                for i in 0..<120 { try pool.set(adapters[(i + 1) % 2], as: "team") }
                return []
            }
            for try await _ in group {}
        }
        #expect(try pool.snapshot.encode(texts, adapters: texts.map { _ in "team" }) == expected[0])
    }
}
