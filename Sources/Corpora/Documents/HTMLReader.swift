/// Reads HTML pages into blocks, whatever the bytes are.
///
/// Left out: scripts and the like, navigation (`nav`, page headers and footers, tables of contents; by element, role or
/// class), the marks that lead to a heading's own address, and the labels of admonitions ("Note", "Warning"). Where a
/// page says what its main part is (`main`, `role="main"`, a single `article`), nothing else is read. Definition lists
/// are marked as entries, table rows are one block each, the index of a DocBook manual becomes index entries.
struct HTMLReader {
    private let source: [UInt8]
    private let tokens: [HTMLToken]
    /// For each start tag, where its end tag stands among the tokens.
    private let ends: [Int?]

    private var document = ParsedDocument()
    private var builder = MappedTextBuilder()
    private var role = DocumentBlock.Role.paragraph
    /// What the next paragraph is, where it is the first of a list item or a term.
    private var pendingRole: DocumentBlock.Role?
    /// Where a line break stands between two terms.
    private var termBreak: Int?
    /// Whether the block is an admonition's label, which is no text of the section.
    private var isLabel = false
    /// Where the markup begins that opened the block.
    private var blockStart: Int?
    private var anchors: [String] = []
    private var linkedBytes = 0
    private var link: OpenLink?
    private var verbatimDepth = 0
    private var isInRow = false
    private var isLabelExpected = false
    private var definitions = DefinitionNesting()
    private var index = IndexNesting()

    private struct OpenLink {
        var target: String?
        /// Where the link's text begins in the block.
        var start: Int
        var isIndexReference: Bool
    }

    private init(_ source: [UInt8]) {
        self.source = source
        tokens = HTMLTokenizer.tokens(of: source)
        ends = HTMLReader.matchingEnds(of: tokens)
    }

    /// - Complexity: O(n) in the number of bytes.
    static func read(_ source: [UInt8]) -> ParsedDocument {
        var reader = HTMLReader(source)
        reader.run()
        return reader.document
    }

    /// The end tag of each start tag; nil for one that is never closed.
    private static func matchingEnds(of tokens: [HTMLToken]) -> [Int?] {
        var ends = [Int?](repeating: nil, count: tokens.count)
        var open: [String: [Int]] = [:]
        for (index, token) in tokens.enumerated() {
            switch token.kind {
            case .text: break
            case .start: open[token.name, default: []].append(index)
            case .end: if let start = open[token.name]?.popLast() { ends[start] = index }
            }
        }
        return ends
    }

    // MARK: The walk

    private mutating func run() {
        readTitle()
        let content = contentRange()
        var position = content.lowerBound
        while position < content.upperBound {
            let token = tokens[position]
            switch token.kind {
            case .text: read(text: token)
            case .start:
                let attributes = HTMLAttributes(token.attributes, of: source)
                if let end = ends[position], HTMLVocabulary.isLeftOut(token.name, attributes) {
                    position = end
                } else if HTMLVocabulary.unseen.contains(token.name), let end = ends[position] {
                    position = end
                } else if token.name == "header", let end = ends[position], !hasHeading(position..<end) {
                    position = end
                } else {
                    read(start: token, attributes, at: position)
                }
            case .end: read(end: token)
            }
            index.leave(at: position)
            position += 1
        }
        flush(at: source.count)
        document.entryParents = definitions.parents
    }

    private mutating func readTitle() {
        guard let start = tokens.firstIndex(where: { $0.kind == .start && $0.name == "title" }), let end = ends[start]
        else { return }
        var builder = MappedTextBuilder()
        for token in tokens[start..<end] where token.kind == .text {
            HTMLText.append(token.range, of: source, to: &builder, verbatim: false)
        }
        document.title = builder.finished().string
    }

    /// The tokens of the page's main part.
    private func contentRange() -> Range<Int> {
        func only(_ isWanted: (Int) -> Bool) -> Range<Int>? {
            let found = tokens.indices.filter { tokens[$0].kind == .start && ends[$0] != nil && isWanted($0) }
            guard found.count == 1, let start = found.first, let end = ends[start] else { return nil }
            return start..<end + 1
        }
        return only { tokens[$0].name == "main" }
            ?? only { tokens[$0].name == "div" && HTMLAttributes(tokens[$0].attributes, of: source)["role"] == "main" }
            ?? only { tokens[$0].name == "article" } ?? tokens.indices
    }

