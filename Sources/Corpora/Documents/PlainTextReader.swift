/// Reads plain text: paragraphs between empty lines, with what look like headings and lists.
///
/// A heading is a line that is underlined (`====`), or stands alone between empty lines and is short, not indented and
/// either numbered (`2.1 Usage`) or in capitals. Everything else is text as it stands.
struct PlainTextReader {
    private let source: [UInt8]
    private let lines: [Range<Int>]
    private var document = ParsedDocument()
    private var styles: [UInt8] = []

    private init(_ source: [UInt8]) {
        self.source = source
        lines = SourceLines.ranges(of: source).map { SourceLines.trimmed($0, in: source) }
    }

    /// - Complexity: O(n) in the number of bytes.
    static func read(_ source: [UInt8]) -> ParsedDocument {
        var reader = PlainTextReader(source)
        reader.run()
        return reader.document
    }

    private mutating func run() {
        var number = 0
        while number < lines.count {
            if isEmpty(number) || isRule(number) {
                number += 1
            } else if let level = headingLevel(number) {
                emit(
                    number..<number + 1, as: .heading(level: level),
                    through: isUnderline(number + 1) ? number + 1 : number)
                number += isUnderline(number + 1) ? 2 : 1
            } else {
                number = readParagraph(number)
            }
        }
    }

    private mutating func readParagraph(_ number: Int) -> Int {
        var end = number + 1
        while end < lines.count, !isEmpty(end), !isRule(end), !isItem(end), headingLevel(end) == nil { end += 1 }
        emit(
            number..<end, as: isItem(number) ? .item : isLaidOut(number..<end) ? .preformatted : .paragraph,
            through: end - 1)
        return end
    }

    // MARK: Lines

    private func isEmpty(_ number: Int) -> Bool { !lines.indices.contains(number) || content(number).isEmpty }

    private func content(_ number: Int) -> Range<Int> {
        SourceLines.indentation(of: lines[number], in: source).start..<lines[number].upperBound
    }

    /// A line of nothing but marks.
    private func isRule(_ number: Int) -> Bool {
        let bytes = source[content(number)]
        return bytes.count >= 3 && bytes.allSatisfy { "=-_*#~+ ".utf8.contains($0) }
    }

    private func isUnderline(_ number: Int) -> Bool {
        guard lines.indices.contains(number) else { return false }
        let bytes = source[content(number)]
        guard bytes.count >= 3, let first = bytes.first else { return false }
        return "=-~^*+#\"".utf8.contains(first) && bytes.allSatisfy { $0 == first }
    }

    /// A list item: its mark is part of the text.
    private func isItem(_ number: Int) -> Bool {
        let bytes = source[content(number)]
        guard let first = bytes.first, bytes.count > 2 else { return false }
        if "-*+o".utf8.contains(first) { return Words.isSpace(bytes[bytes.startIndex + 1]) }
        guard first >= 0x30, first <= 0x39 else { return false }
        let digits = bytes.prefix { $0 >= 0x30 && $0 <= 0x39 }
        let rest = bytes.dropFirst(digits.count)
        return digits.count <= 3 && rest.count > 1
            && (rest.first == UInt8(ascii: ".") || rest.first == UInt8(ascii: ")"))
            && Words.isSpace(rest[rest.startIndex + 1])
    }

    /// Whether lines mean more than their words: columns, program code, a drawing.
    private func isLaidOut(_ range: Range<Int>) -> Bool {
        let wide = range.count { number in
            let bytes = source[content(number)]
            return zip(bytes, bytes.dropFirst()).enumerated().contains { index, pair in
                // Two spaces after a full stop are a habit of typists.
                index > 0 && Words.isSpace(pair.0) && Words.isSpace(pair.1)
                    && !".:!?".utf8.contains(bytes[bytes.startIndex + index - 1])
            }
        }
        return wide * 2 > range.count
    }

    private mutating func headingLevel(_ number: Int) -> Int? {
        let line = content(number)
        guard line.count <= 100, !isItemOfList(number) else { return nil }
        if isUnderline(number + 1), isEmpty(number - 1) || isRule(number - 1), !isRule(number) {
            let mark = source[content(number + 1).lowerBound]
            if !styles.contains(mark) { styles.append(mark) }
            return (styles.firstIndex(of: mark) ?? 0) + 1
        }
        guard isEmpty(number - 1), isEmpty(number + 1), line.lowerBound == lines[number].lowerBound else { return nil }
        let text = String(decoding: source[line], as: UTF8.self)
        let words = text.split(separator: " ")
        guard words.count <= 10, let last = text.last,
            !".,;:!?".contains(last) || text.hasSuffix(":") && words.count <= 4
        else {
            return nil
        }
        if HeadingText.cleaned(text) != text.trimming(where: { $0 == ":" }) { return 2 }
        let letters = text.unicodeScalars.filter { $0.properties.isAlphabetic }
        return letters.count >= 4 && letters.allSatisfy { $0.properties.isUppercase } ? 2 : nil
    }

    /// `1. Something` in a list of such lines is no heading.
    private func isItemOfList(_ number: Int) -> Bool {
        isItem(number) && source[content(number)].first.map { $0 < 0x30 || $0 > 0x39 } == true
    }

    private mutating func emit(_ range: Range<Int>, as role: DocumentBlock.Role, through last: Int) {
        var builder = MappedTextBuilder()
        for number in range {
            if role == .preformatted {
                builder.append(verbatim: lines[number], of: source)
                builder.newline()
            } else {
                builder.append(flowing: content(number), of: source)
                builder.space(at: lines[number].upperBound)
            }
        }
        let text = builder.finished()
        guard !text.isEmpty else { return }
        if case .heading = role, document.title.isEmpty { document.title = text.string }
        let start = content(range.lowerBound).lowerBound
        document.blocks.append(DocumentBlock(role: role, text: text, range: start..<lines[last].upperBound))
    }
}
