import Files
import TestSupport
import Testing

@testable import Corpora

@Suite("Judgements and runs")
struct JudgementTests {
    private func read(_ text: String) throws -> Relevance {
        let folder = try TemporaryFolder()
        return try Judgements.read(try folder.write(text, to: "qrels.tsv"))
    }

    @Test(
        "reads BEIR's form and TREC's, with and without a header",
        arguments: [
            "query-id\tcorpus-id\tscore\nq1\td1\t1\nq 2\td2\t3\n", "q1\td1\t1\r\nq 2\td2\t3\r\n",
            "q1\td1\t1\n\nq 2\td2\t3",
        ])
    func forms(text: String) throws {
        #expect(try read(text) == ["q1": ["d1": 1], "q 2": ["d2": 3]])
    }

    @Test("reads TREC's form")
    func trec() throws {
        #expect(try read("1 0 d1 2\n1\t0\td2   -1\n2 Q0 d1 0\n") == ["1": ["d1": 2, "d2": 0], "2": ["d1": 0]])
    }

    @Test("takes a repeated judgement once, and refuses a contradicted one")
    func repetitions() throws {
        #expect(try read("q\td\t1\nq\td\t1\n") == ["q": ["d": 1]])
        #expect(throws: CorporaError.self) { try read("q\td\t1\nq\td\t0\n") }
        #expect(throws: CorporaError.self) { try read("q\td\t1\nq\td\n") }
    }

    @Test("writes judgements sorted, and reads them again")
    func roundTrip() throws {
        let folder = try TemporaryFolder()
        let relevance: Relevance = ["b": ["y": 0, "x": 2], "a": ["z": 1]]
        try Judgements.write(relevance, to: folder.file("q.tsv"))
        #expect(try readText(folder.file("q.tsv")) == "query-id\tcorpus-id\tscore\na\tz\t1\nb\tx\t2\nb\ty\t0\n")
        #expect(try Judgements.read(folder.file("q.tsv")) == relevance)
    }

    @Test("sorts a run by its scores, equal ones by document, whatever the ranks say")
    func runs() throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(
            "q1 Q0 a 1 0.5 mine\nq1 Q0 b 2 1.5e0 mine\nq1\tQ0\tc  9 0.5 mine\nq2 Q0 a 0 -3 mine\n", to: "run.txt")
        let run = try TrecRun.read(path)
        #expect(run.tag == "mine")
        #expect(run.rankings["q1"]?.map(\.document) == ["b", "c", "a"])
        #expect(run.rankings["q2"] == [TrecRun.Entry(document: "a", score: -3)])
    }

    @Test("writes every digit of the scores")
    func runRoundTrip() throws {
        let folder = try TemporaryFolder()
        let scores = [0.1 + 0.2, 1.0 / 3, Double(Float(0.7)), -1e-300, 12345678.9]
        let run = TrecRun(rankings: ["q": scores.enumerated().map { .init(document: "d\($0)", score: $1) }], tag: "t")
        try run.write(to: folder.file("run.txt"))
        #expect(try TrecRun.read(folder.file("run.txt")) == run)
        #expect(try readText(folder.file("run.txt")).hasPrefix("q Q0 d4 1 12345678.9 t\n"))
    }

    @Test(
        "names the line of a run that is wrong",
        arguments: [
            ("q Q0 d 1 0.5\n", ":1: \"query Q0 document rank score tag\" expected, 5 fields found"),
            ("q Q0 d 1 0.5 t\nq Q0 e 2 high t\n", ":2: the score \"high\" is not a number"),
            ("q Q0 d 1 inf t\n", ":1: the score \"inf\""),
            ("q Q0 d 1 2 t\nq Q0 d 2 1 t\n", ":2: document \"d\" stands twice"), ("", "holds no results"),
        ])
    func runErrors(text: String, message: String) throws {
        let folder = try TemporaryFolder()
        let path = try folder.write(text, to: "run.txt")
        let error = try #require(throws: CorporaError.self) { try TrecRun.read(path) }
        #expect(error.description.contains(message))
    }

    @Test("refuses to write what cannot be read again")
    func unwritableRuns() throws {
        let folder = try TemporaryFolder()
        let entry = TrecRun.Entry(document: "d", score: 1)
        for run in [
            TrecRun(rankings: ["a b": [entry]]), TrecRun(rankings: ["q": [.init(document: "", score: 1)]]),
            TrecRun(rankings: ["q": [.init(document: "d", score: .nan)]]),
            TrecRun(rankings: ["q": [entry]], tag: "my run"),
        ] {
            #expect(throws: CorporaError.self) { try run.write(to: folder.file("run.txt")) }
        }
        #expect(try folder.files.isEmpty)
    }
}
