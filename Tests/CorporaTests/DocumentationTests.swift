import Files
import TestSupport
import Testing

@testable import Corpora

@Suite("Data sets from documentation")
struct DocumentationTests {
    /// A tree in which every page has enough text under each heading.
    private func build(
        _ pages: [String: String], _ change: (inout DocumentationOptions) -> Void = { _ in }
    ) throws -> DocumentationDataSet {
        let folder = try TemporaryFolder()
        for (name, text) in pages { try folder.write(text, to: name) }
        var options = DocumentationOptions()
        options.fractions = SplitFractions(test: 0, dev: 0)
        change(&options)
        return try DocumentationDataSet.build(from: folder.path, options: options)
    }

    private func text(_ subject: String) -> String {
        "<p>There is a lot to say about \(subject), and this paragraph says some of it in enough words to stand alone as a passage.</p>"
    }

    private func queries(_ data: DocumentationDataSet, _ kind: PairKind) -> [String] {
        data.dataSet.queries.filter { $0.metadata["kind"]?.stringValue == kind.rawValue }.map(\.text)
    }

    @Test("gives the data set that was checked by eye")
    func golden() throws {
        var options = DocumentationOptions()
        options.seed = 4
        let data = try DocumentationDataSet.build(from: Fixtures.manual, options: options)
        let folder = try TemporaryFolder()
        try data.write(to: folder.file("out"))
        let files = try FileSystem.list(Fixtures.expected)
        #expect(try FileSystem.list(folder.file("out")) == files)
        for file in files {
            #expect(
                try readText(folder.file("out/" + file)) == readText(Fixtures.expected + "/" + file), "\(file) differs")
        }
    }

    @Test("gives the same bytes for the same input, whatever order the pages come in")
    func reproducible() throws {
        let reader = DocumentationReader(root: Fixtures.manual)
        let pages = try reader.documents().compactMap { try reader.read($0) }
        let first = try DocumentationDataSet.build(from: pages, root: "")
        let second = try DocumentationDataSet.build(from: Array(pages.reversed()), root: "")
        #expect(first == second)
    }

    @Test("holds out whole pages, and asks no text in two splits")
    func splits() throws {
        var pages: [String: String] = [:]
        for page in 0..<60 {
            pages["p\(page).html"] =
                "<h1>Page \(page)</h1>\(text("it"))<h2>Part \(page % 40)</h2>\(text("part \(page)"))"
                + "<p><a href='p\((page * 7) % 60).html'>neighbour \(page % 9)</a> and many more words than the link has</p>"
        }
        let data = try build(pages) { $0.fractions = SplitFractions(test: 0.3, dev: 0.2) }
        let set = data.dataSet
        #expect(data.statistics.pagesBySplit.values.reduce(0, +) == 60)
        #expect(data.statistics.pagesBySplit.count == 3)
        var owner: [String: String] = [:]
        let text = Dictionary(uniqueKeysWithValues: set.queries.map { ($0.id, HeadingText.normalized($0.text)) })
        for (split, relevance) in set.judgements {
            let base = String(split.prefix { $0 != "-" })
            for query in relevance.keys {
                let name = try #require(text[query])
                #expect(owner.updateValue(base, forKey: name) == nil, "\(name) is asked twice")
            }
        }
        let headings = set.judgements["test"]?.keys ?? [:].keys
        #expect(!headings.isEmpty && headings.allSatisfy { $0.hasPrefix("heading:") })
        #expect(set.judgements["test-questions"]?.keys.allSatisfy { $0.hasPrefix("question:") } == true)
    }

    @Test("puts the page's title in front of headings that are general or common")
    func titles() throws {
        let data = try build([
            "a.html":
                "<h1>Apples</h1>\(text("a"))<h2>Notes</h2>\(text("apples one"))<h2>Growing</h2>\(text("b"))<h2>Ripe Fruit</h2>\(text("x"))",
            "b.html": "<h1>Pears</h1>\(text("c"))<h2>Growing</h2>\(text("d"))<h2>Pears in Winter</h2>\(text("y"))",
            "c.html": "<h1>Plums</h1>\(text("e"))<h2>Growing</h2>\(text("f"))",
        ])
        #expect(
            Set(queries(data, .heading)) == [
                "Apples", "Pears", "Plums", "Apples: Notes", "Apples: Growing", "Pears: Growing", "Plums: Growing",
                "Ripe Fruit", "Pears in Winter",
            ])
    }

    @Test("names all passages of a section in evaluation, and a few in training")
    func positives() throws {
        let long = (1...30).map {
            "<p>Paragraph number \($0) of a section that goes on for a long while, about thing \($0).</p>"
        }.joined()
        let pages = ["a.html": "<h2>Everything</h2>\(long)"]
        let change: (inout DocumentationOptions) -> Void = {
            $0.passages.longestPassage = 40
            $0.positivesPerTrainingQuery = 3
        }
        let training = try build(pages, change)
        #expect(training.dataSet.judgements["train"]?["heading:a.html#1"]?.count == 3)
        let evaluation = try build(pages) {
            change(&$0)
            $0.fractions = SplitFractions(test: 1, dev: 0)
        }
        #expect(evaluation.dataSet.judgements["test"]?["heading:a.html#1"]?.count == evaluation.dataSet.corpus.count)
        #expect(evaluation.dataSet.corpus.count > 8)
    }

    @Test("no passage holds the heading that it answers to")
    func headingsAreNotText() throws {
        let data = try build([
            "a.html":
                "<title>The Orchard Book</title><h1>The Orchard Book</h1>\(text("x"))<h2>Winter Pruning</h2>\(text("y"))"
        ])
        #expect(
            data.dataSet.corpus.allSatisfy {
                $0.title.isEmpty && !$0.embeddedText.contains("Winter") && !$0.embeddedText.contains("Orchard")
            })
        #expect(data.dataSet.corpus[1].displayTitle == "The Orchard Book > Winter Pruning")
    }

    @Test("of a passage in training and evaluation only the term stands in front, never a heading")
    func contextIsNotTrainedOn() throws {
        let long = (1...30).map { "Word number \($0) of this long definition is one of many words." }.joined(
            separator: " ")
        let data = try build([
            "a.html": "<h1>Orchard Book</h1><h2>Winter Pruning</h2><dl><dt>secateurs</dt><dd>\(long)</dd></dl>"
        ])
        let corpus = data.dataSet.corpus
        #expect(corpus.count == 2)
        #expect(corpus.map(\.title) == ["", "secateurs"])
        #expect(corpus.allSatisfy { $0.displayTitle == "Orchard Book > Winter Pruning > secateurs" })
        let positives = try data.dataSet.trainingTuples(split: "train").map(\.positive)
        #expect(!positives.isEmpty && positives.allSatisfy { !$0.contains("Winter") && $0.contains("secateurs") })
        #expect(corpus.allSatisfy { $0.inContext.embeddedText.hasPrefix("Orchard Book > Winter Pruning > secateurs ") })
    }

    @Test("links lead to sections, definitions and pages of the tree, not out of it")
    func links() throws {
        let data = try build([
            "index.html": """
            <h1>Start</h1><p>Read about <a href="sub/b.html#W">winter work</a>, <a href="./sub/b.html">the second page</a>,
            <a href="https://x.org/">other places</a>, <a href="sub/none.html">nothing there</a>, <a href="sub/b.html#t">saws</a>,
            <a href="sub/b.html#W">here</a>, <a href="/sub/my%20page.html">a spaced name</a> and whatever else there is to read.</p>
            """,
            "sub/b.html":
                "<h1>Second</h1>\(text("b"))<h2 id='W'>Cold Days</h2>\(text("c"))<dl><dt id='t'>saw</dt><dd>\(text("cutting wood all day"))</dd></dl>",
            "sub/my page.html": "<h1>Spaced</h1>\(text("space"))",
        ])
        let found = data.dataSet.queries.filter { $0.id.hasPrefix("link:") }
        let judged = try data.dataSet.relevance(split: "train")
        let targets = Dictionary(uniqueKeysWithValues: found.map { ($0.text, judged[$0.id]!.keys.sorted()) })
        #expect(
            targets == [
                "winter work": ["sub/b.html#2", "sub/b.html#3"], "the second page": ["sub/b.html#1"],
                "saws": ["sub/b.html#3"],
                "a spaced name": ["sub/my%20page.html#1"],
            ])
        #expect(data.dataSet.corpus.contains { $0.source == "sub/my page.html" })
    }

    @Test("a link whose text means several things in several splits is left out")
    func ambiguousLinks() throws {
        var pages = [
            "index.html": "<p>"
                + (0..<30).map {
                    "<a href='p\($0).html'>more</a> <a href='p\($0).html'>the manual page</a> x y z u v w "
                }.joined() + "</p>"
        ]
        for page in 0..<30 { pages["p\(page).html"] = "<h1>Title \(page)</h1>\(text("page \(page)"))" }
        let data = try build(pages) { $0.fractions = SplitFractions(test: 0.5, dev: 0) }
        #expect(!queries(data, .link).contains("the manual page"))
    }

    @Test("asks by the first sentence of a long text for the rest of it")
    func firstSentences() throws {
        let first = "Trees are pruned in winter when they are asleep."
        let rest = (1...6).map { "<p>Then there is step \($0), which takes about as many words as the others do.</p>" }
            .joined()
        let data = try build(["a.html": "<h2>Pruning</h2><p>\(first) It is cold then.</p>\(rest)"]) {
            $0.passages.longestPassage = 45
        }
        #expect(queries(data, .firstSentence) == [first])
        let judged = try data.dataSet.relevance(split: "train")
        let answers = try #require(judged["first-sentence:a.html#2"])
        let texts = data.dataSet.corpus.filter { answers[$0.id] != nil }.map(\.text)
        #expect(!texts.isEmpty && texts.allSatisfy { !$0.contains(first) })
    }

    @Test("uses a book's index")
    func indexEntries() throws {
        let data = try build([
            "a.html": "<h1>Apples</h1>\(text("a"))<h2 id='S'>Storing</h2>\(text("cellars"))",
            "index.html": "<div class='indexdiv'><dl><dt>cellar, <a href='a.html#S'>Storing</a></dt></dl></div>",
        ])
        #expect(queries(data, .index) == ["cellar"])
        #expect(try data.dataSet.relevance(split: "train")["index:a.html#2"] == ["a.html#2": 1])
    }

    @Test("equal passages are one document")
    func duplicates() throws {
        let data = try build([
            "a.html": "<h1>Apples</h1>\(text("the same"))", "b.html": "<h1>Pears</h1>\(text("the same"))",
        ])
        #expect(data.dataSet.corpus.map(\.id) == ["a.html#1"])
        #expect(data.statistics.duplicatePassages == 1)
        #expect(try data.dataSet.relevance(split: "train").values.allSatisfy { $0 == ["a.html#1": 1] })
    }

    @Test("makes only the kinds that are asked for")
    func kinds() throws {
        let data = try build(["a.html": "<h1>Apples</h1>\(text("a"))<h2>Storing Fruit</h2>\(text("b"))"]) {
            $0.kinds = [.question]
        }
        #expect(data.dataSet.queries.count == 2)
        #expect(queries(data, .question).count == 2)
    }

    @Test("drops headings that have no text")
    func emptySections() throws {
        let data = try build([
            "a.html": "<h1>Apples</h1><h2>Storing</h2>\(text("b"))<h2>Later</h2><h2>Soon</h2><p>Two words.</p>"
        ])
        #expect(queries(data, .heading) == ["Storing"])
    }

    @Test("the data set can be opened again as it was made")
    func roundTrip() throws {
        let data = try DocumentationDataSet.build(from: Fixtures.manual)
        let folder = try TemporaryFolder()
        try data.write(to: folder.file("set"))
        guard case .retrieval(var opened) = try DataSet.open(folder.file("set")) else {
            Issue.record("no retrieval set")
            return
        }
        opened.path = ""
        #expect(opened == data.dataSet)
        #expect(throws: CorporaError.file(.alreadyExists(path: folder.file("set")))) {
            try data.write(to: folder.file("set"))
        }
        try data.write(to: folder.file("set"), force: true)
    }

    @Test("skips hidden and binary files, and files that only look like manual pages")
    func skippedFiles() throws {
        let folder = try TemporaryFolder()
        try folder.write("<p>hidden text</p>", to: ".cache/x.html")
        try folder.write("<p>hidden text</p>", to: "a/.x.html")
        try folder.write([0x89, 0x50, 0x00, 0x01], to: "picture.html")
        try folder.write("just text", to: "version.1")
        try folder.write("int x;", to: "code.c")
        try folder.write("Some text that is long enough for a passage.", to: "README")
        let data = try DocumentationDataSet.build(from: folder.path)
        #expect(data.dataSet.corpus.map(\.id) == ["README#1"])
        #expect(data.statistics.emptyPages == 2)
    }

    @Test("says so when there is nothing to read")
    func nothing() throws {
        let folder = try TemporaryFolder()
        #expect(throws: CorporaError.empty(path: folder.path, expected: "documents with text")) {
            try DocumentationDataSet.build(from: folder.path)
        }
        let missing = folder.file("missing")
        #expect(throws: CorporaError.self) { try DocumentationDataSet.build(from: missing) }
        var options = DocumentationOptions()
        options.fractions = SplitFractions(test: 0.9, dev: 0.2)
        #expect(throws: CorporaError.self) { try DocumentationDataSet.build(from: Fixtures.manual, options: options) }
    }
}
