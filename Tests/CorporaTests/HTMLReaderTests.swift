import Testing

@testable import Corpora

@Suite("HTML pages")
struct HTMLReaderTests {
    private func outline(_ html: String) -> [String] { DocumentFormat.html.outline(html) }

    @Test(
        "reads character references",
        arguments: [
            ("a &amp; b", "a & b"), ("&lt;p&gt;", "<p>"), ("&#8212;", "—"), ("&#x2014;", "—"), ("&#X2014;", "—"),
            ("&hellip;", "…"), ("&Auml;&szlig;", "Äß"), ("caf&eacute;", "café"), ("&#146;s", "’s"), ("a&nbsp;b", "a b"),
            ("&amp b", "& b"), ("&copy2026", "©2026"), ("AT&T", "AT&T"), ("a & b", "a & b"), ("&unknown;", "&unknown;"),
            ("&#0;", "\u{FFFD}"), ("&#xFFFFFFFFF;", "\u{FFFD}"), ("&#xD800;", "\u{FFFD}"), ("&", "&"), ("&#", "&#"),
            ("&#x;", "&#x;"), ("&#65", "A"), ("so&shy;ft", "soft"), ("&quot;x&quot;", "\"x\""), ("&apos;", "'"),
            ("&#128512;", "😀"), ("&rarr; &lfloor;", "→ ⌊"),
        ])
    func references(html: String, text: String) {
        #expect(outline("<p>\(html)</p>") == [text])
    }

