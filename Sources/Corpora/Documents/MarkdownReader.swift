/// Reads Markdown: CommonMark's blocks as far as documentation uses them, with tables and front matter.
struct MarkdownReader {
    let source: [UInt8]
    let lines: [Range<Int>]
    var references: [String: String] = [:]
    private var document = ParsedDocument()

    /// The block that is being collected.
    private(set) var text = LogicalText()
    private var role = DocumentBlock.Role.paragraph
    private var blockStart = 0
    private var blockEnd = 0
    /// How far the content of the list item is indented that the lines belong to.
    private var listIndents: [Int] = []
    private var isInTable = false
    private var isAfterBlank = true

    private init(_ source: [UInt8], _ range: Range<Int>) {
        self.source = source
        let lines = SourceLines.ranges(of: source)
        self.lines = lines.compactMap { line in
            let part = line.clamped(to: range)
            return part.isEmpty && !line.isEmpty ? nil : part
        }
        collectReferences(lines)
    }

    /// - Parameter range: The part of the source to read; the definitions of links are taken from all of it.
    /// - Complexity: O(n) in the number of bytes.
    static func read(_ source: [UInt8], in range: Range<Int>? = nil) -> ParsedDocument {
        var reader = MarkdownReader(source, range ?? source.indices)
        reader.run()
        return reader.document
    }

    private mutating func run() {
        var number = frontMatter()
        while number < lines.count {
            let line = SourceLines.trimmed(lines[number], in: source)
            number = read(line, number) + 1
        }
        flush()
    }

    // MARK: Lines

    /// Reads the line, or the lines of a block that has an end of its own; returns the last one read.
    private mutating func read(_ line: Range<Int>, _ number: Int) -> Int {
        var (indent, start) = SourceLines.indentation(of: line, in: source, tab: 4)
        guard start < line.upperBound else {
            flush()
            isInTable = false
            isAfterBlank = true
            return number
        }
        defer { isAfterBlank = false }
        // Quotations are read as what they quote.
        while start < line.upperBound, source[start] == UInt8(ascii: ">") {
            let (inner, next) = SourceLines.indentation(of: start + 1..<line.upperBound, in: source, tab: 4)
            (indent, start) = (max(inner - 1, 0), next)
        }
        guard start < line.upperBound else {
            flush()
            return number
        }
        if isAfterBlank || text.isEmpty {
            while let last = listIndents.last, indent < last { listIndents.removeLast() }
        }
        let content = start..<line.upperBound
        if let fence = fence(content) { return readFence(fence, indent: indent, from: number, start: start) }
        if text.isEmpty, indent >= (listIndents.last ?? 0) + 4, !isListMarker(content) {
            return readIndentedCode(from: number)
        }
        if starts(with: "<!--", at: start), !contains("-->", in: content) { return skipComment(from: number) }
        read(content, indent: indent)
        return number
    }

    private mutating func read(_ content: Range<Int>, indent: Int) {
        if let level = headingLevel(content) { return readHeading(content, level: level) }
        if let level = underlineLevel(content), !text.isEmpty, role == .paragraph || role == .item {
            flush(as: .heading(level: level), end: content.upperBound)
            return
        }
        if isBreak(content) { return flush() }
        if isDefinition(content) { return flush() }
        if let marker = listMarkerLength(content) {
            flush()
            listIndents.removeAll { $0 > indent }
            listIndents.append(indent + marker)
            let (_, start) = SourceLines.indentation(of: content.lowerBound + marker..<content.upperBound, in: source)
            if let level = headingLevel(start..<content.upperBound) {
                return readHeading(start..<content.upperBound, level: level)
            }
            begin(.item, at: content.lowerBound)
            return append(start..<content.upperBound)
        }
        if source[content.lowerBound] == UInt8(ascii: "|") || isInTable {
            flush()
            isInTable = true
            return readRow(content)
        }
        if isDelimiterRow(content), !text.isEmpty {
            // The row above was a table's header.
            isInTable = true
            role = .row
            return flush()
        }
        if text.isEmpty { begin(.paragraph, at: content.lowerBound) }
        append(content)
    }

    private mutating func begin(_ role: DocumentBlock.Role, at start: Int) {
        self.role = role
        blockStart = start
    }

    private mutating func append(_ range: Range<Int>) {
        if !text.isEmpty { text.appendNewline(at: max(range.lowerBound - 1, 0)) }
        text.append(range, of: source)
        blockEnd = range.upperBound
    }

    // MARK: Blocks

    private mutating func flush(as newRole: DocumentBlock.Role? = nil, end: Int? = nil, anchor: String? = nil) {
        defer {
            text = LogicalText()
            role = .paragraph
        }
        guard !text.isEmpty else { return }
        let role = newRole ?? self.role
        let inline = MarkdownInline(text, of: source, references: references)
        let mapped = inline.builder.finished()
        guard !mapped.isEmpty, let written = inline.builder.sourceRange else { return }
        document.links += inline.links
        var anchors: [String] = anchor.map { [$0] } ?? []
        if case .heading = role {
            anchors.append(MarkdownReader.slug(mapped.string))
            listIndents = []
            if document.title.isEmpty, role == .heading(level: 1) { document.title = mapped.string }
        }
        document.blocks.append(
            DocumentBlock(
                role: role, text: mapped,
                range: min(blockStart, written.lowerBound)..<max(end ?? blockEnd, written.upperBound),
                anchors: anchors, linkedBytes: inline.linkedBytes))
    }

