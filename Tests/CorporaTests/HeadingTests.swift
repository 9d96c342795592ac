import Testing

@testable import Corpora

@Suite("Headings, terms and questions")
struct HeadingTests {
    @Test(
        "takes numbers and marks off headings",
        arguments: [
            ("20.4.1. Memory", "Memory"), ("Chapter 5. Data Definition", "Data Definition"),
            ("Part II. The Language", "The Language"),
            ("Appendix F. Modules", "Modules"), ("F.32. pg_stat", "pg_stat"), ("1. First", "First"),
            ("1) First", "First"),
            ("2.1 Usage", "Usage"), ("Usage ¶", "Usage"), ("Usage:", "Usage"), ("Section 3: Next", "Next"),
            ("3D Graphics", "3D Graphics"), ("64-bit", "64-bit"), ("2.0 released", "2.0 released"),
            ("2026 Plans", "2026 Plans"),
            ("A Tale", "A Tale"), ("I Am", "I Am"), ("Part of It", "Part of It"), ("", ""), ("1.", "1."),
            ("Section", "Section"),
            ("E.1.2. Changes", "Changes"),
        ])
    func numbers(heading: String, cleaned: String) {
        #expect(HeadingText.cleaned(heading) == cleaned)
    }

    private func questions(_ text: String = "") -> HeadingQuestions {
        var cases = WordCases(words: [
            "table", "tables", "linux", "a", "and", "query", "queries", "cursors", "path", "types",
        ])
        cases.count("The table is here. We use tables and queries on Linux with a query, cursors, a path and types.")
        return HeadingQuestions(cases: cases, hash: StableHash(seed: 0))
    }

    @Test(
        "turns headings into questions",
        arguments: [
            ("Creating a Table", ["How do I create a table?", "How can I create a table?", "How to create a table?"]),
            ("Running on Linux", ["How do I run on Linux?", "How can I run on Linux?", "How to run on Linux?"]),
            ("Using Cursors", ["How do I use cursors?", "How can I use cursors?", "How to use cursors?"]),
            (
                "Reading and Writing Tables",
                [
                    "How do I read and write tables?", "How can I read and write tables?",
                    "How to read and write tables?",
                ]
            ),
            ("Table Queries", ["What are table queries?", "How do table queries work?"]),
            ("The Path of a Query", ["What is the path of a query?"]),
            ("Types of Tables", ["What are the types of tables?", "How do types of tables work?"]),
            ("Overview of Queries", ["What are queries?", "How do queries work?"]),
            ("Tables vs. Queries", ["What is the difference between tables and queries?"]),
            ("What Is a Table", ["What is a table?"]), ("Sorting", ["How does sorting work?"]),
            ("Encoding Handling", ["What is encoding handling?", "How does encoding handling work?"]),
            ("pg_dump", ["What does pg_dump do?", "What is pg_dump?", "How do I use pg_dump?"]),
            ("CREATE TABLE", ["What does CREATE TABLE do?", "What is CREATE TABLE?", "How do I use CREATE TABLE?"]),
            (
                "Install the Table",
                ["How do I install the table?", "How can I install the table?", "How to install the table?"]
            ),
        ])
    func headingQuestions(heading: String, expected: [String]) throws {
        let question = try #require(questions().question(for: heading, onPage: nil, isReference: false))
        #expect(expected.contains(question))
    }

    @Test(
        "asks about the page where the heading is general",
        arguments: [
            ("Examples", "used"), ("Return Value", "return"), ("Environment", "environment variables"),
            ("Options", "options"),
        ])
    func generalHeadings(heading: String, word: String) throws {
        let question = try #require(questions().question(for: heading, onPage: "grep", isReference: true))
        #expect(question.contains("grep"))
        #expect(question.contains(word) || question.contains("example"))
    }

    @Test("asks nothing where there is no sensible question", arguments: ["See Also", "Copyright"])
    func noQuestion(heading: String) {
        #expect(questions().question(for: heading, onPage: "grep", isReference: true) == nil)
    }

