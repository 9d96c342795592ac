import Testing

@testable import Corpora

@Suite("Cutting into passages")
struct PassageTests {
    private func sentence(_ number: Int, words count: Int) -> String {
        "Sentence \(number) " + (3...count).map { "w\($0)" }.joined(separator: " ") + "."
    }

    private func passages(_ html: String, longest: Int = 50) -> [Passage] {
        var options = PassageOptions()
        options.longestPassage = longest
        return DocumentFormat.html.page(html, options: options).passages
    }

    @Test("a section is one passage, without its heading")
    func sections() {
        let found = passages("<title>T</title><h1>T</h1><p>a b</p><p>c</p><h2>1.2. Head</h2><p>d e</p><h2>Empty</h2>")
        #expect(found.map(\.text) == ["a b\n\nc", "d e"])
        #expect(found.map(\.id) == ["page.html#1", "page.html#2"])
        #expect(found.map(\.title) == ["", ""])
        #expect(found.map(\.displayTitle) == ["T", "T > Head"])
    }

    @Test("a long section is cut between paragraphs into parts of about the same length")
    func paragraphs() {
        let html = (1...6).map { "<p>\(sentence($0, words: 20))</p>" }.joined()
        let found = passages(html)
        #expect(found.map { words($0.text).count } == [40, 40, 40])
    }

