/// What a line of Markdown begins with.
extension MarkdownReader {
    func headingLevel(_ content: Range<Int>) -> Int? {
        let level = source[content].prefix { $0 == UInt8(ascii: "#") }.count
        guard (1...6).contains(level) else { return nil }
        let next = content.lowerBound + level
        return next == content.upperBound || Words.isSpace(source[next]) ? level : nil
    }

    /// The level of the heading that a line of `=` or `-` makes of the line above.
    func underlineLevel(_ content: Range<Int>) -> Int? {
        guard content.count >= 2 else { return nil }
        if source[content].allSatisfy({ $0 == UInt8(ascii: "=") }) { return 1 }
        return source[content].allSatisfy { $0 == UInt8(ascii: "-") } ? 2 : nil
    }

    func isBreak(_ content: Range<Int>) -> Bool {
        let mark = source[content.lowerBound]
        guard
            mark == UInt8(ascii: "-") || mark == UInt8(ascii: "*") || mark == UInt8(ascii: "_")
                || mark == UInt8(ascii: "=")
        else { return false }
        return source[content].allSatisfy { $0 == mark || $0 == 0x20 } && source[content].count { $0 == mark } >= 3
    }

    func fence(_ content: Range<Int>) -> (byte: UInt8, length: Int)? {
        let mark = source[content.lowerBound]
        guard mark == UInt8(ascii: "`") || mark == UInt8(ascii: "~") else { return nil }
        let length = source[content].prefix { $0 == mark }.count
        guard length >= 3 else { return nil }
        // Three marks around a word on one line are code in a sentence.
        return mark == UInt8(ascii: "`") && source[content].dropFirst(length).contains(mark) ? nil : (mark, length)
    }

    func isListMarker(_ content: Range<Int>) -> Bool { listMarkerLength(content) != nil }

    /// How many bytes `- `, `* `, `+ `, `1. ` or `1) ` takes, the white space behind it not counted but for one.
    func listMarkerLength(_ content: Range<Int>) -> Int? {
        var index = content.lowerBound
        switch source[index] {
        case UInt8(ascii: "-"), UInt8(ascii: "*"), UInt8(ascii: "+"): index += 1
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            while index < content.upperBound, source[index] >= 0x30, source[index] <= 0x39 { index += 1 }
            guard index - content.lowerBound <= 4, index < content.upperBound,
                source[index] == UInt8(ascii: ".") || source[index] == UInt8(ascii: ")")
            else { return nil }
            index += 1
        default: return nil
        }
        guard index < content.upperBound, Words.isSpace(source[index]) else { return nil }
        return index + 1 - content.lowerBound
    }

    /// `|---|:--:|`
    func isDelimiterRow(_ content: Range<Int>) -> Bool {
        let bytes = source[content]
        guard bytes.contains(UInt8(ascii: "|")), bytes.contains(UInt8(ascii: "-")) else { return false }
        return bytes.allSatisfy {
            $0 == UInt8(ascii: "|") || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ":") || Words.isSpace($0)
        }
    }

    /// `[label]: target`
    func definition(_ content: Range<Int>) -> (label: String, target: String)? {
        guard source[content.lowerBound] == UInt8(ascii: "["),
            let close = source[content].firstIndex(of: UInt8(ascii: "]")), close > content.lowerBound + 1,
            close + 1 < content.upperBound, source[close + 1] == UInt8(ascii: ":")
        else { return nil }
        let target = String(decoding: source[close + 2..<content.upperBound], as: UTF8.self).trimmingWhitespace()
            .prefix { !$0.isWhitespace }.filter { $0 != "<" && $0 != ">" }
        let label = String(decoding: source[content.lowerBound + 1..<close], as: UTF8.self)
        return label.hasPrefix("^") ? nil : (HeadingText.normalized(label), target)
    }

    func isDefinition(_ content: Range<Int>) -> Bool { text.isEmpty && definition(content) != nil }

    mutating func collectReferences(_ lines: [Range<Int>]) {
        for line in lines {
            let (indent, start) = SourceLines.indentation(of: line, in: source)
            guard indent < 4, start < line.upperBound, let (label, target) = definition(start..<line.upperBound) else {
                continue
            }
            references[label] = references[label] ?? target
        }
    }

    // MARK: Bytes

    func starts(with prefix: StaticString, at index: Int) -> Bool {
        prefix.withUTF8Buffer { source[index...].starts(with: $0) }
    }

    func isExactly(_ text: StaticString, _ line: Range<Int>) -> Bool {
        text.withUTF8Buffer { source[SourceLines.trimmed(line, in: source)].elementsEqual($0) }
    }

    func contains(_ text: StaticString, in range: Range<Int>) -> Bool {
        range.contains { starts(with: text, at: $0) }
    }
}
