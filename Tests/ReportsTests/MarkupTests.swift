import Testing

@testable import Reports

@Suite("Markup")
struct MarkupTests {
    @Test(
        "gives every text back as it was, whatever it holds",
        arguments: [
            "a < b && c > d", "</script><script>alert(1)</script>", "\"quotes\" and 'these'", "]]>", "<!-- -->",
            "&amp;",
            "naïve — 日本語 😀", "tab\tand\nline", "", " ",
        ])
    func escapes(text: String) {
        let source = Markup.element("p", ["title": text.replacing("\n", with: " ").replacing("\t", with: " ")], text)
            .source
        let parsed = ParsedXML(source)
        #expect(parsed.failure == nil)
        #expect(parsed.text == text)
        #expect(
            parsed.elements.first?.attributes["title"]
                == text.replacing("\n", with: " ").replacing("\t", with: " "))
        #expect(parsed.elements.count == 1)
    }

    @Test("puts a replacement in place of what XML has no room for")
    func controlCharacters() {
        let source = Markup.element("p", [:], "a\u{0}b\u{1B}c\u{FFFE}d\u{7F}").source
        #expect(source == "<p>a\u{FFFD}b\u{FFFD}c\u{FFFD}d\u{FFFD}</p>")
        #expect(ParsedXML(source).failure == nil)
    }

    @Test("closes what HTML wants closed and nothing else")
    func endTags() {
        #expect(Markup.element("div").source == "<div></div>")
        #expect(Markup.element("br").source == "<br/>")
    }

    @Test("holds texts of children in their order")
    func children() {
        let markup = Markup.element("p", [:], [.text("a "), .element("b", [:], "b"), .joined([.text(" c"), .empty])])
        #expect(markup.source == "<p>a <b>b</b> c</p>")
    }
}
