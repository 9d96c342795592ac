/// Reads reStructuredText, with what Sphinx adds to it.
///
/// Directives that hold text are read, those that describe something (`.. function::`, `.. option::`) as definitions,
/// those that hold code as it stands; pictures, tables of contents, comments and settings are left out.
struct RestructuredTextReader {
    let source: [UInt8]
    let lines: [Range<Int>]
    /// How far each line is indented; nil for an empty one.
    let indents: [Int?]
    private var targets: [String: String] = [:]
    private var document = ParsedDocument()
    private var anchors: [String] = []
    private var levels: [String] = []
    private var entry: Int?

    /// How deep blocks stand in one another before they are read as one.
    private static let deepest = 24

    private init(_ source: [UInt8]) {
        self.source = source
        let lines = SourceLines.ranges(of: source).map { SourceLines.trimmed($0, in: source) }
        self.lines = lines
        indents = lines.map { line in
            let (columns, start) = SourceLines.indentation(of: line, in: source)
            return start < line.upperBound ? columns : nil
        }
    }

    /// - Complexity: O(n) in the number of bytes, times the depth of the blocks.
    static func read(_ source: [UInt8]) -> ParsedDocument {
        var reader = RestructuredTextReader(source)
        reader.collectTargets()
        reader.read(reader.lines.indices, depth: 0)
        return reader.document
    }

    private mutating func collectTargets() {
        for number in lines.indices {
            let content = content(number)
            guard starts(with: ".. _", at: content.lowerBound),
                let colon = lastColon(of: content, from: content.lowerBound + 4)
            else { continue }
            let name = string(content.lowerBound + 4..<colon).trimming { $0 == "`" }
            let address = string(colon + 1..<content.upperBound).trimmingWhitespace()
            if !address.isEmpty { targets[HeadingText.normalized(name)] = address }
        }
    }

    private func lastColon(of content: Range<Int>, from start: Int) -> Int? {
        guard start < content.upperBound else { return nil }
        if source[content.upperBound - 1] == UInt8(ascii: ":") { return content.upperBound - 1 }
        return (start..<content.upperBound - 1).first { source[$0] == UInt8(ascii: ":") && source[$0 + 1] == 0x20 }
    }

    // MARK: Blocks

    private mutating func read(_ range: Range<Int>, depth: Int) {
        var number = range.lowerBound
        while number < range.upperBound {
            guard indents[number] != nil else {
                number += 1
                continue
            }
            number = max(readBlock(at: number, in: range, depth: depth), number + 1)
        }
    }

    /// Reads one block; returns the first line after it.
    private mutating func readBlock(at number: Int, in range: Range<Int>, depth: Int) -> Int {
        let content = content(number)
        if let next = readHeading(at: number, in: range) { return next }
        if starts(with: "..", at: content.lowerBound),
            content.count == 2 || Words.isSpace(source[content.lowerBound + 2])
        {
            return readExplicit(at: number, in: range, depth: depth)
        }
        if isTableBorder(content) { return readTable(at: number, in: range) }
        if starts(with: ">>>", at: content.lowerBound) {
            return readVerbatim(number..<endOfParagraph(number, in: range))
        }
        if let marker = RestructuredTextMarks.listMarkerLength(source[content]) {
            return readItem(at: number, in: range, marker: marker, depth: depth)
        }
        if let description = RestructuredTextMarks.optionDescription(source[content]) {
            return readOption(at: number, in: range, description: description, depth: depth)
        }
        if let body = RestructuredTextMarks.fieldBody(source[content]) {
            return readField(at: number, in: range, body: body, depth: depth)
        }
        return readParagraph(at: number, in: range, depth: depth)
    }