    /// Whether a page's header holds the page's main heading.
    private func hasHeading(_ range: Range<Int>) -> Bool {
        tokens[range].contains { $0.kind == .start && $0.name == "h1" }
    }

    // MARK: Text

    private mutating func read(text token: HTMLToken) {
        if index.isOpen {
            if link == nil { index.append(token.range, of: source) }
            return
        }
        if verbatimDepth > 0 {
            var range = token.range
            // A line break right after the tag is part of the markup.
            if builder.isEmpty, source[range.lowerBound] == 0x0A { range = range.lowerBound + 1..<range.upperBound }
            HTMLText.append(range, of: source, to: &builder, verbatim: true)
        } else {
            separateTerms(before: token.range)
            HTMLText.append(token.range, of: source, to: &builder, verbatim: false)
        }
        if !builder.isEmpty { isLabelExpected = false }
    }

    // MARK: Tags

    private mutating func read(start token: HTMLToken, _ attributes: HTMLAttributes, at position: Int) {
        let name = token.name
        if HTMLVocabulary.blocks.contains(name) {
            read(block: token, attributes, at: position)
        } else if name == "br" {
            breakLine(at: token.range.lowerBound)
        } else if name == "a" {
            closeLink()
            if let target = attributes["href"] {
                link = OpenLink(
                    target: target, start: builder.count, isIndexReference: index.isOpen)
            }
        }
        if name == "body" || name == "html" { return }
        for key in ["id", "name"] where key == "id" || name == "a" {
            if let anchor = attributes[key], !anchor.isEmpty { anchors.append(anchor) }
        }
    }

    private mutating func read(block token: HTMLToken, _ attributes: HTMLAttributes, at position: Int) {
        let start = token.range.lowerBound
        let name = token.name
        if index.isOpen {
            index.open(name)
            return
        }
        switch name {
        case "td", "th":
            if !builder.isEmpty { separateCells(at: start) } else if !isInRow { begin(.row, at: start) }
            return
        case "h1", "h2", "h3", "h4", "h5", "h6":
            flush(at: start)
            isInRow = false
            if isLabelExpected, let end = ends[position], isAdmonitionLabel(position..<end) {
                isLabelExpected = false
                isLabel = true
            } else {
                definitions.interrupt()
                role = .heading(level: Int(name.utf8.last ?? 0x31) - 0x30)
            }
            blockStart = start
        default:
            if isInRow, HTMLVocabulary.breaksWithinRows.contains(name) {
                builder.breakLine()
                return
            }
            flush(at: start)
            begin(block: name, attributes, at: start, position)
        }
    }

    private mutating func begin(block name: String, _ attributes: HTMLAttributes, at start: Int, _ position: Int) {
        switch name {
        case "pre", "listing", "plaintext":
            verbatimDepth += 1
            begin(.preformatted, at: start)
        case "li": beginParagraph(as: .item, at: start)
        case "dl": definitions.openList()
        case "dt":
            definitions.openTerm()
            beginParagraph(as: .term, at: start)
        case "dd":
            definitions.openDefinition()
            beginParagraph(as: nil, at: start)
        case "tr":
            begin(.row, at: start)
            isInRow = true
        case "table": isInRow = false
        default:
            if name == "div" || name == "aside" || name == "section" {
                let classes = attributes.classes
                if classes.contains(where: HTMLVocabulary.admonitions.contains) { isLabelExpected = true }
                if classes.contains("indexdiv"), let end = ends[position] { index.enter(until: end) }
            } else if name == "p", attributes.classes.contains("admonition-title") {
                isLabel = true
            }
            begin(pendingRole ?? .paragraph, at: start)
        }
    }