    @Test("a long paragraph is cut at the ends of sentences")
    func sentences() {
        let html = "<p>" + (1...7).map { sentence($0, words: 15) }.joined(separator: " ") + "</p>"
        let found = passages(html)
        #expect(found.count == 3)
        #expect(
            found.allSatisfy { $0.text.hasPrefix("Sentence") && $0.text.hasSuffix(".") && words($0.text).count <= 50 })
        #expect(found.flatMap { words($0.text) }.count == 7 * 15)
    }

    @Test("what has no sentences is cut between words, and program code between lines")
    func noSentences() {
        let stream = (1...120).map { "w\($0)" }.joined(separator: " ")
        #expect(passages("<p>\(stream)</p>").map { words($0.text).count } == [50, 50, 20].reversed().sorted(by: >))
        let code = (1...40).map { "  call f\($0)" }.joined(separator: "\n")
        let found = passages("<pre>\(code)</pre>")
        #expect(found.count == 2)
        #expect(found.allSatisfy { $0.text.hasPrefix("call") && $0.text.contains("\n  call") })
    }

    @Test("no passage is longer than asked for", arguments: [20, 37, 50, 200])
    func limits(longest: Int) {
        let html = (1...9).map { "<p>" + (1...$0).map { sentence($0, words: 11) }.joined(separator: " ") + "</p>" }
            .joined()
        let found = passages(html, longest: longest)
        #expect(found.allSatisfy { words($0.text).count <= longest })
        #expect(found.flatMap { words($0.text) } == words(DocumentFormat.html.text(of: Array(html.utf8))))
    }

    @Test("a few words are not left over for a last passage")
    func noCrumbs() {
        let html =
            "<p>\(sentence(1, words: 30))</p><p>\(sentence(2, words: 14))</p><p>\(sentence(3, words: 30))</p><p>Last words here.</p>"
        #expect(passages(html).map { words($0.text).count }.min()! > 10)
    }

    @Test("an entry of a definition list is a passage of its own, short ones stay together")
    func definitions() {
        let long = sentence(1, words: 25)
        let found = DocumentFormat.html.page(
            "<h2>S</h2><p>The list:</p><dl><dt>alpha (text)<dd>\(long)<dt>b<dd>x y<dt>c<dd>z<dt>delta<dd>\(long)</dl><p>\(long)</p>"
        )
        #expect(found.passages.map { words($0.text).count } == [29, 5, 26, 25])
        #expect(found.sections[0].entries.map(\.terms) == [["alpha"], [], ["delta"], []])
        #expect(found.sections[0].entries[0].remark == "text")
        #expect(found.passages[0].displayTitle == "S > alpha")
    }

    private func page(_ html: String, longest: Int) -> DocumentationPage {
        var options = PassageOptions()
        options.longestPassage = longest
        return DocumentFormat.html.page(html, options: options)
    }

    @Test("a long definition is cut at the entries within it, and each says what it stands in")
    func nestedDefinitions() {
        let long = sentence(1, words: 25)
        let found = page(
            "<h2>S</h2><dl><dt>outer<dd>\(long)<dl><dt>one (text)<dd>\(long)<dt>two<dd>\(long)</dl></dl>", longest: 50)
        #expect(found.sections[0].entries.map(\.terms) == [["outer"], ["one"], ["two"]])
        #expect(found.passages.map(\.displayTitle) == ["S > outer", "S > outer > one", "S > outer > two"])
        #expect(found.passages.map(\.title) == ["", "", ""])
    }

    @Test("short entries within a definition say what they stand in")
    func shortNestedDefinitions() {
        let long = sentence(1, words: 45)
        let found = page("<dl><dt>outer<dd>\(long)<dl><dt>one<dd>a b<dt>two<dd>c d</dl></dl>", longest: 50)
        #expect(found.passages.map(\.text).last == "one\na b\n\ntwo\nc d")
        #expect(found.passages.map(\.displayTitle) == ["page > outer", "page > outer"])
    }

    @Test("what is cut off from a definition keeps the term as its title, and its own bytes")
    func continuedDefinitions() throws {
        let first = sentence(1, words: 40)
        let second = sentence(2, words: 40)
        let html = "<h2>S</h2><dl><dt>alpha (text), beta</dt><dd><p>\(first)</p><p>\(second)</p></dd></dl>"
        let found = page(html, longest: 50).passages
        #expect(found.map(\.text) == ["alpha (text), beta\n\(first)", second])
        #expect(found.map(\.title) == ["", "alpha (text), beta"])
        #expect(found.map(\.displayTitle) == ["S > alpha (text), beta", "S > alpha (text), beta"])
        #expect(found[1].embeddedText == "alpha (text), beta " + second)
        let bytes = Array(html.utf8)
        for passage in found {
            let range = try #require(passage.byteRange)
            #expect(String(decoding: bytes[range], as: UTF8.self).contains(passage.text.suffix(30)))
        }
        #expect(found[1].byteRange.map { String(decoding: bytes[$0], as: UTF8.self) } == "<p>\(second)</p>")
    }

    @Test("what follows a list within a definition keeps the definition's term")
    func resumedDefinitions() {
        let long = sentence(1, words: 25)
        let last = sentence(2, words: 25)
        let found = page(
            "<h2>S</h2><dl><dt>outer<dd>\(long)<dl><dt>one<dd>\(long)</dl><p>\(last)</p></dl>", longest: 50)
        #expect(found.passages.map(\.displayTitle) == ["S > outer", "S > outer > one", "S > outer"])
        #expect(found.passages.map(\.title) == ["", "", "outer"])
        #expect(found.passages.last?.text == last)
        // It is no rest of the entry before it.
        #expect(found.sections[0].entries.map(\.isContinuation) == [false, false, false])
    }

    @Test("in context a passage is embedded below its page, its headings and its term, once")
    func context() {
        let long = sentence(1, words: 40)
        let found = page(
            "<title>T</title><h1>T</h1><h2>Memory</h2><dl><dt>alpha</dt><dd><p>\(long)</p><p>\(long)</p></dl>",
            longest: 50
        ).passages
        #expect(
            found.map(\.inContext.embeddedText) == [
                "T > Memory > alpha alpha\n\(long)", "T > Memory > alpha \(long)",
            ])
        #expect(found.map(\.inContext.byteRange) == found.map(\.byteRange))
        #expect(found.map(\.inContext.inContext) == found.map(\.inContext))
        let plain = Passage(id: "1", title: "T", text: "x")
        #expect(plain.inContext == plain)
    }

    @Test("lists of links are no passages")
    func navigation() {
        let page = DocumentFormat.html.page(
            "<h2>A</h2><p><a href=a>one thing</a>, <a href=b>another thing</a></p><h2>B</h2><p>see <a href=c>this</a> for much more than a link</p>"
        )
        #expect(page.passages.map(\.text) == ["see this for much more than a link"])
        #expect(page.navigationCount == 1)
    }

    @Test("what a reference page is for is no part of its text")
    func purposes() {
        let page = DocumentFormat.html.page(
            "<title>put</title><h2>put</h2><p>put — store a value</p><h2>Description</h2><p>It stores.</p>")
        #expect(page.purpose == "store a value")
        #expect(page.passages.map(\.text) == ["It stores."])
        #expect(DocumentFormat.html.page("<h2>Other</h2><p>put — store a value</p>").purpose == nil)
    }

    @Test(
        "knows where sentences end",
        arguments: [
            ("One. Two! Three?", 3), ("See e.g. This one. Or i.e. That.", 2),
            ("Mr. Smith and J. Doe came. They left.", 2),
            ("Version 2.0 is out. It is new.", 2), ("He said \"Stop.\" Then he went.", 2), ("(One.) Two.", 2),
            ("pg_dump reads. pg_restore writes.", 2), ("It ends. and goes on.", 1), ("1. First item. More.", 2),
            ("", 0),
            ("No end", 1), ("Wait... What?", 2), ("“Quoted.” Next.", 2), ("a.b.c D", 1),
        ])
    func sentenceEnds(text: String, count: Int) {
        let bytes = Array(text.utf8)
        let ranges = Sentences.ranges(in: bytes)
        #expect(ranges.count == count)
        #expect(ranges.map { String(decoding: bytes[$0], as: UTF8.self) }.joined(separator: " ") == text)
    }

    @Test("refuses limits that make no sense")
    func options() {
        var options = DocumentationOptions()
        options.passages.longestPassage = 5
        #expect(throws: CorporaError.invalidOption(name: "longest passage", found: "5", expected: "at least 20 words"))
        {
            try DocumentationDataSet.build(from: Fixtures.manual, options: options)
        }
    }
}
