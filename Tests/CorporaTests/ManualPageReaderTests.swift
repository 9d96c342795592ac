import Testing

@testable import Corpora

@Suite("Manual pages")
struct ManualPageReaderTests {
    private func outline(_ text: String) -> [String] { DocumentFormat.manualPage.outline(text) }

    @Test(
        "reads escapes",
        arguments: [
            ("a \\fBbold\\fR \\f(CWcode\\fP", "a bold code"), ("\\-\\-all", "--all"),
            ("it\\(aqs \\(em so", "it's — so"),
            ("a\\~b\\ c", "a b c"), ("\\s-1SMALL\\s0", "SMALL"), ("x\\h'1i'y", "xy"), ("\\[u2014] \\[bu]", "— •"),
            ("text \\\" comment", "text"), ("C:\\e\\&.", "C:\\."), ("\\*(lqx\\*(rq", "“x”"), ("\\zx\\c", "x"),
            ("\\", ""),
            ("\\f", ""), ("\\[", ""), ("\\(a", ""), ("\\s", ""), ("a\\", "a"), ("\\N'65'x", "x"),
            ("\\k[a]\\n(.dx", "x"),
        ])
    func escapes(troff: String, text: String) {
        #expect(outline("\(troff)\n.PP\nend").first == (text.isEmpty ? "end" : text))
    }

    @Test("reads headings, paragraphs and words in alternating fonts")
    func macros() {
        #expect(
            outline(
                ".TH X 1\n.SH \"EXIT STATUS\"\nIt is\n.BR zero (0)\n.B or not .\n.PP\nNext\n.SS Sub\nx\n.SH\nLATE\ny")
                == [
                    "h1 EXIT STATUS", "It is zero(0) or not .", "Next", "h2 Sub", "x", "h1 LATE", "y",
                ])
    }

    @Test("reads tagged paragraphs as definitions")
    func definitions() {
        let document = ManualPageReader.read(
            Array(
                ".TP\n.B \\-a\nAll.\n.TP\n.B \\-b\n.TQ\n.B \\-\\-bee\nBoth.\n.RS\n.IP inner 4\nDeep.\n.RE\n.IP \\(bu 2\nPoint.\n.PP\nText."
                    .utf8))
        #expect(
            document.blocks.map(\.text.string) == [
                "-a", "All.", "-b", "--bee", "Both.", "inner", "Deep.", "Point.", "Text.",
            ])
        #expect(document.blocks.map(\.entry) == [0, 0, 1, 1, 1, 2, 2, nil, nil])
        #expect(document.entryParents == [nil, nil, 1])
    }

    @Test("keeps the lines of examples")
    func verbatim() {
        #expect(outline("See\n.nf\na   b\n  c\n\nd\n.fi\nafter") == ["See", "code a   b\n  c\n\nd", "after"])
    }

    @Test("skips definitions of macros, conditions and comments")
    func skipped() {
        #expect(
            outline(".de XX\nno\n..\n.\\\" no\n'\\\" no\n.if n no\n.ie t \\{\nno\n.\\}\n.el x\n.ig\nno\n..\nyes") == [
                "yes"
            ])
    }

    @Test("reads the macros of mdoc")
    func mdoc() {
        let text = """
            .Dd May 1, 2026
            .Dt TOOL 1
            .Sh NAME
            .Nm tool
            .Nd do things
            .Sh DESCRIPTION
            The
            .Nm
            utility reads
            .Ar file ,
            see
            .Xr other 5 .
            Say
            .Dq no
            or
            .Fn call a b .
            .Bl -tag
            .It Fl v , Fl -verbose Ns = Ns Ar n
            Talks.
            .El
            .Bl -bullet
            .It
            Point
            .El
            """
        #expect(
            outline(text) == [
                "h1 NAME", "tool — do things", "h1 DESCRIPTION",
                "The tool utility reads file, see other(5). Say “no” or call(a, b).", "term -v, --verbose=n", "Talks.",
                "item Point",
            ])
        #expect(DocumentFormat.manualPage.page(text).title == "tool")
        #expect(DocumentFormat.manualPage.page(text).purpose == "do things")
    }

    @Test("calls the page by its name, and its headings in ordinary letters")
    func titles() {
        let page = DocumentFormat.manualPage.page(
            ".TH LS 1\n.SH NAME\nls, dir \\- list folders\n.SH EXIT STATUS\nIt is zero.")
        #expect(page.title == "ls")
        #expect(page.purpose == "list folders")
        #expect(page.sections.map(\.heading) == ["Exit status"])
    }

    @Test("knows manual pages from other files that end in a digit")
    func sniffing() {
        #expect(DocumentFormat(path: "man/ls.1") == .manualPage)
        #expect(DocumentFormat(path: "man/printf.3pm") == .manualPage)
        #expect(DocumentFormat(path: "libfoo.so.12") == nil)
        #expect(DocumentFormat.isManualPage(Array(".\\\" c\n.TH X 1\n".utf8)))
        #expect(DocumentFormat.isManualPage(Array(".Dd today\n".utf8)))
        #expect(!DocumentFormat.isManualPage(Array("version 1\n".utf8)))
    }
}
