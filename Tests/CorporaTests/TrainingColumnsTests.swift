import Files
import TestSupport
import Testing

@testable import Corpora

@Suite("Columns for losses")
struct TrainingColumnsTests {
    private func open(_ name: String, _ text: String) throws -> DataSetKind {
        let folder = try TemporaryFolder()
        try folder.write(text, to: name)
        return try DataSet.open(folder.file(name))
    }

    private func tuple(_ negatives: [String], _ scores: [Double]) -> DataSetKind {
        .tuples(["train": [TrainingTuple(anchor: "q", positive: "p", negatives: negatives, scores: scores)]])
    }

    @Test("read a teacher's scores of a tuple: one for each text, margins, or a single margin")
    func scores() throws {
        let start = #"{"query": "q", "positive": "p", "negative_1": "n", "negative_2": "m", "#
        #expect(try open("train.jsonl", start + #""label": [0.9, 0.2, 0.1]}"#) == tuple(["n", "m"], [0.9, 0.2, 0.1]))
        #expect(try open("train.jsonl", start + #""scores": [3, 4]}"#) == tuple(["n", "m"], [0, -3, -4]))
        #expect(
            try open("train.csv", "anchor,positive,negative,score\nq,p,n,2.5\n") == tuple(["n"], [0, -2.5]))
        #expect(
            try open("train.csv", "anchor,positive,negative,scores\nq,p,n,\"[2, 0.5]\"\n") == tuple(["n"], [2, 0.5]))
        #expect(try open("train.csv", "anchor,positive,negative,score\nq,p,n,\n") == tuple(["n"], []))
    }

    @Test("read the scores of FlagEmbedding, a tuple for each positive")
    func flagEmbedding() throws {
        let row = #"{"query": "q", "pos": ["p", "r"], "neg": ["n"], "pos_scores": [0.9, 0.8], "neg_scores": [0.1]}"#
        #expect(
            try open("train.jsonl", row)
                == .tuples([
                    "train": [
                        TrainingTuple(anchor: "q", positive: "p", negatives: ["n"], scores: [0.9, 0.1]),
                        TrainingTuple(anchor: "q", positive: "r", negatives: ["n"], scores: [0.8, 0.1]),
                    ]
                ]))
    }

    @Test("read the names of classes of pairs, under either pair of names")
    func classes() throws {
        let expected = DataSetKind.classifiedPairs([
            "train": [
                ClassifiedPair(first: "a", second: "b", label: "entailment"),
                ClassifiedPair(first: "c", second: "d", label: "neutral"),
            ]
        ])
        for header in ["premise,hypothesis,label", "sentence1,sentence2,label"] {
            #expect(try open("train.csv", header + "\na,b,entailment\nc,d,neutral\n") == expected)
        }
        #expect(
            try open("train.csv", "premise,hypothesis,label\na,b,2\n")
                == .scoredPairs(["train": [ScoredPair(first: "a", second: "b", score: 2)]]))
    }

    @Test("read a teacher's vectors, of single texts and of pairs")
    func vectors() throws {
        let text = TaughtText(text: "a", vector: [1, -0.5])
        #expect(
            try open("train.jsonl", #"{"text": "a", "vector": [1, -0.5]}"#) == .taughtTexts(["train": [text]]))
        #expect(
            try open("train.jsonl", #"{"text": "a", "label": [1, -0.5]}"#) == .taughtTexts(["train": [text]]))
        #expect(
            try open("train.jsonl", #"{"sentence1": "a", "sentence2": "ä", "label": [1, -0.5]}"#)
                == .taughtTexts(["train": [text, TaughtText(text: "ä", vector: [1, -0.5])]]))
    }

    @Test(
        "that are wrong are refused with their line",
        arguments: [
            (
                #"{"query": "q", "positive": "p", "negative": "n", "label": [1, 2, 3]}"#,
                ":1: label: 1 margins or 2 scores"
            ),
            (#"{"query": "q", "positive": "p", "negative": "n", "label": "x"}"#, ":1: label: a number expected"),
            (#"{"query": "q", "positive": "p", "negative": "n", "label": [1, "x"]}"#, ":1: label: a list of numbers"),
            (
                #"{"query": "q", "pos": ["p"], "neg": ["n"], "pos_scores": [1, 2], "neg_scores": [1]}"#,
                ":1: 2 and 1 scores for 1 positives and 1 negatives"
            ),
            (
                "{\"text\": \"a\", \"vector\": [1]}\n{\"text\": \"b\", \"vector\": [1, 2]}",
                ":2: a vector of 2 numbers was found, 1"
            ),
            (#"{"text": "a", "vector": []}"#, ":1: a vector of 0 numbers was found, 1"),
            (#"{"text": "a", "vector": [1e300]}"#, ":1: a vector of 1 numbers was found, 1 finite"),
            (
                "{\"premise\": \"a\", \"hypothesis\": \"b\", \"label\": \"x\"}\n{\"premise\": \"a\", \"hypothesis\": \"b\", \"label\": 0.5}",
                ":2: label: a text or a whole number"
            ),
        ])
    func wrong(text: String, message: String) throws {
        let error = #expect(throws: CorporaError.self) { try open("train.jsonl", text) }
        #expect(error?.description.contains("train.jsonl" + message) == true, "\(String(describing: error))")
    }

    @Test("are written as they are read, and divided with what belongs together")
    func roundTrips() throws {
        let folder = try TemporaryFolder()
        let kinds: [DataSetKind] = [
            tuple(["n", "m"], [0.5, 0.25, 0]),
            .classifiedPairs(["dev": [ClassifiedPair(first: "a", second: "b", label: "x")]]),
            .taughtTexts(["train": [TaughtText(text: "a", vector: [0.1, 2])]]),
        ]
        for (number, kind) in kinds.enumerated() {
            try DataSetWriter.write(kind, to: folder.file("k\(number)"))
            #expect(try DataSet.open(folder.file("k\(number)")) == kind)
        }
        let pairs = (0..<60).map { ClassifiedPair(first: "a\($0 / 2)", second: "b\($0)", label: "x") }
        guard
            case .classifiedPairs(let parts) = try DataSetKind.classifiedPairs(["train": pairs]).split(
                SplitFractions(test: 0.3, dev: 0.2))
        else {
            Issue.record("another kind")
            return
        }
        #expect(parts.values.map(\.count).reduce(0, +) == 60)
        let firsts = parts.values.map { Set($0.map(\.first)) }
        #expect(firsts.map(\.count).reduce(0, +) == 30)
    }

    @Test("a group of tuples is the label that they were made of")
    func groups() {
        let tuples = LabelledText.trainingTuples([
            LabelledText(text: "a", label: "x"), LabelledText(text: "b", label: "x"),
            LabelledText(text: "c", label: "y"),
        ])
        #expect(tuples.map(\.group) == ["x", "x"])
    }
}
