import Testing

@testable import Corpora

@Suite("Plain text")
struct PlainTextReaderTests {
    private func outline(_ text: String) -> [String] { DocumentFormat.plainText.outline(text) }

    @Test("reads paragraphs between empty lines")
    func paragraphs() {
        #expect(outline("one\ntwo\n\n  three\r\n\r\nfour") == ["one two", "three", "four"])
    }

    @Test("knows headings that are underlined, numbered or in capitals")
    func headings() {
        #expect(
            outline("Title\n=====\n\ntext\n\nPart\n----\nmore text here\n\n2.1 Usage\n\nx\n\nKNOWN PROBLEMS\n\ny") == [
                "h1 Title", "text", "h2 Part", "more text here", "h2 2.1 Usage", "x", "h2 KNOWN PROBLEMS", "y",
            ])
    }

    @Test(
        "takes no sentence, list item or table for a heading", arguments: ["Short sentence.", "- item", "a, b,", "OK"])
    func noHeadings(text: String) {
        #expect(outline("before\n\n\(text)\n\nafter").allSatisfy { !$0.hasPrefix("h") })
    }

    @Test("keeps the items of a list apart, and columns as they stand")
    func lists() {
        #expect(
            outline("List:\n- one\n  more\n- two\n1. three") == [
                "List:", "item - one more", "item - two", "item 1. three",
            ])
        #expect(
            outline("a    b\n1    2\n\nSentence.  Another one.") == ["code a    b\n1    2", "Sentence. Another one."])
    }
}
