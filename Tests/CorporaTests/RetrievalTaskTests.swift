import Testing

@testable import Corpora

@Suite("A split as a retrieval task")
struct RetrievalTaskTests {
    @Test("anchors are to find their positives among all texts of the split, each text once")
    func tuples() throws {
        let kind = DataSetKind.tuples([
            "train": [TrainingTuple(anchor: "other", positive: "elsewhere")],
            "dev": [
                TrainingTuple(anchor: "a", positive: "x", negatives: ["y", "z"]),
                TrainingTuple(anchor: "b", positive: "y"), TrainingTuple(anchor: "a", positive: "w"),
            ],
        ])
        let task = try kind.retrievalTask(split: "dev", path: "data")
        #expect(task.corpus.map(\.text) == ["x", "y", "z", "w"])
        #expect(task.queries.map(\.text) == ["a", "b"])
        let ids = Dictionary(uniqueKeysWithValues: task.corpus.map { ($0.text, $0.id) })
        let (a, b) = (task.queries[0].id, task.queries[1].id)
        #expect(task.judgements == ["dev": [a: [ids["x"]!: 1, ids["w"]!: 1], b: [ids["y"]!: 1]]])
    }

    @Test("a retrieval set is one as it is")
    func retrieval() throws {
        let set = DataSet(
            path: "data", corpus: [Passage(id: "d", text: "x")], queries: [Query(id: "q", text: "a")],
            judgements: ["dev": ["q": ["d": 1]], "empty": [:]])
        #expect(try DataSetKind.retrieval(set).retrievalTask(split: "dev", path: "data") == set)
        #expect(throws: CorporaError.empty(path: "data", expected: "judgements in \"empty\"")) {
            try DataSetKind.retrieval(set).retrievalTask(split: "empty", path: "data")
        }
    }

    @Test("texts are to find those of their label in the split train")
    func labels() throws {
        let kind = DataSetKind.labelledTexts([
            "train": [LabelledText(text: "x", label: "1"), LabelledText(text: "y", label: "2")],
            "dev": [LabelledText(text: "other", label: "1")], "test": [LabelledText(text: "a", label: "2")],
        ])
        let task = try kind.retrievalTask(split: "test", path: "data")
        #expect(task.corpus.map(\.text) == ["x", "y"])
        #expect(task.queries.map(\.text) == ["a"])
        #expect(task.judgements == ["test": [task.queries[0].id: [task.corpus[1].id: 1]]])
        #expect(throws: CorporaError.self) { try kind.retrievalTask(split: "train", path: "data") }
    }

    @Test("says which splits there are, and what holds no queries")
    func refusals() throws {
        let rows = ["train": [TrainingTuple(anchor: "a", positive: "b")], "dev": []]
        #expect(throws: CorporaError.noSuchSplit(path: "p", split: "test", available: ["train", "dev"])) {
            try DataSetKind.tuples(rows).retrievalTask(split: "test", path: "p")
        }
        #expect(throws: CorporaError.empty(path: "p", expected: "rows in \"dev\"")) {
            try DataSetKind.tuples(rows).retrievalTask(split: "dev", path: "p")
        }
        for kind in [DataSetKind.scoredPairs(["dev": []]), .labelledTexts(["dev": []])] {
            #expect(throws: CorporaError.self) { try kind.retrievalTask(split: "dev", path: "p") }
        }
    }
}