    private mutating func readParagraph(at number: Int, in range: Range<Int>, depth: Int) -> Int {
        let indent = indents[number] ?? 0
        // A line with a more indented one right under it is a term and its definition.
        if number + 1 < range.upperBound, let next = indents[number + 1], next > indent,
            depth < RestructuredTextReader.deepest,
            !endsInColons(number)
        {
            let end = endOfIndented(after: number, indent: indent, in: range)
            readDefinition(term: content(number), body: number + 1..<end, depth: depth)
            return end
        }
        var end = number + 1
        while end < range.upperBound, indents[end] == indent, !endsInColons(end - 1), !isItem(end) || depth > 8 {
            end += 1
        }
        emit(number..<end, from: content(number).lowerBound, as: .paragraph)
        guard endsInColons(end - 1) else { return end }
        let code = endOfIndented(after: end - 1, indent: indent, in: range)
        return readVerbatim(end..<code)
    }

    /// Whether a line begins an item although the line above is text: lists of documentation often lack the empty line.
    private func isItem(_ number: Int) -> Bool {
        let content = content(number)
        guard let marker = RestructuredTextMarks.listMarkerLength(source[content]) else { return false }
        return marker == 2 && source[content.lowerBound] != UInt8(ascii: "-")
    }

    private mutating func readItem(at number: Int, in range: Range<Int>, marker: Int, depth: Int) -> Int {
        let indent = indents[number] ?? 0
        let start = content(number).lowerBound
        let end = endOfIndented(after: number, indent: indent, in: range)
        var last = number + 1
        while last < end, let next = indents[last], next > indent, !endsInColons(last - 1),
            RestructuredTextMarks.listMarkerLength(source[content(last)]) == nil
        { last += 1 }
        emit(number..<last, from: start, skipping: marker, as: .item)
        if endsInColons(last - 1) { return readVerbatim(last..<end) }
        if depth < RestructuredTextReader.deepest { read(last..<end, depth: depth + 1) }
        return end
    }

    private mutating func readDefinition(term: Range<Int>, body: Range<Int>, depth: Int) {
        let outer = entry
        entry = document.entryParents.count
        document.entryParents.append(outer)
        var text = LogicalText()
        text.append(term, of: source)
        emit(text, range: term, as: .term)
        read(body, depth: depth + 1)
        entry = outer
    }

    /// `-a, --all  Everything.`
    private mutating func readOption(at number: Int, in range: Range<Int>, description: Int, depth: Int) -> Int {
        let content = content(number)
        let end = endOfIndented(after: number, indent: indents[number] ?? 0, in: range)
        let outer = entry
        entry = document.entryParents.count
        document.entryParents.append(outer)
        defer { entry = outer }
        let term = SourceLines.trimmed(content.lowerBound..<description, in: source)
        var text = LogicalText()
        text.append(term, of: source)
        emit(text, range: term, as: .term)
        var last = number + 1
        while last < end, indents[last] != nil { last += 1 }
        if description < content.upperBound {
            emit(number..<last, from: description, skipping: description - content.lowerBound, as: .paragraph)
        } else {
            last = number + 1
        }
        if depth < RestructuredTextReader.deepest { read(last..<end, depth: depth + 1) }
        return end
    }

    /// `:param name: What it is.` reads as `param name: What it is.`
    private mutating func readField(at number: Int, in range: Range<Int>, body: Int, depth: Int) -> Int {
        let content = content(number)
        let end = endOfIndented(after: number, indent: indents[number] ?? 0, in: range)
        guard body < content.upperBound || number + 1 < end else { return end }
        var last = number + 1
        while last < end, indents[last] != nil { last += 1 }
        emit(number..<last, from: content.lowerBound, skipping: 1, as: .item)
        if depth < RestructuredTextReader.deepest { read(last..<end, depth: depth + 1) }
        return end
    }

    private mutating func readVerbatim(_ range: Range<Int>) -> Int {
        var builder = MappedTextBuilder()
        let indent = range.compactMap { indents[$0] }.min() ?? 0
        for number in range {
            if indents[number] != nil {
                let line = lines[number]
                let start = min(line.lowerBound + indent, content(number).lowerBound)
                builder.append(verbatim: start..<line.upperBound, of: source)
            }
            builder.newline()
        }
        if let written = builder.sourceRange { append(builder.finished(), range: written, as: .preformatted) }
        return range.upperBound
    }

