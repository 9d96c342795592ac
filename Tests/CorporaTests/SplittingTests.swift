import Files
import TestSupport
import Testing

@testable import Corpora

@Suite("Splitting and importing")
struct SplittingTests {
    private let fractions = SplitFractions(test: 0.25, dev: 0.25)

    private func chains() -> DataSet {
        // Queries 0…199; each shares a document with its neighbour within groups of five.
        let queries = (0..<200).map { Query(id: "q\($0)", text: "text \($0)") }
        let corpus = (0..<241).map { Passage(id: "d\($0)", text: "passage \($0)") }
        var relevance: Relevance = [:]
        for number in 0..<200 {
            relevance["q\(number)"] = ["d\(number + number / 5)": 1, "d\(number + number / 5 + 1)": 1, "d240": 0]
        }
        return DataSet(corpus: corpus, queries: queries, judgements: ["all": relevance])
    }

    @Test("keeps queries together that share a relevant document")
    func grouping() throws {
        guard case .retrieval(let set) = try DataSetKind.retrieval(chains()).split(fractions, seed: 3) else { return }
        #expect(set.splits == ["train", "dev", "test"])
        #expect(set.judgements.values.reduce(0) { $0 + $1.count } == 200)
        var owner: [String: String] = [:]
        for (split, relevance) in set.judgements {
            for (document, grade) in relevance.values.joined() where grade > 0 {
                #expect(owner.updateValue(split, forKey: document) ?? split == split)
            }
        }
        let share = Double(set.judgements["test"]?.count ?? 0) / 200
        #expect(share > 0.1 && share < 0.45)
    }

    @Test("splits the same way for the same seed, and otherwise for another")
    func seeds() throws {
        let kind = DataSetKind.retrieval(chains())
        #expect(try kind.split(fractions, seed: 1) == kind.split(fractions, seed: 1))
        #expect(try kind.split(fractions, seed: 1) != kind.split(fractions, seed: 2))
    }

    @Test("leaves rows where they were when unrelated rows are added")
    func stability() throws {
        let rows = (0..<300).map { TrainingTuple(anchor: "a\($0)", positive: "p\($0)") }
        guard case .tuples(let small) = try DataSetKind.tuples(["train": Array(rows[..<200])]).split(fractions),
            case .tuples(let large) = try DataSetKind.tuples(["x": rows]).split(fractions)
        else { return }
        for (split, found) in small {
            #expect(Set(found.map(\.anchor)).isSubset(of: Set((large[split] ?? []).map(\.anchor))))
        }
    }

    @Test("keeps tuples, pairs and texts together that have a text in common")
    func rows() throws {
        let tuples = (0..<100).map { TrainingTuple(anchor: "A \($0 / 2)", positive: "p\($0)") }
        guard case .tuples(let split) = try DataSetKind.tuples(["train": tuples]).split(fractions) else { return }
        for rows in split.values {
            #expect(Dictionary(grouping: rows, by: \.anchor).values.allSatisfy { $0.count == 2 })
        }
        let pairs = (0..<100).map { ScoredPair(first: "s\($0)", second: "s\($0 + ($0 % 3 == 2 ? 1000 : 1))", score: 1) }
        guard case .scoredPairs(let found) = try DataSetKind.scoredPairs(["train": pairs]).split(fractions) else {
            return
        }
        var owner: [String: String] = [:]
        for (name, rows) in found {
            for text in rows.flatMap({ [$0.first, $0.second] }) {
                #expect(owner.updateValue(name, forKey: text) ?? name == name)
            }
        }
    }