    private mutating func appendVerbatim(_ lines: ArraySlice<Range<Int>>, range: Range<Int>) {
        var builder = MappedTextBuilder()
        for line in lines {
            builder.append(verbatim: line, of: source)
            builder.newline()
        }
        guard !builder.isEmpty else { return }
        document.blocks.append(DocumentBlock(role: .preformatted, text: builder.finished(), range: range))
    }

    private mutating func readHeading(_ content: Range<Int>, level: Int) {
        flush()
        let (_, start) = SourceLines.indentation(of: content.lowerBound + level..<content.upperBound, in: source)
        var end = content.upperBound
        var anchor: String?
        if source[end - 1] == UInt8(ascii: "}"), let open = source[start..<end].lastIndex(of: UInt8(ascii: "{")),
            open + 1 < end, source[open + 1] == UInt8(ascii: "#")
        {
            anchor = String(decoding: source[open + 2..<end - 1], as: UTF8.self)
            end = SourceLines.trimmed(start..<open, in: source).upperBound
        }
        var hashes = end
        while hashes > start, source[hashes - 1] == UInt8(ascii: "#") { hashes -= 1 }
        if hashes == start || Words.isSpace(source[hashes - 1]) {
            end = SourceLines.trimmed(start..<hashes, in: source).upperBound
        }
        begin(.heading(level: level), at: content.lowerBound)
        append(start..<end)
        flush(end: content.upperBound, anchor: anchor)
    }

    private mutating func readRow(_ content: Range<Int>) {
        guard !isDelimiterRow(content) else { return }
        begin(.row, at: content.lowerBound)
        let inner =
            source[content].firstIndex(where: { $0 != UInt8(ascii: "|") && !Words.isSpace($0) }) ?? content.upperBound
        var end = content.upperBound
        while end > inner, source[end - 1] == UInt8(ascii: "|") || Words.isSpace(source[end - 1]) { end -= 1 }
        append(inner..<end)
        flush(end: content.upperBound)
    }

    private mutating func readFence(_ fence: (byte: UInt8, length: Int), indent: Int, from number: Int, start: Int)
        -> Int
    {
        flush()
        var last = number + 1
        while last < lines.count {
            let line = SourceLines.trimmed(lines[last], in: source)
            let (_, first) = SourceLines.indentation(of: line, in: source)
            let marks = source[first..<line.upperBound]
            if marks.count >= fence.length, marks.allSatisfy({ $0 == fence.byte }) { break }
            last += 1
        }
        let end = last < lines.count ? lines[last].upperBound : source.count
        let content = lines[min(number + 1, lines.count)..<min(last, lines.count)].map { line in
            // As far as the fence is indented, its content is too.
            line.lowerBound
                + min(indent, SourceLines.indentation(of: line, in: source).start - line.lowerBound)..<line.upperBound
        }
        appendVerbatim(content[...], range: start..<max(start, end))
        return min(last, lines.count - 1)
    }

    private mutating func readIndentedCode(from number: Int) -> Int {
        let limit = (listIndents.last ?? 0) + 4
        var last = number
        var next = number + 1
        while next < lines.count {
            let line = SourceLines.trimmed(lines[next], in: source)
            let (indent, start) = SourceLines.indentation(of: line, in: source, tab: 4)
            if start < line.upperBound {
                if indent < limit { break }
                last = next
            }
            next += 1
        }
        let start = SourceLines.indentation(of: lines[number], in: source).start
        appendVerbatim(lines[number...last], range: start..<lines[last].upperBound)
        return last
    }

    private mutating func skipComment(from number: Int) -> Int {
        flush()
        return (number..<lines.count).first { contains("-->", in: lines[$0]) } ?? lines.count - 1
    }

    /// Skips the settings that some tools write in front of the text; returns the first line after them.
    private mutating func frontMatter() -> Int {
        guard let first = lines.first, isExactly("---", first), lines.count > 1,
            let end = lines.indices.dropFirst().first(where: {
                isExactly("---", lines[$0]) || isExactly("...", lines[$0])
            })
        else { return 0 }
        for line in lines[1..<end] where starts(with: "title:", at: line.lowerBound) {
            document.title = String(decoding: source[line.lowerBound + 6..<line.upperBound], as: UTF8.self)
                .trimming { $0.properties.isWhitespace || $0 == "\"" || $0 == "'" }
        }
        return end + 1
    }

    /// The name by which links reach a heading, as the usual tools make it.
    static func slug(_ heading: String) -> String {
        var slug = ""
        for character in heading.lowercased() {
            if character.isLetter || character.isNumber || character == "_" || character == "-" {
                slug.append(character)
            } else if character == " " {
                slug.append("-")
            }
        }
        return slug
    }
}