    // MARK: Headings

    private mutating func readHeading(at number: Int, in range: Range<Int>) -> Int? {
        let first = content(number)
        if let mark = RestructuredTextMarks.adornment(source[first]) {
            // A line above the title and one below.
            guard number + 2 < range.upperBound, indents[number + 1] != nil, first.count >= 3,
                RestructuredTextMarks.adornment(source[content(number + 2)]) == mark,
                indents[number + 2] == indents[number],
                RestructuredTextMarks.adornment(source[content(number + 1)]) == nil
            else { return nil }
            return emitHeading(number + 1, style: "\(mark)\(mark)", from: first.lowerBound, to: number + 2)
        }
        guard indents[number] == 0, number + 1 < range.upperBound, indents[number + 1] == 0 else { return nil }
        let second = content(number + 1)
        guard let mark = RestructuredTextMarks.adornment(source[second]), second.count >= min(first.count, 3),
            second.count > 1
        else { return nil }
        return emitHeading(number, style: "\(mark)", from: first.lowerBound, to: number + 1)
    }

    private mutating func emitHeading(_ number: Int, style: String, from start: Int, to last: Int) -> Int {
        if !levels.contains(style) { levels.append(style) }
        let level = (levels.firstIndex(of: style) ?? 0) + 1
        var text = LogicalText()
        text.append(content(number), of: source)
        entry = nil
        let title = RestructuredTextInline(text, of: source, targets: targets).builder.finished().string
        anchors.append(MarkdownReader.slug(title))
        if document.title.isEmpty { document.title = title }
        emit(text, range: start..<lines[last].upperBound, as: .heading(level: level))
        return last + 1
    }

    // MARK: Directives

    private mutating func readExplicit(at number: Int, in range: Range<Int>, depth: Int) -> Int {
        let content = content(number)
        let end = endOfIndented(after: number, indent: indents[number] ?? 0, in: range)
        let start = SourceLines.indentation(of: content.lowerBound + 2..<content.upperBound, in: source).start
        if start < content.upperBound, source[start] == UInt8(ascii: "_") {
            if let colon = lastColon(of: content, from: start), colon > start {
                anchors.append(HeadingText.normalized(string(start + 1..<colon).trimming { $0 == "`" }))
            }
            return number + 1
        }
        if start < content.upperBound, source[start] == UInt8(ascii: "["),
            let close = source[start..<content.upperBound].firstIndex(of: UInt8(ascii: "]"))
        {
            // A note: its text belongs to the section.
            emit(number..<end, from: content.lowerBound, skipping: close + 1 - content.lowerBound, as: .item)
            return end
        }
        guard let (name, arguments) = RestructuredTextMarks.directive(source, start..<content.upperBound),
            depth < RestructuredTextReader.deepest
        else { return end }
        let body = afterOptions(number + 1..<end)
        switch RestructuredTextMarks.Content(directive: name) {
        case .none: return end
        case .code: return readVerbatim(body)
        case .text:
            read(body, depth: depth + 1)
        case .argumentsAndText: readAdmonition(arguments, number, end, depth: depth)
        case .definition:
            readDescription(arguments, number, body, depth: depth)
        }
        return end
    }

    /// `.. note:: Text that goes on in the next lines.`
    private mutating func readAdmonition(_ arguments: Range<Int>, _ number: Int, _ end: Int, depth: Int) {
        guard !arguments.isEmpty else { return read(afterOptions(number + 1..<end), depth: depth + 1) }
        var last = number + 1
        while last < end, indents[last] != nil, RestructuredTextMarks.fieldBody(source[content(last)]) == nil {
            last += 1
        }
        let announcesCode = endsInColons(last - 1, from: last - 1 == number ? arguments.lowerBound : nil)
        emit(
            number..<last, from: arguments.lowerBound, skipping: arguments.lowerBound - content(number).lowerBound,
            as: .paragraph)
        let body = afterOptions(last..<end)
        if announcesCode { _ = readVerbatim(body) } else { read(body, depth: depth + 1) }
    }