    @Test("says so when there are too few groups for a split")
    func tooFew() throws {
        let one = DataSetKind.tuples(["train": (0..<50).map { TrainingTuple(anchor: "same", positive: "p\($0)") }])
        let error = try #require(throws: CorporaError.self) { try one.split(SplitFractions(test: 0.2, dev: 0.1)) }
        #expect(error.description.contains("holds no groups of rows enough to make the split"))
        #expect(throws: CorporaError.self) { try one.split(SplitFractions(test: -0.1, dev: 0)) }
        #expect(throws: CorporaError.self) { try one.split(SplitFractions(test: .nan, dev: 0)) }
        #expect(
            try DataSetKind.retrieval(chains()).split(SplitFractions(test: 0.3, dev: 0)).splits == ["train", "test"])
    }

    @Test("imports rows of several formats into one retrieval set")
    func importing() throws {
        let folder = try TemporaryFolder()
        let first = try folder.write(
            "{\"query\": \"q\", \"pos\": [\"p\", \"r\"], \"neg\": [\"n\", \"p\"]}\n{\"query\": \"e\", \"pos\": []}\n",
            to: "train.jsonl")
        let second = try folder.write("anchor,positive\nq,r\nq2,p\n,x\n", to: "dev.csv")
        let third = try folder.write(
            "{\"query_id\": \"own\", \"query\": \"q3\", \"positive_passages\": [{\"docid\": \"D 1\", \"title\": \"T\", \"text\": \"t\"}, {\"docid\": \"D2\", \"text\": \"u\"}]}\n",
            to: "other.jsonl")
        let (set, statistics) = try DataSetImporter.read([first, second, third])
        #expect(set.corpus.map(\.embeddedText) == ["p", "r", "n", "T t", "u"])
        #expect(set.corpus.map(\.id) == ["d1", "d2", "d3", "d4", "D2"])
        #expect(set.queries.map(\.id) == ["q1", "q2", "own"])
        #expect(
            set.judgements == [
                "train": ["q1": ["d1": 1, "d2": 1, "d3": 0], "own": ["d4": 1, "D2": 1]],
                "dev": ["q1": ["d2": 1], "q2": ["d1": 1]],
            ])
        #expect(
            statistics
                == DataSetImporter.Statistics.make {
                    ($0.files, $0.rows, $0.documents, $0.queries) = (3, 6, 5, 3)
                    ($0.positives, $0.negatives, $0.repeatedDocuments, $0.skippedRows, $0.contradictions) = (
                        6, 1, 3, 2, 1
                    )
                })
        try DataSetWriter.write(set, to: folder.file("set"))
        guard case .retrieval(let opened) = try DataSet.open(folder.file("set")) else { return }
        #expect(try opened.trainingTuples(split: "train").first?.negatives == ["n"])
    }

    @Test("imports texts alone, and texts with labels")
    func importingTexts() throws {
        let folder = try TemporaryFolder()
        let texts = try folder.write(
            "{\"text\": \"a\"}\n{\"text\": \"b\", \"title\": \"T\", \"_id\": \"own\"}\n{\"text\": \"a\"}\n",
            to: "texts.jsonl")
        let labelled = try folder.write("text\tlabel\nc\tx\n", to: "labels.tsv")
        let (set, statistics) = try DataSetImporter.read([texts, labelled])
        #expect(set.corpus.map(\.id) == ["d1", "own", "d3"])
        #expect(set.corpus[2].metadata == ["label": "x"])
        #expect(set.queries.isEmpty && statistics.repeatedDocuments == 1)
    }

    @Test("refuses files that it cannot import")
    func importErrors() throws {
        let folder = try TemporaryFolder()
        let scored = try folder.write("sentence1,sentence2,score\na,b,1\n", to: "s.csv")
        #expect(
            throws: CorporaError.notADataSet(
                path: scored, reason: "scored pairs have no place in a retrieval data set: use the file as it is")
        ) {
            try DataSetImporter.read([scored])
        }
        let empty = try folder.write("anchor,positive\n,\n", to: "e.csv")
        #expect(throws: CorporaError.empty(path: empty, expected: "documents")) { try DataSetImporter.read([empty]) }
        #expect(throws: CorporaError.self) { try DataSetImporter.read([folder.file("missing.csv")]) }
    }

    @Test("pairs texts that have the same label")
    func labels() {
        let texts =
            (0..<30).map { LabelledText(text: "t\($0)", label: "\($0 % 4)") } + [
                LabelledText(text: "alone", label: "z")
            ]
        let label = Dictionary(uniqueKeysWithValues: texts.map { ($0.text, $0.label) })
        let tuples = LabelledText.trainingTuples(texts, seed: 5)
        #expect(tuples.count == 30)
        #expect(Set(tuples.map(\.positive)).count == 30)
        #expect(tuples.allSatisfy { $0.anchor != $0.positive && label[$0.anchor] == label[$0.positive] })
        #expect(LabelledText.trainingTuples(texts, seed: 6) != tuples)
    }

    @Test("searches labelled texts for others with the same label")
    func labelSearch() throws {
        let set = try DataSet.searchingLabels([
            "train": [.init(text: "a", label: "1"), .init(text: "b", label: "2")],
            "test": [.init(text: "c", label: "2"), .init(text: "d", label: "3")],
        ])
        #expect(set.queries.map(\.text) == ["c"])
        #expect(set.judgements == ["test": ["test-1": ["train-2": 1]]])
        #expect(throws: CorporaError.noSuchSplit(path: "", split: "train", available: ["test"])) {
            try DataSet.searchingLabels(["test": []])
        }
    }
}

extension DataSetImporter.Statistics {
    static func make(_ change: (inout Self) -> Void) -> Self {
        var statistics = Self()
        change(&statistics)
        return statistics
    }
}
