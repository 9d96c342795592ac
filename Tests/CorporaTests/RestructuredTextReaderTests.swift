import Testing

@testable import Corpora

@Suite("reStructuredText pages")
struct RestructuredTextReaderTests {
    private func outline(_ text: String) -> [String] { DocumentFormat.restructuredText.outline(text) }

    @Test(
        "takes inline marks off",
        arguments: [
            ("*a* **b** ``c *d*``", "a b c *d*"), ("2 * 3 * 4", "2 * 3 * 4"), (":ref:`text <label>`", "text"),
            (":class:`~a.b.C`", "C"), (":py:func:`!name`", "name"), ("`Python <https://x.org>`_", "Python"),
            ("`named`_ link", "named link"), ("note [1]_.", "note ."), ("|name| x", "name x"), ("a\\ b \\*c", "ab *c"),
            ("unclosed ``x", "unclosed ``x"), ("a*b*c", "a*b*c"), (":doc:`/guide`", "/guide"),
            ("time 12:30: noon", "time 12:30: noon"),
        ])
    func inline(text: String, expected: String) {
        #expect(outline(text) == [expected])
    }

    @Test("tells levels of headings by their marks in the order they come")
    func headings() {
        #expect(
            outline("=====\nTitle\n=====\n\nA\n=\n\nOne\n---\n\nx\n\nTwo\n---\n\nOther\n~~~~~\n") == [
                "h1 Title", "A =", "h2 One", "x", "h2 Two", "h3 Other",
            ])
    }

    @Test("reads notes, and code after two colons")
    func blocks() {
        #expect(
            outline(".. note:: One\n   two::\n\n     a *b*\n\nText::\n\n  c\n\n  d\n\nafter") == [
                "One two:", "code a *b*", "Text:", "code c\n\nd", "after",
            ])
        #expect(outline(".. warning::\n\n   x\n\n.. code-block:: sh\n   :linenos:\n\n   $ y\n") == ["x", "code $ y"])
    }

    @Test("leaves comments, pictures and tables of contents out")
    func leftOut() {
        #expect(
            outline(".. comment\n   more\n\n.. image:: x.png\n   :alt: no\n\n.. toctree::\n\n   a\n   b\n\nx") == ["x"])
    }

    @Test("reads descriptions, options and term lists as definitions")
    func definitions() {
        let text = """
            .. function:: f(x)

               Does it.

               .. option:: --y

                  Inner.

            term
               Its meaning.

            -a, --all   Everything,
                        twice.
            """
        let document = DocumentFormat.restructuredText.read(Array(text.utf8))
        #expect(
            document.blocks.map(\.text.string) == [
                "f(x)", "Does it.", "--y", "Inner.", "term", "Its meaning.", "-a, --all", "Everything, twice.",
            ])
        #expect(document.blocks.map(\.entry) == [0, 0, 1, 1, 2, 2, 3, 3])
        #expect(document.entryParents == [nil, 0, nil, nil])
    }

    @Test("reads lists, fields and tables")
    func lists() {
        #expect(
            outline("* a\n  b\n\n  more\n* c\n\n1. d\n#. e\n\n:param x: what\n") == [
                "item a b", "more", "item c", "item d", "item e", "item param x: what",
            ])
        #expect(outline("== ==\nA  B\n== ==\n1  2\n== ==\n\nx") == ["row A B", "row 1 2", "x"])
        #expect(
            outline("+---+---+\n| A | B |\n+===+===+\n| 1 | 2 |\n+---+---+\n\nx") == ["row A | B", "row 1 | 2", "x"])
    }

    @Test("finds cross references and what they lead to")
    func references() {
        let document = DocumentFormat.restructuredText.read(
            Array(
                ".. _my-label:\n\nTitle\n=====\n\n:ref:`see <Other Label>`, :doc:`guide`, `site`_\n\n.. _site: https://x.org\n"
                    .utf8))
        #expect(document.blocks[0].anchors == ["my-label", "title"])
        #expect(document.links.map(\.target) == ["label:Other Label", "guide", "https://x.org"])
    }

    @Test("reads deep indentation without end")
    func nesting() {
        let text = (0..<3000).map { String(repeating: " ", count: $0) + "- x\n" }.joined()
        #expect(!DocumentFormat.restructuredText.read(Array(text.utf8)).blocks.isEmpty)
        let terms = (0..<2000).map { String(repeating: " ", count: $0) + "x\n" }.joined()
        #expect(!DocumentFormat.restructuredText.read(Array(terms.utf8)).blocks.isEmpty)
    }
}