    @Test(
        "asks for what a command is for",
        arguments: [
            ("define a new table", "define a new table?"), ("returns the number of rows", "return the number of rows?"),
            ("fetches a row", "fetch a row?"),
            ("start, stop, or restart a server", "start, stop, or restart a server?"),
        ])
    func purposes(purpose: String, end: String) throws {
        let question = try #require(questions().question(forPurpose: purpose))
        #expect(["How do I \(end)", "How can I \(end)"].contains(question))
    }

    @Test(
        "asks nothing for a purpose that is no deed",
        arguments: ["embedded SQL preprocessor", "The shell", "lists", "start it"])
    func otherPurposes(purpose: String) {
        #expect(questions().question(forPurpose: purpose) == nil)
    }

    @Test(
        "finds the name in a term",
        arguments: [
            ("-a, --all", "--all"), ("-n pattern, --schema=pattern", "--schema"), ("-v", "-v"),
            ("--color[=WHEN]", "--color"),
            ("lower(text) returns text", "lower()"), ("work_mem", "work_mem"), ("SET ( option = value )", "SET"),
            ("a, b", "a"),
            ("[ label ]", "[ label ]"), ("f(a, b), g(c)", "f()"),
        ])
    func terms(term: String, name: String) {
        #expect(TermQueries.name(of: term) == name)
    }

    @Test("searches for settings, options and words as people do")
    func termQueries() {
        let terms = TermQueries(cases: WordCases(words: ["aggregate", "function"]), hash: StableHash(seed: 0))
        let setting = terms.queries(for: "work_mem", .setting, onPage: nil, isReference: false)
        #expect(setting[0] == "work_mem" && setting[1].contains("work_mem") && setting[1] != "work_mem")
        let option = terms.queries(for: "--all", .option, onPage: "ls", isReference: true)
        #expect(option[0] == "ls --all" && ["what does ls --all do", "ls --all option"].contains(option[1]))
        let phrase = terms.queries(for: "Aggregate Function", .phrase, onPage: nil, isReference: false)
        #expect(["what does aggregate function mean", "definition of aggregate function"].contains(phrase[1]))
        #expect(terms.queries(for: "map", .phrase, onPage: "Ident", isReference: false)[0] == "map in Ident")
    }

    @Test("tells settings, options, names and words apart")
    func subjects() {
        #expect(TermQueries.subject(of: "--x", remark: nil) == .option)
        #expect(TermQueries.subject(of: "port", remark: "integer") == .setting)
        #expect(TermQueries.subject(of: "pg_class", remark: nil) == .name)
        #expect(TermQueries.subject(of: "CASCADE", remark: nil) == .name)
        #expect(TermQueries.subject(of: "Hash join", remark: "noun") == .phrase)
    }

    @Test(
        "knows links that say what they lead to",
        arguments: [
            ("search path", true), ("autovacuum", true), ("here", false), ("Section 9.3", false), ("Table 8-1", false),
            ("(see Chapter 5)", true), ("Appendix B", false), ("20.4. Memory", false), ("12", false),
            ("https://x.org", false),
            ("a@b.c", false), ("[1]", false), ("Next", false), ("Part II", false), ("Read more", false), ("ls", false),
            ("§", false),
        ])
    func linkTexts(text: String, isSpeaking: Bool) {
        #expect(LinkText.isSpeaking(text) == isSpeaking)
    }

    @Test("gives the same numbers for ever")
    func hashes() {
        #expect(StableHash(seed: 0).value(of: "") == 0x813F_0174_A236_7C13)
        #expect(StableHash(seed: 0).value(of: "page.html") == 0x9AF1_4F75_D03E_0F08)
        #expect(StableHash(seed: 1).value(of: "page.html") == 0x1E33_5602_89C7_66E1)
        #expect(StableHash(seed: .max).value(of: "é") == 0x9D2B_7E47_E4D4_E173)
        let hash = StableHash(seed: 1)
        let fractions = (0..<20_000).map { hash.fraction(of: "page\($0).html") }
        let share = Double(fractions.count { $0 < 0.2 }) / 20_000
        #expect(abs(share - 0.2) < 0.01)
        #expect(fractions.allSatisfy { $0 >= 0 && $0 < 1 })
    }
}
