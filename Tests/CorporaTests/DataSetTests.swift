import Files
import TestSupport
import Testing

@testable import Corpora

@Suite("Opening data sets")
struct DataSetTests {
    private let corpus = """
        {"_id": "d1", "title": "One", "text": "first text"}
        {"_id": 2, "text": "second", "metadata": {"kind": "x"}, "source": "a.html", "start": 3, "end": 9, "other": [1]}

        """
    private let queries =
        "{\"_id\": \"q1\", \"text\": \"which first\"}\n{\"_id\": \"q2\", \"text\": \"which second\", \"metadata\": {\"kind\": \"heading\"}}\n"
    private let judgements = "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\t2\t0\nq2\t2\t1\n"

    /// A folder in the BEIR layout, files changed or, where nil, left out.
    private func folder(_ changes: [String: String?] = [:]) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        var files: [String: String?] = [
            "corpus.jsonl": corpus, "queries.jsonl": queries, "qrels/train.tsv": judgements,
        ]
        files.merge(changes) { $1 }
        for (name, text) in files { if let text { try folder.write(text, to: name) } }
        return folder
    }

    /// The retrieval set of a folder in the BEIR layout.
    private func retrieval(changing changes: [String: String?] = [:]) throws -> DataSet {
        let folder = try folder(changes)
        return try withExtendedLifetime(folder) { try retrieval(folder.path) }
    }

    private func retrieval(_ path: String) throws -> DataSet {
        guard case .retrieval(let dataSet) = try DataSet.open(path) else {
            throw CorporaError.notADataSet(path: path, reason: "not a retrieval set")
        }
        return dataSet
    }

    private func error(_ path: String) -> CorporaError? {
        do throws(CorporaError) {
            _ = try DataSet.open(path)
            return nil
        } catch {
            return error
        }
    }

    @Test("reads passages, queries and judgements")
    func beir() throws {
        let set = try retrieval()
        #expect(set.corpus.map(\.id) == ["d1", "2"])
        #expect(set.corpus[0].embeddedText == "One first text")
        #expect(set.corpus[1].embeddedText == "second")
        #expect(set.corpus[1].byteRange == 3..<9)
        #expect(set.corpus[1].metadata == ["kind": "x"])
        #expect(set.queries[1].metadata["kind"] == "heading")
        #expect(set.splits == ["train"])
        #expect(try set.relevance(split: "train") == ["q1": ["d1": 2, "2": 0], "q2": ["2": 1]])
        #expect(throws: CorporaError.noSuchSplit(path: set.path, split: "test", available: ["train"])) {
            try set.relevance(split: "test")
        }
    }

    @Test("makes a training row of every relevant passage, with the irrelevant ones as negatives")
    func tuples() throws {
        let set = try retrieval()
        #expect(
            try set.trainingTuples(split: "train") == [
                TrainingTuple(
                    anchor: "which first", positive: "One first text", negatives: ["second"], anchorID: "q1",
                    positiveID: "d1"),
                TrainingTuple(anchor: "which second", positive: "second", anchorID: "q2", positiveID: "2"),
            ])
    }

    @Test("lists train, dev and test first")
    func splitOrder() throws {
        let one = "q\td\ts\nq1\td1\t1\n"
        let set = try retrieval(
            changing: ["qrels/test.tsv": one, "qrels/dev.tsv": one, "qrels/test-links.tsv": one, "qrels/notes.md": "x"])
        #expect(set.splits == ["train", "dev", "test", "test-links"])
    }

    @Test("reads a corpus without queries")
    func corpusOnly() throws {
        let set = try retrieval(changing: ["queries.jsonl": String?.none, "qrels/train.tsv": String?.none])
        #expect(set.corpus.count == 2 && set.queries.isEmpty && set.splits.isEmpty)
        #expect(throws: CorporaError.noSuchSplit(path: set.path, split: "test", available: [])) {
            try set.relevance(split: "test")
        }
    }

    @Test(
        "names file and line of what is wrong",
        arguments: [
            ("corpus.jsonl", "{\"_id\": \"a\", \"text\": \"x\"}\n{\"_id\": ", "corpus.jsonl:2: not valid JSON"),
            (
                "corpus.jsonl", "{\"_id\": \"a\", \"text\": \"x\"}\n{\"text\": \"y\"}",
                "corpus.jsonl:2: key '_id' is missing"
            ),
            ("corpus.jsonl", "{\"_id\": \"a\", \"text\": 5}", "corpus.jsonl:1: 'text': a string expected"),
            (
                "corpus.jsonl", "{\"_id\": \"a\", \"text\": \"x\", \"start\": 5, \"end\": 2}",
                "corpus.jsonl:1: 'start': 5..<2 is no range of bytes"
            ),
            (
                "corpus.jsonl", "{\"_id\": \"a\", \"text\": \"x\"}\n\n{\"_id\": \"a\", \"text\": \"y\"}",
                "corpus.jsonl:3: \"a\" stands on line 1 already"
            ),
            ("corpus.jsonl", "", "corpus.jsonl holds no documents"),
            ("queries.jsonl", "\n", "queries.jsonl holds no queries"),
            ("queries.jsonl", "{\"_id\": \"q1\"}", "queries.jsonl:1: key 'text' is missing"),
            ("qrels/train.tsv", "h\th\th\nq1\tdx\t1", "train.tsv:2: document \"dx\" is not in the corpus"),
            ("qrels/train.tsv", "h\th\th\n\nqx\td1\t1", "train.tsv:3: query \"qx\" is not among the queries"),
            ("qrels/train.tsv", "h\th\th\nq1\td1\tmuch", "train.tsv:2: a judgement expected"),
            (
                "qrels/train.tsv", "h\th\th\nq1\td1\t1\nq1\td1\t2",
                "train.tsv:3: query \"q1\" and document \"d1\" were judged 1 before, now 2"
            ),
            ("qrels/train.tsv", "query-id\tcorpus-id\tscore\n", "train.tsv holds no judgements"),
        ])
    func beirErrors(file: String, content: String, message: String) throws {
        let folder = try folder([file: content])
        let found = try #require(error(folder.path))
        #expect(found.description.contains(message), "\(found)")
        #expect(found.description.hasPrefix(folder.path))
        #expect(!found.description.contains("\n"))
    }

    @Test("reads rows by the names of their columns, whatever the format")
    func rows() throws {
        let folder = try TemporaryFolder()
        try folder.write("anchor,positive,negative_1,negative_2\n\"a, b\",\"p\"\"q\",n1,n2\n", to: "csv/train.csv")
        try folder.write("question\tanswer\nq\ta\n", to: "tsv/train.tsv")
        try folder.write(
            "{\"query\": \"q\", \"pos\": [\"p1\", \"p2\"], \"neg\": [\"n\"], \"prompt\": \"x\"}\n{\"query\": \"r\", \"pos\": [\"p3\"]}\n",
            to: "fe/train.jsonl")
        try folder.write(
            "{\"query_id\": 1, \"query\": \"q\", \"positive_passages\": [{\"docid\": \"7\", \"title\": \"T\", \"text\": \"p\"}], \"negative_passages\": []}",
            to: "tv/validation.jsonl")
        #expect(
            try DataSet.open(folder.file("csv"))
                == .tuples(["train": [TrainingTuple(anchor: "a, b", positive: "p\"q", negatives: ["n1", "n2"])]]))
        #expect(try DataSet.open(folder.file("tsv")) == .tuples(["train": [TrainingTuple(anchor: "q", positive: "a")]]))
        #expect(
            try DataSet.open(folder.file("fe"))
                == .tuples([
                    "train": [
                        TrainingTuple(anchor: "q", positive: "p1", negatives: ["n"]),
                        TrainingTuple(anchor: "q", positive: "p2", negatives: ["n"]),
                        TrainingTuple(anchor: "r", positive: "p3"),
                    ]
                ]))
        #expect(try DataSet.open(folder.file("tv")) == .tuples(["dev": [TrainingTuple(anchor: "q", positive: "T p")]]))
    }

    @Test("reads scored pairs and labelled texts, several splits and single files")
    func otherKinds() throws {
        let folder = try TemporaryFolder()
        try folder.write("sentence1\tsentence2\tscore\na\tb\t4.75\n", to: "sts/dev.tsv")
        try folder.write("{\"sentence1\": \"c\", \"sentence2\": \"d\", \"label\": 1}\n", to: "sts/train.jsonl")
        try folder.write("text,label\n\"two\nlines\",x\n", to: "pairs.csv")
        #expect(
            try DataSet.open(folder.file("sts"))
                == .scoredPairs([
                    "dev": [ScoredPair(first: "a", second: "b", score: 4.75)],
                    "train": [ScoredPair(first: "c", second: "d", score: 1)],
                ]))
        #expect(
            try DataSet.open(folder.file("pairs.csv"))
                == .labelledTexts(["train": [LabelledText(text: "two\nlines", label: "x")]]))
        #expect(try DataSet.open(folder.file("sts/dev.tsv")).splits == ["dev"])
    }

    @Test(
        "says what it expected of rows that it cannot use",
        arguments: [
            ("train.csv", "a,b\n1,2\n", "found a,b; accepted are anchor"),
            ("train.csv", "anchor,positive\n", "holds no rows"),
            ("train.csv", "text\nx\n", "found text; accepted are"),
            ("train.csv", "anchor,anchor\nx,y\n", "two columns are called \"anchor\""),
            ("train.csv", "anchor,positive\nx\n", "train.csv:2: 2 fields expected"),
            (
                "train.tsv", "sentence1\tsentence2\tscore\na\tb\thigh\n",
                "train.tsv:2: score: a number expected, \"high\" found"
            ),
            (
                "train.tsv", "sentence1\tsentence2\tscore\na\tb\tnan\n",
                "train.tsv:2: score: a number expected, \"nan\" found"
            ),
            ("train.jsonl", "[1]\n", "train.jsonl:1: an object expected, an array found"),
            (
                "train.jsonl", "{\"anchor\": \"a\", \"positive\": \"p\"}\n{\"anchor\": \"a\"}\n",
                "train.jsonl:2: positive: a text or a list of texts expected, nothing found"
            ),
            (
                "train.jsonl", "{\"anchor\": 5, \"positive\": \"p\"}\n",
                "train.jsonl:1: anchor: a text expected, a number found"
            ),
            (
                "train.jsonl", "{\"query\": \"a\", \"pos\": [{\"t\": 1}]}\n",
                "train.jsonl:1: pos: a text or an object with \"text\" expected, an object found"
            ),
            ("train.jsonl", "{\"query\": \"a\", \"pos\": []}\n", "holds no positives"),
            ("notes.md", "x", "is not a data set"),
        ])
    func rowErrors(file: String, content: String, message: String) throws {
        let folder = try TemporaryFolder()
        try folder.write(content, to: file)
        let found = try #require(error(folder.path))
        #expect(found.description.contains(message), "\(found)")
        #expect(!found.description.contains("\n"))
    }

    @Test("refuses splits of different kinds, a split twice, and what is no data set")
    func mixtures() throws {
        let folder = try TemporaryFolder()
        try folder.write("anchor,positive\na,b\n", to: "mixed/dev.csv")
        try folder.write("text,label\na,b\n", to: "mixed/train.csv")
        try folder.write("anchor,positive\na,b\n", to: "twice/train.csv")
        try folder.write("anchor\tpositive\na\tb\n", to: "twice/train.tsv")
        try folder.write("x", to: "file.txt")
        #expect(error(folder.file("mixed"))?.description.contains("its columns are those of labelled texts") == true)
        #expect(error(folder.file("twice"))?.description.contains("train.csv and train.tsv are the same split") == true)
        #expect(
            error(folder.file("file.txt"))?.description.contains("a folder, or a .jsonl, .csv or .tsv file expected")
                == true)
        #expect(error(folder.file("missing"))?.description.contains("there is no such file or folder") == true)
    }

    @Test("hashes what the data are, not what else is in the folder")
    func contentHash() throws {
        let first = try folder()
        let second = try folder(["README.md": "notes"])
        let hash = try DataSet.contentHash(of: first.path)
        #expect(try DataSet.contentHash(of: second.path) == hash)
        let others = [
            try folder(["queries.jsonl": queries + "{\"_id\": \"q3\", \"text\": \"x\"}\n"]),
            try folder(["qrels/dev.tsv": judgements]),
        ]
        for other in others { #expect(try DataSet.contentHash(of: other.path) != hash) }
        let rows = try TemporaryFolder()
        try rows.write("text,label\na,b\n", to: "train.csv")
        #expect(try DataSet.contentHash(of: rows.path) == DataSet.contentHash(of: rows.file("train.csv")))
    }

    @Test("writes what it reads")
    func roundTrips() throws {
        let out = try TemporaryFolder()
        var set = try retrieval()
        try DataSetWriter.write(set, to: out.file("a"))
        try DataSetWriter.write(set, to: out.file("b"))
        #expect(try DataSet.contentHash(of: out.file("a")) == DataSet.contentHash(of: out.file("b")))
        let again = try retrieval(out.file("a"))
        set.path = again.path
        #expect(again == set)
        let kinds: [DataSetKind] = [
            .tuples([
                "train": [TrainingTuple(anchor: "a\t\"", positive: "p\n", negatives: ["n", "m"])],
                "dev": [TrainingTuple(anchor: "b", positive: "c")],
            ]),
            .scoredPairs(["test": [ScoredPair(first: "a", second: "b", score: 1.0 / 3)]]),
            .labelledTexts(["train": [LabelledText(text: "é", label: "1")]]),
        ]
        for (number, kind) in kinds.enumerated() {
            try DataSetWriter.write(kind, to: out.file("k\(number)"))
            #expect(try DataSet.open(out.file("k\(number)")) == kind)
        }
        #expect(throws: CorporaError.self) {
            try DataSetWriter.write(
                DataSet(corpus: [Passage(id: "a\tb", text: "x")], queries: [], judgements: [:]), to: out.file("bad"))
        }
        #expect(!FileSystem.exists(out.file("bad")))
    }

    @Test("reads the STS benchmark", .enabled(if: SharedData.exists("stsb")))
    func stsb() throws {
        guard case .scoredPairs(let splits) = try DataSet.open(SharedData.folder + "/stsb") else {
            Issue.record("not scored pairs")
            return
        }
        #expect(splits.mapValues(\.count) == ["train": 5749, "dev": 1500, "test": 1379])
        #expect(splits.values.joined().allSatisfy { (0...5).contains($0.score) })
    }

    @Test("reads banking77, and searches it by label", .enabled(if: SharedData.exists("banking77")))
    func banking77() throws {
        guard case .labelledTexts(let splits) = try DataSet.open(SharedData.folder + "/banking77") else {
            Issue.record("not labelled texts")
            return
        }
        #expect(splits.mapValues(\.count) == ["train": 10003, "test": 3080])
        #expect(Set(splits.values.joined().map(\.label)).count == 77)
        let search = try DataSet.searchingLabels(splits)
        #expect(search.corpus.count == 10003 && search.queries.count == 3080 && search.splits == ["test"])
    }

    @Test("reads Cranfield", .enabled(if: SharedData.exists("cranfield")))
    func cranfield() throws {
        let set = try retrieval(SharedData.folder + "/cranfield")
        #expect(set.corpus.count == 1400 && set.queries.count == 225 && set.splits == ["train", "dev", "test"])
        #expect(try set.relevance(split: "test").values.reduce(0) { $0 + $1.count } == 532)
        #expect(try set.trainingTuples(split: "train").count == 953)
    }
}