    private mutating func read(end token: HTMLToken) {
        let name = token.name
        if name == "a" {
            closeLink()
            return
        }
        guard HTMLVocabulary.blocks.contains(name) else { return }
        if index.isOpen {
            index.close(name)
            return
        }
        switch name {
        case "td", "th": return
        case "tr", "table", "thead", "tbody", "tfoot":
            flush(at: token.range.upperBound)
            isInRow = false
        case "pre", "listing", "plaintext":
            if isInRow { return builder.breakLine() }
            flush(at: token.range.upperBound)
            verbatimDepth = max(verbatimDepth - 1, 0)
        case "dl":
            flush(at: token.range.upperBound)
            definitions.closeList()
        default:
            if isInRow, HTMLVocabulary.breaksWithinRows.contains(name) { return builder.breakLine() }
            flush(at: token.range.upperBound)
        }
        if name == "li" || name == "dt" { pendingRole = nil }
        role = verbatimDepth > 0 ? .preformatted : .paragraph
    }

    private mutating func breakLine(at start: Int) {
        if verbatimDepth > 0 { return builder.newline() }
        // Several terms in one element, each on a line.
        if role == .term, !builder.isEmpty { termBreak = start }
        builder.space(at: start)
    }

    private mutating func separateTerms(before text: Range<Int>) {
        guard let start = termBreak, source[text].contains(where: { !Words.isSpace($0) }) else { return }
        termBreak = nil
        builder.dropPendingSpace()
        if let last = builder.finished().bytes.last, last != UInt8(ascii: ",") {
            builder.append(replacement: [UInt8(ascii: ",")], for: start..<start)
        }
        builder.space(at: start)
    }

    private mutating func separateCells(at start: Int) {
        builder.dropPendingSpace()
        builder.space(at: start)
        builder.append(replacement: [UInt8(ascii: "|")], for: start..<start)
        builder.space(at: start)
    }

    private func isAdmonitionLabel(_ range: Range<Int>) -> Bool {
        var builder = MappedTextBuilder()
        for token in tokens[range] where token.kind == .text {
            HTMLText.append(token.range, of: source, to: &builder, verbatim: false)
        }
        var words = builder.finished().string.lowercased()
        if words.hasSuffix(":") { words.removeLast() }
        return HTMLVocabulary.admonitions.contains(words[...])
    }

    // MARK: Blocks

    private mutating func begin(_ role: DocumentBlock.Role, at start: Int) {
        self.role = role
        blockStart = start
    }

    private mutating func beginParagraph(as role: DocumentBlock.Role?, at start: Int) {
        pendingRole = role
        begin(role ?? .paragraph, at: start)
    }

    /// Ends the block that is being built; `end` is where the markup that ends it stands.
    private mutating func flush(at end: Int) {
        // A link around several blocks counts in each of them.
        if var open = link, !builder.isEmpty {
            recordLink(open)
            open.start = 0
            open.target = nil
            link = open
        }
        defer {
            builder = MappedTextBuilder()
            linkedBytes = 0
            blockStart = nil
            termBreak = nil
            isLabel = false
        }
        guard let written = builder.sourceRange else { return }
        let text = builder.finished()
        if !isLabel {
            let start = min(blockStart ?? written.lowerBound, written.lowerBound)
            document.blocks.append(
                DocumentBlock(
                    role: role, text: text, range: start..<max(end, written.upperBound), anchors: anchors,
                    entry: definitions.entry, linkedBytes: linkedBytes))
            anchors = []
        }
        pendingRole = nil
        if verbatimDepth == 0 { role = .paragraph }
    }

    private mutating func closeLink() {
        guard let open = link else { return }
        recordLink(open)
        link = nil
    }

    private mutating func recordLink(_ open: OpenLink) {
        if open.isIndexReference {
            if let target = open.target, !target.hasPrefix("#"), let text = index.term {
                document.indexEntries.append(DocumentLink(text: text, target: target))
            }
            return
        }
        guard builder.count > open.start else { return }
        if builder.count - open.start <= 3, HTMLVocabulary.marks.contains(builder.finished().string(from: open.start)) {
            return builder.truncate(to: open.start)
        }
        linkedBytes += builder.count - open.start
        guard let target = open.target else { return }
        let text = builder.finished().string(from: open.start)
        if !text.isEmpty { document.links.append(DocumentLink(text: text, target: target)) }
    }
}
