import Corpora
import Testing

@Suite("A sample of a data set")
struct SampleTests {
    private let set = DataSet(
        corpus: (0..<100).map { Passage(id: "d\($0)", text: "passage \($0)") },
        queries: (0..<30).map { Query(id: "q\($0)", text: "query \($0)") },
        judgements: [
            "dev": Dictionary(
                uniqueKeysWithValues: (0..<20).map { ("q\($0)", ["d\($0)": 1, "d\($0 + 50)": 0]) })
        ])

    @Test("holds some of the judged queries, every passage judged for them, and others up to the number asked for")
    func sample() throws {
        let sample = try set.sample(split: "dev", queryCount: 5, passageCount: 40)
        #expect(sample.queries.count == 5 && sample.queries.allSatisfy { sample.judgements["dev"]?[$0.id] != nil })
        #expect(sample.corpus.count == 40)
        let ids = Set(sample.corpus.map(\.id))
        for judged in sample.judgements["dev"]!.values { #expect(judged.keys.allSatisfy(ids.contains)) }
        #expect(try set.sample(split: "dev", queryCount: 5, passageCount: 40) == sample)
    }

    @Test("is the whole split where that is smaller, and holds all judged passages where few were asked for")
    func bounds() throws {
        let whole = try set.sample(split: "dev", queryCount: 1000, passageCount: 1000)
        #expect(whole.queries.count == 20 && whole.corpus == set.corpus)
        #expect(try set.sample(split: "dev", queryCount: 20, passageCount: 1).corpus.count == 40)
        #expect(throws: CorporaError.self) { try set.sample(split: "train", queryCount: 1, passageCount: 1) }
    }
}
