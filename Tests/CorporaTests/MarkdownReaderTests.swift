import Testing

@testable import Corpora

@Suite("Markdown pages")
struct MarkdownReaderTests {
    private func outline(_ text: String) -> [String] { DocumentFormat.markdown.outline(text) }

    @Test(
        "takes inline marks off",
        arguments: [
            ("*a* **b** ***c***", "a b c"), ("_a_ __b__", "a b"), ("snake_case_name and _x_", "snake_case_name and x"),
            ("2 * 3 * 4", "2 * 3 * 4"), ("`a *b* c`", "a *b* c"), ("``a ` b``", "a ` b"), ("`unclosed", "`unclosed"),
            ("[text](url)", "text"), ("[text](url \"title\")", "text"), ("![image](x.png)", ""),
            ("a [b [c] d](u) e", "a b [c] d e"),
            ("[text][ref]", "text"), ("[ref][]", "ref"), ("[ref]", "ref"), ("[none]", "[none]"), ("a[0]", "a[0]"),
            ("\\*a\\* \\[b\\]", "*a* [b]"), ("a &amp; b&nbsp;c", "a & b c"), ("<https://x.org>", "https://x.org"),
            ("<b>bold</b> <name>", "bold <name>"), ("a<br>b", "a b"), ("a <!-- no --> b", "a b"), ("~~gone~~", "gone"),
            ("**", "**"), ("*args, **kwargs", "*args, **kwargs"), ("line\\\nbreak", "line break"),
        ])
    func inline(markdown: String, text: String) {
        let document = MarkdownReader.read(Array("\(markdown)\n\n[ref]: https://example.org\n".utf8))
        #expect(document.blocks.map(\.text.string).joined() == text)
    }

    @Test("reads headings of both kinds")
    func headings() {
        #expect(
            outline("# One #\n\n## Two ##\nText\n\nThree\n=====\n\nFour\n----\nmore") == [
                "h1 One", "h2 Two", "Text", "h1 Three", "h2 Four", "more",
            ])
        #expect(outline("#hashtag\n\n####### seven") == ["#hashtag", "####### seven"])
        #expect(outline("# One {#one}") == ["h1 One"])
    }

    @Test("gives headings the names that links reach them by")
    func slugs() {
        let document = MarkdownReader.read(Array("## What's *new*, in 2.0?\n\n# T {#own}\n".utf8))
        #expect(document.blocks.map(\.anchors) == [["whats-new-in-20"], ["own", "t"]])
    }

    @Test("keeps code as it stands, fenced or indented")
    func code() {
        #expect(outline("```sh\n# no *heading*\n\n  x\n```\nafter") == ["code # no *heading*\n\n  x", "after"])
        #expect(outline("~~~\na\n```\nb\n~~~") == ["code a\n```\nb"])
        #expect(outline("text\n\n    a = *b*\n\n    c\n\ntext") == ["text", "code a = *b*\n\n    c", "text"])
        #expect(outline("```\nnever closed\n") == ["code never closed"])
        #expect(outline("Use ```x``` here") == ["Use x here"])
    }

    @Test("reads lists, with the paragraphs that belong to their items")
    func lists() {
        #expect(outline("- a\n  b\n- c\n\n  d\n\n1. e\n2) f") == ["item a b", "item c", "d", "item e", "item f"])
        #expect(outline("* a\n    * b *c*\n\n      d") == ["item a", "item b c", "d"])
    }

    @Test("reads tables row by row, quotations as text")
    func tables() {
        #expect(outline("| A | B |\n|---|:-:|\n| 1 | *2* |\n\nx") == ["row A | B", "row 1 | 2", "x"])
        #expect(outline("A | B\n--|--\n1 | 2\n\nx") == ["row A | B", "row 1 | 2", "x"])
        #expect(outline("> a\n> b\n>\n> c") == ["a b", "c"])
    }

    @Test("skips comments, definitions of links, rules and front matter")
    func skipped() {
        #expect(outline("<!--\n# no\n-->\n\nx\n\n***\n\n[a]: b\n") == ["x"])
        let document = MarkdownReader.read(Array("---\ntitle: \"The Title\"\ntags: x\n---\n\ntext".utf8))
        #expect(document.title == "The Title")
        #expect(document.blocks.map(\.text.string) == ["text"])
    }

    @Test("finds links, also those defined elsewhere")
    func links() {
        let document = MarkdownReader.read(
            Array("See [the *guide*](guide.md#x) or [Other][o].\n\n[O]: other.md 'T'\n".utf8))
        #expect(
            document.links == [
                DocumentLink(text: "the guide", target: "guide.md#x"), DocumentLink(text: "Other", target: "other.md"),
            ])
    }

    @Test("reads endless brackets, stars and quotes in a moment")
    func nesting() {
        for piece in ["[", "*a ", "`", "> ", "- ", "<a", "![", "\\", "| ", "_a_b", "[a](", "** a"] {
            let text = String(repeating: piece, count: 20_000)
            #expect(MarkdownReader.read(Array(text.utf8)).blocks.count <= 20_000)
        }
    }
}