    /// `.. function:: name(arguments)`, whose further signatures stand in the next lines.
    private mutating func readDescription(_ signature: Range<Int>, _ number: Int, _ body: Range<Int>, depth: Int) {
        guard !signature.isEmpty else { return read(body, depth: depth + 1) }
        readDefinition(term: signature, body: body, depth: depth)
    }

    /// The lines of a directive's content: without its options and the empty lines around.
    private func afterOptions(_ range: Range<Int>) -> Range<Int> {
        var first = range.lowerBound
        while first < range.upperBound, indents[first] != nil,
            RestructuredTextMarks.fieldBody(source[content(first)]) != nil
        {
            first += 1
        }
        return first..<range.upperBound
    }

    // MARK: Output

    /// Emits lines as one block.
    ///
    /// - Parameter skipped: How many bytes of the first line's content are no text.
    private mutating func emit(
        _ numbers: Range<Int>, from start: Int, skipping skipped: Int = 0, as role: DocumentBlock.Role
    ) {
        var text = LogicalText()
        for number in numbers where indents[number] != nil {
            var content = content(number)
            if number == numbers.lowerBound {
                content = min(content.lowerBound + skipped, content.upperBound)..<content.upperBound
            }
            // The colons that announce code: one of them is text.
            if number == numbers.upperBound - 1, endsInColons(number, from: content.lowerBound) {
                content = content.lowerBound..<max(content.lowerBound, content.upperBound - 1)
                if content.count == 1 { continue }
            }
            if !text.isEmpty { text.appendNewline(at: max(content.lowerBound - 1, 0)) }
            text.append(content, of: source)
        }
        guard let last = numbers.last else { return }
        emit(text, range: start..<lines[last].upperBound, as: role)
    }

    mutating func emit(_ text: LogicalText, range: Range<Int>, as role: DocumentBlock.Role) {
        let inline = RestructuredTextInline(text, of: source, targets: targets)
        document.links += inline.links
        append(inline.builder.finished(), range: range, as: role, linkedBytes: inline.linkedBytes)
    }

    private mutating func append(
        _ text: MappedText, range: Range<Int>, as role: DocumentBlock.Role, linkedBytes: Int = 0
    ) {
        guard !text.isEmpty else { return }
        document.blocks.append(
            DocumentBlock(
                role: role, text: text, range: range, anchors: anchors, entry: entry, linkedBytes: linkedBytes))
        anchors = []
    }

    // MARK: Lines

    func content(_ number: Int) -> Range<Int> {
        SourceLines.indentation(of: lines[number], in: source).start..<lines[number].upperBound
    }

    private func endOfParagraph(_ number: Int, in range: Range<Int>) -> Int {
        (number..<range.upperBound).first { indents[$0] == nil } ?? range.upperBound
    }

    /// The first line after those that are indented more than the one above them, empty lines at their end not counted.
    private func endOfIndented(after number: Int, indent: Int, in range: Range<Int>) -> Int {
        var end = number + 1
        var next = end
        while next < range.upperBound {
            if let columns = indents[next] {
                if columns <= indent { break }
                end = next + 1
            }
            next += 1
        }
        return end
    }

    /// Whether a line announces program code.
    ///
    /// - Parameter start: Where the text of the line begins, if that is not where the line does.
    func endsInColons(_ number: Int, from start: Int? = nil) -> Bool {
        let text = (start ?? content(number).lowerBound)..<lines[number].upperBound
        return text.count >= 2 && source[text.upperBound - 1] == UInt8(ascii: ":")
            && source[text.upperBound - 2] == UInt8(ascii: ":")
            && !starts(with: "..", at: text.lowerBound)
    }

    private func starts(with prefix: StaticString, at index: Int) -> Bool {
        prefix.withUTF8Buffer { source[index...].starts(with: $0) }
    }

    private func string(_ range: Range<Int>) -> String { String(decoding: source[range], as: UTF8.self) }
}
