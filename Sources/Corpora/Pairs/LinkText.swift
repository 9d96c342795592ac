/// Which texts of links say what they lead to.
enum LinkText {
    /// Whether a link's text could be a search: not "here", not "Section 9.3", no address.
    static func isSpeaking(_ text: String) -> Bool {
        let words = text.split(whereSeparator: \.isWhitespace)
        guard text.utf8.count >= 3, words.count <= 12, text.unicodeScalars.contains(where: \.properties.isAlphabetic)
        else {
            return false
        }
        let normalized = HeadingText.normalized(text).trimming {
            !$0.properties.isAlphabetic && !("0"..."9").contains($0)
        }
        if generic.contains(normalized) { return false }
        if text.contains("://") || text.hasPrefix("www.") || text.contains("@") || text.hasPrefix("[") { return false }
        return !isNumberedReference(words)
    }

    /// `Section 9.3`, `Table 8-1`, `Chapter 5, Queries`, `Appendix B`, `20.4. Resource Consumption`.
    private static func isNumberedReference(_ words: [Substring]) -> Bool {
        guard let first = words.first?.lowercased() else { return true }
        if first.unicodeScalars.allSatisfy({ ("0"..."9").contains($0) || $0 == "." || $0 == ")" }) { return true }
        guard words.count > 1, references.contains(first.trimming { $0 == "(" }) else { return false }
        let number = words[1].lowercased().trimming { ".,:;)".unicodeScalars.contains($0) }
        return number.utf8.count == 1 || number.utf8.contains { $0 >= 0x30 && $0 <= 0x39 }
            || number.allSatisfy { "ivxlc".contains($0) }
    }

    private static let references: Set<String> = [
        "appendix", "chap", "chapter", "example", "exercise", "fig", "figure", "footnote", "item", "line", "listing",
        "note",
        "page", "part", "ref", "sec", "section", "sections", "step", "table", "version",
    ]

    private static let generic: Set<String> = [
        "above", "another page", "back", "back to top", "below", "bottom", "chapter", "click here", "contents",
        "contact",
        "details", "docs", "documentation", "download", "downloads", "edit", "edit on github", "example", "examples",
        "forward",
        "general index", "go", "guide", "help", "here", "home", "home page", "homepage", "index", "info",
        "introduction",
        "in this section", "latest", "learn more", "link", "links", "list", "manual", "module index", "more",
        "more details",
        "more info", "more information", "next", "next page", "next topic", "note", "notes", "online", "overview",
        "page", "pdf",
        "prev", "previous", "previous page", "previous topic", "read more", "readme", "reference", "references",
        "same page", "search", "search page", "section", "see", "see above", "see also", "see below", "see here",
        "show source",
        "site", "source", "table of contents", "that", "the documentation", "the manual", "this", "this chapter",
        "this document",
        "this link", "this one", "this page", "this section", "toc", "top", "up", "usage", "view source", "web page",
        "website",
        "wiki",
    ]
}