    @Test("keeps the words and drops the markup, comments and white space around them")
    func paragraphs() {
        #expect(
            outline("<p>One <b>two</b>\n  <i>th</i>ree.<!-- <p>no</p> --></p>\r\n<p>Four</p>") == [
                "One two three.", "Four",
            ])
        #expect(outline("bare text<div>in a <span>box</span></div>tail") == ["bare text", "in a box", "tail"])
        #expect(outline("a<br>b<br/>c") == ["a b c"])
        #expect(outline("<p>x <![CDATA[<raw> & text]]></p>") == ["x <raw> & text"])
        #expect(outline("<?xml version='1.0'?><!DOCTYPE html><p>x</p>") == ["x"])
    }

    @Test("drops scripts, styles and other things that nobody reads")
    func scripts() {
        #expect(outline("<script>if (a < b) { '<p>no</p>' }</SCRIPT ><p>x</p><style>p{}</style>") == ["x"])
        #expect(outline("<p>x</p><script>never closed <p>no</p>") == ["x"])
        #expect(outline("<svg><text>no</text></svg><button>no</button><p>x</p><select><option>no</select>") == ["x"])
        #expect(outline("<head><title>T</title><meta></head><body>x</body>") == ["x"])
    }

    @Test(
        "leaves navigation out",
        arguments: [
            "<nav><p>no</p></nav>", "<div class='navheader'><div>no</div>no</div>",
            "<div class=\"x toc y\"><dl><dt>no</dl></div>",
            "<footer>no</footer>", "<header>no</header>", "<div role=navigation>no</div>",
            "<div class=NavFooter>no</div>",
            "<ul class='breadcrumb'><li>no</ul>",
        ])
    func navigation(html: String) {
        #expect(outline("<p>a</p>\(html)<p>b</p>") == ["a", "b"])
    }

    @Test("reads what is in a navigation element that is never closed, rather than lose the page")
    func unclosedNavigation() {
        #expect(outline("<nav><p>a</p><p>b</p>") == ["a", "b"])
    }

    @Test("keeps a header that holds the page's main heading")
    func headerWithTitle() {
        #expect(outline("<article><header><h1>T</h1></header><p>x</p></article>") == ["h1 T", "x"])
    }

    @Test("reads only the main part where a page names one")
    func mainPart() {
        #expect(outline("<div>side</div><main><p>x</p></main><div>more</div>") == ["x"])
        #expect(outline("<div>side</div><div class='body' role='main'><p>x</p></div>") == ["x"])
        #expect(outline("<article>a</article><article>b</article>") == ["a", "b"])
    }

    @Test("drops the marks that lead to a heading's own address")
    func headingMarks() {
        #expect(outline("<h2>Usage<a class='headerlink' href='#usage'>¶</a></h2>") == ["h2 Usage"])
        #expect(outline("<li>Fixed. <a href='x'>§</a></li>") == ["item Fixed."])
    }

    @Test("drops the label of a note and keeps the note")
    func admonitions() {
        #expect(outline("<h2>A</h2><div class='note'><h3 class='title'>Note</h3><p>x</p></div>") == ["h2 A", "x"])
        #expect(outline("<div class='admonition tip'><p class='admonition-title'>Tip</p><p>x</p></div>") == ["x"])
        #expect(outline("<div class='sect'><h3>Note</h3><p>x</p></div>") == ["h3 Note", "x"])
    }

    @Test("keeps the lines of program code")
    func code() {
        #expect(outline("<pre>\nif a {\n\tb &lt; c  \n\n\n\n}\n\n</pre>") == ["code if a {\n\tb < c\n\n}"])
        #expect(outline("<p>See:<pre>a\r\nb</pre>there") == ["See:", "code a\nb", "there"])
    }

    @Test("reads a table row by row")
    func tables() {
        #expect(
            outline("<table><tr><th>A<th>B</tr><tr><td><p>one</p><p>two</p></td><td>x</td></tr></table>")
                == ["row A | B", "row one\ntwo | x"])
        #expect(
            outline("<table><tr><td>layout <h2>Title</h2> text</td></tr></table>") == [
                "row layout", "h2 Title", "text",
            ])
    }

    @Test("reads lists whose items are not closed")
    func unclosedItems() {
        #expect(
            outline("<ul><li>one<li>two<ul><li>three</ul><li>four</ul>") == [
                "item one", "item two", "item three", "item four",
            ])
        #expect(outline("<ul><li><p>one</p><p>more</p></li></ul>") == ["item one", "more"])
    }

    @Test("groups the terms of a definition list with their definitions, inner lists included")
    func definitions() {
        let document = DocumentFormat.html.read(
            Array("<dl><dt>a<dt>b<dd>both<dt>c<dd>third <dl><dt>d<dd>inner</dl></dl><p>after</p>".utf8))
        #expect(document.blocks.map(\.text.string) == ["a", "b", "both", "c", "third", "d", "inner", "after"])
        #expect(document.blocks.map(\.entry) == [0, 0, 0, 1, 1, 2, 2, nil])
        #expect(document.entryParents == [nil, nil, 1])
    }

    @Test("separates terms that share an element")
    func severalTerms() {
        #expect(
            outline("<dl><dt><code>-a</code><br /></span><span>--all</span></dt><dd>x</dd></dl>") == [
                "term -a, --all", "x",
            ])
        #expect(outline("<dl><dt>-a,<br>--all<br></dt><dd>x</dd></dl>") == ["term -a, --all", "x"])
    }

    @Test("finds links with their texts")
    func links() {
        let document = DocumentFormat.html.read(
            Array(
                "<p><a href='a.html#x&amp;y'>the <b>first</b></a> <a name=n>no</a> <a href=b.html>second</a></p>".utf8))
        #expect(
            document.links == [
                DocumentLink(text: "the first", target: "a.html#x&y"), DocumentLink(text: "second", target: "b.html"),
            ])
        #expect(document.blocks[0].linkedBytes == 15)
        #expect(document.blocks[0].anchors == ["n"])
    }

    @Test("gives anchors to the text that follows them")
    func anchors() {
        let document = DocumentFormat.html.read(
            Array("<body id=b><div id='S'><h2 id=h>T</h2><p id=p>x <a id=q></a>y</p></div>".utf8))
        #expect(document.blocks.map(\.anchors) == [["S", "h"], ["p", "q"]])
    }

    @Test("reads the index of a DocBook manual as entries, not as text")
    func index() {
        let document = DocumentFormat.html.read(
            Array(
                """
                <div class="index"><div class="indexdiv"><h3>A</h3><dl><dt>atlas, <a class="indexterm" href="m.html#A">Maps</a></dt>
                <dt>autumn</dt><dd><dl><dt>leaves, <a class="indexterm" href="l.html">Leaves</a>, <a href="m.html">Maps</a></dt></dl></dd>
                <dt>apple (see <a href="#i">pear</a>)</dt></dl></div></div><p>x</p>
                """.utf8))
        #expect(document.blocks.map(\.text.string) == ["x"])
        #expect(document.links.isEmpty)
        #expect(
            document.indexEntries == [
                DocumentLink(text: "atlas", target: "m.html#A"), DocumentLink(text: "autumn, leaves", target: "l.html"),
                DocumentLink(text: "autumn, leaves", target: "m.html"),
            ])
    }

    @Test("reads bytes that are not UTF-8 as Windows-1252")
    func encodings() {
        let html: [UInt8] =
            Array("<p>caf".utf8) + [0xE9] + Array(" ".utf8) + [0x93] + Array("x".utf8) + [0x94, 0x81]
            + Array("</p>".utf8)
        #expect(HTMLReader.read(html).blocks.map(\.text.string) == ["café “x”"])
        #expect(outline("\u{FEFF}<p>naïve\u{200B} 😀\u{3000}x\u{00AD}</p>") == ["naïve 😀 x"])
    }

    @Test(
        "gets something out of broken markup",
        arguments: [
            ("a < b and c > d", ["a < b and c > d"]), ("<p>x</q>y", ["xy"]), ("<p <b>x</p>", ["x"]),
            ("</p></div>x", ["x"]),
            ("<p title=\"unclosed>x</p>", ["x"]), ("<p title='a>b'>x</p>", ["x"]), ("x<", ["x<"]), ("x</", ["x"]),
            ("x<p", ["x"]), ("x<!--", ["x"]), ("x<![CDATA[y", ["xy"]), ("", []), ("<", ["<"]),
            ("<>x</>", ["<>x"]), ("<p/>x<br/>y", ["x y"]), ("<A HREF=X>y</A>", ["y"]),
        ])
    func brokenMarkup(html: String, texts: [String]) {
        #expect(outline(html) == texts)
    }

    @Test("reads endless unclosed tags in a moment")
    func deepNesting() {
        for piece in ["<div>", "<nav>", "<a href='", "<dl><dt>", "<!--", "<table><tr><td>", "&", "<", "<p class=\""] {
            let html = String(repeating: piece, count: 30_000) + "x"
            #expect(HTMLReader.read(Array(html.utf8)).blocks.count < 60_001)
        }
    }
}
