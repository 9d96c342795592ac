internal import Files

/// How documentation is cut into passages.
public struct PassageOptions: Equatable, Sendable {
    /// The longest passage in words.
    public var longestPassage = 200

    /// A definition list's entry of fewer words stays together with its neighbours.
    public var shortestEntry = 20

    /// What is at least this share links, by length, is navigation and gives no passage.
    public var navigationShare = 0.8

    public init() {}

    func validate() throws(CorporaError) {
        guard longestPassage >= 20 else {
            throw .invalidOption(name: "longest passage", found: "\(longestPassage)", expected: "at least 20 words")
        }
        guard navigationShare > 0 else {
            throw .invalidOption(name: "navigation share", found: "\(navigationShare)", expected: "more than 0")
        }
    }
}

/// One document of a documentation tree, cut into passages.
public struct DocumentationPage: Equatable, Sendable {
    /// Relative to the tree's root.
    public let path: String
    public let format: DocumentFormat
    public let title: String

    /// In the order of the document; their ranges ascend and do not overlap.
    public let passages: [Passage]

    package let hasOwnTitle: Bool
    package let purpose: String?
    package let titleAnchors: Set<String>
    package let sections: [Section]
    package let links: [DocumentLink]
    package let indexEntries: [DocumentLink]

    /// Stretches that were left out because they are lists of links.
    package let navigationCount: Int

    /// A heading and the passages under it.
    package struct Section: Equatable, Sendable {
        package var heading: String
        /// The heading of the section that this one stands in; empty where that is the page's own title, or none.
        package var parent: String
        package var anchors: [String]
        package var entries: [Entry]
    }

    /// A passage of a section with what is known of it.
    package struct Entry: Equatable, Sendable {
        /// The place of the passage in the page.
        package var passage: Int
        package var words: Int
        /// The terms that the passage defines.
        package var terms: [String]
        /// What stands in brackets behind the first term, such as its type.
        package var remark: String?
        package var isContinuation: Bool
        package var anchors: [String]
    }

    /// Cuts one document. Pages are independent of one another: the result depends on the arguments alone.
    ///
    /// - Parameter path: Relative to the tree's root; it becomes the passages' source and the first part of their ids.
    public init(_ bytes: [UInt8], path: String, format: DocumentFormat, options: PassageOptions = PassageOptions()) {
        let document = format.read(bytes)
        let name = FileSystem.name(of: path)
        let stem = name.firstIndex(of: ".").map { String(name[..<$0]) } ?? name
        let outline = DocumentOutline(
            document, fallbackTitle: stem, capitalsAreStyle: format == .manualPage || format == .plainText)
        let limits = PassageCutter.Limits(longest: options.longestPassage, shortestEntry: options.shortestEntry)
        let identifier = DocumentationPage.identifier(of: path)
        var passages: [Passage] = []
        var sections: [Section] = []
        var navigationCount = 0
        for section in outline.sections {
            let drafts = PassageCutter(section.blocks, entryParents: document.entryParents, limits: limits).drafts()
            var entries: [Entry] = []
            for draft in drafts {
                guard Double(draft.linkedBytes) < options.navigationShare * Double(draft.text.utf8.count) else {
                    navigationCount += 1
                    continue
                }
                let terms = draft.terms.map(TermText.cleaned)
                entries.append(
                    Entry(
                        passage: passages.count, words: draft.words, terms: terms,
                        remark: draft.terms.first.flatMap(TermText.remark), isContinuation: draft.isContinuation,
                        anchors: draft.anchors))
                var metadata: [String: JSONValue] = [
                    "title": .string(
                        DocumentationPage.displayTitle(
                            outline.title, path: section.path + draft.outerTerms.map(TermText.cleaned), terms: terms)),
                    "kind": terms.isEmpty ? "section" : "definition",
                ]
                if let anchor = (terms.isEmpty ? nil : draft.anchors.first) ?? section.anchors.last {
                    metadata["anchor"] = .string(anchor)
                }
                // A definition begins with its term, and what is cut off behind it must not lose it.
                let title = draft.holdsTerms ? "" : terms.joined(separator: ", ")
                passages.append(
                    Passage(
                        id: "\(identifier)#\(passages.count + 1)", title: title, text: draft.text, source: path,
                        byteRange: draft.range, metadata: metadata))
            }
            sections.append(
                Section(
                    heading: section.heading, parent: section.path.dropLast().last ?? "", anchors: section.anchors,
                    entries: entries))
        }
        self.path = path
        self.format = format
        title = outline.title
        hasOwnTitle = outline.hasOwnTitle
        purpose = outline.purpose
        titleAnchors = outline.titleAnchors
        self.passages = passages
        self.sections = sections
        self.navigationCount = navigationCount
        links = document.links
        indexEntries = document.indexEntries
    }

    private static func displayTitle(_ title: String, path: [String], terms: [String]) -> String {
        ([title] + path + (terms.isEmpty ? [] : [terms.joined(separator: ", ")]))
            .filter { !$0.isEmpty }.joined(separator: " > ")
    }

    /// The path without what cannot stand in judgement and run files: white space and `%` are percent-encoded.
    static func identifier(of path: String) -> String {
        guard path.unicodeScalars.contains(where: { $0.properties.isWhitespace || $0 == "%" || $0.value < 0x20 }) else {
            return path
        }
        var identifier = ""
        for scalar in path.unicodeScalars {
            guard scalar.properties.isWhitespace || scalar == "%" || scalar.value < 0x20 else {
                identifier.unicodeScalars.append(scalar)
                continue
            }
            for byte in UTF8.encode(scalar)! {
                let digits = String(byte, radix: 16, uppercase: true)
                identifier += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
            }
        }
        return identifier
    }
}

/// The terms of definition lists as a reader would say them.
enum TermText {
    /// Without the type or other remark in brackets behind it: `work_mem` of `work_mem (integer)`.
    static func cleaned(_ term: String) -> String {
        var text = term.trimming { $0.properties.isWhitespace || $0 == "¶" || $0 == ":" }
        if text.hasSuffix(")"), let open = text.lastIndex(of: "("), open > text.startIndex,
            text[text.index(before: open)] == " "
        {
            text = String(text[..<open]).trimmingWhitespace()
        }
        return text
    }

    /// What stands in brackets behind a term: `integer` of `work_mem (integer)`.
    static func remark(of term: String) -> String? {
        guard term.hasSuffix(")"), let open = term.lastIndex(of: "("), open > term.startIndex,
            term[term.index(before: open)] == " "
        else { return nil }
        return String(term[term.index(after: open)...].dropLast())
    }
}
