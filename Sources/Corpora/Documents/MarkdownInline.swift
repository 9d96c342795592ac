/// Takes the marks of emphasis, code and links off Markdown text.
struct MarkdownInline {
    private let source: [UInt8]
    private let text: LogicalText
    private let references: [String: String]
    private(set) var builder = MappedTextBuilder()
    private(set) var links: [DocumentLink] = []
    private(set) var linkedBytes = 0

    /// - Parameter references: The targets of link definitions by their labels, in lower case.
    init(_ text: LogicalText, of source: [UInt8], references: [String: String]) {
        self.text = text
        self.source = source
        self.references = references
        read(0..<text.count, depth: 0)
    }

    /// How deep links and images stand in one another before their brackets are read as text.
    private static let deepest = 8

    private mutating func read(_ range: Range<Int>, depth: Int) {
        var index = range.lowerBound
        var plain = index
        func flush(_ builder: inout MappedTextBuilder) {
            if plain < index { text.emit(plain..<index, of: source, to: &builder) }
        }
        while index < range.upperBound {
            var end: Int?
            switch text[index] {
            case UInt8(ascii: "\\"):
                if index + 1 == range.upperBound || text[index + 1] == 0x0A {
                    // A line break.
                    flush(&builder)
                    index += 1
                    plain = index
                    continue
                }
                guard isPunctuation(text[index + 1]) else { break }
                flush(&builder)
                text.emit(index + 1..<index + 2, of: source, to: &builder)
                index += 2
                plain = index
                continue
            case UInt8(ascii: "`"):
                flush(&builder)
                end = code(at: index, before: range.upperBound)
                if end == nil { plain = index }
            case UInt8(ascii: "["), UInt8(ascii: "!"):
                flush(&builder)
                end = link(at: index, before: range.upperBound, depth: depth)
                if end == nil { plain = index }
            case UInt8(ascii: "<"):
                flush(&builder)
                end = markup(at: index, before: range.upperBound)
                if end == nil { plain = index }
            case UInt8(ascii: "&"):
                flush(&builder)
                end = entity(at: index, before: range.upperBound)
                if end == nil { plain = index }
            case UInt8(ascii: "*"), UInt8(ascii: "_"), UInt8(ascii: "~"):
                guard let stop = endOfEmphasisMark(at: index, in: range) else {
                    let mark = text[index]
                    while index + 1 < range.upperBound, text[index + 1] == mark { index += 1 }
                    break
                }
                flush(&builder)
                end = stop
            default: break
            }
            if let end, end > index {
                index = end
                plain = end
            } else {
                index += 1
            }
        }
        index = range.upperBound
        flush(&builder)
    }

    private func isPunctuation(_ byte: UInt8) -> Bool {
        (byte > 0x20 && byte < 0x30) || (byte > 0x39 && byte < 0x41) || (byte > 0x5A && byte < 0x61)
            || (byte > 0x7A && byte < 0x7F)
    }

    private func isWord(_ index: Int, in range: Range<Int>) -> Bool {
        guard range.contains(index) else { return false }
        let byte = text[index]
        return !Words.isSpace(byte) && !isPunctuation(byte)
    }

    private func isSpace(_ index: Int, in range: Range<Int>) -> Bool {
        !range.contains(index) || Words.isSpace(text[index])
    }

    /// Where a run of emphasis marks ends; nil where it is text: between spaces, or an underscore within a word.
    private func endOfEmphasisMark(at index: Int, in range: Range<Int>) -> Int? {
        let mark = text[index]
        var end = index
        while end < range.upperBound, text[end] == mark { end += 1 }
        if mark == UInt8(ascii: "~") { return end - index == 2 ? end : nil }
        if end - index > 3 { return nil }
        if isSpace(index - 1, in: range), isSpace(end, in: range) { return nil }
        if mark == UInt8(ascii: "_"), isWord(index - 1, in: range), isWord(end, in: range) { return nil }
        // What is opened must be closed, else it is text: `*args`.
        let opens = !isSpace(end, in: range)
        let closes = !isSpace(index - 1, in: range)
        let length = min(end - index, 2)
        if opens, hasMark(mark, length, in: end..<range.upperBound, closing: true) { return end }
        if closes, hasMark(mark, length, in: range.lowerBound..<index, closing: false) { return end }
        return nil
    }

    /// How far a partner of an emphasis mark is looked for.
    private static let emphasisReach = 1000

    /// Whether a stretch has a run of at least so many marks next to something.
    private func hasMark(_ mark: UInt8, _ length: Int, in range: Range<Int>, closing: Bool) -> Bool {
        let reach =
            closing
            ? range.lowerBound..<min(range.upperBound, range.lowerBound + MarkdownInline.emphasisReach)
            : max(range.lowerBound, range.upperBound - MarkdownInline.emphasisReach)..<range.upperBound
        var index = reach.lowerBound
        while index < reach.upperBound {
            guard text[index] == mark else {
                index += 1
                continue
            }
            var end = index
            while end < reach.upperBound, text[end] == mark { end += 1 }
            let neighbour = closing ? index - 1 : end
            if end - index >= length, reach.contains(neighbour), !Words.isSpace(text[neighbour]) { return true }
            index = end
        }
        return false
    }

    /// `code`, with as many marks on both sides.
    private mutating func code(at index: Int, before end: Int) -> Int? {
        var start = index
        while start < end, text[start] == UInt8(ascii: "`") { start += 1 }
        let length = start - index
        var position = start
        let end = min(end, start + MarkdownInline.reach)
        while let open = text.firstIndex(of: UInt8(ascii: "`"), in: position..<end) {
            var close = open
            while close < end, text[close] == UInt8(ascii: "`") { close += 1 }
            if close - open == length {
                text.emit(start..<open, of: source, to: &builder)
                return close
            }
            position = close
        }
        // Marks without partners are text, all of them.
        text.emit(index..<start, of: source, to: &builder)
        return start
    }

    /// `[text](target)`, `[text][label]`, `[label]`, and the same with `!` in front.
    private mutating func link(at index: Int, before end: Int, depth: Int) -> Int? {
        let isImage = text[index] == UInt8(ascii: "!")
        let open = isImage ? index + 1 : index
        guard depth < MarkdownInline.deepest, open < end, text[open] == UInt8(ascii: "["),
            let close = closingBracket(from: open, before: end)
        else { return nil }
        let content = open + 1..<close
        guard let (target, after) = target(after: close, label: content, before: end) else { return nil }
        if isImage { return after }
        let start = builder.count
        read(content, depth: depth + 1)
        guard builder.count > start else { return after }
        linkedBytes += builder.count - start
        let words = builder.finished().string(from: start)
        if !words.isEmpty, !target.isEmpty { links.append(DocumentLink(text: words, target: target)) }
        return after
    }

    /// How far the partner of a bracket or a mark of code is looked for.
    private static let reach = 2000

    private func closingBracket(from open: Int, before end: Int) -> Int? {
        var depth = 0
        var index = open
        let end = min(end, open + MarkdownInline.reach)
        while index < end {
            switch text[index] {
            case UInt8(ascii: "\\"): index += 1
            case UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "]"):
                depth -= 1
                if depth == 0 { return index }
            default: break
            }
            index += 1
        }
        return nil
    }

    private func target(after close: Int, label: Range<Int>, before end: Int) -> (String, after: Int)? {
        let next = close + 1
        if next < end, text[next] == UInt8(ascii: "("), let (target, after) = inlineTarget(at: next, before: end) {
            return (target, after)
        }
        var name = label
        var after = next
        if next < end, text[next] == UInt8(ascii: "["),
            let second = text.firstIndex(of: UInt8(ascii: "]"), in: next..<min(end, next + MarkdownInline.reach))
        {
            if second > next + 1 { name = next + 1..<second }
            after = second + 1
        }
        return references[HeadingText.normalized(text.string(name))].map { ($0, after) }
    }

    private func inlineTarget(at open: Int, before end: Int) -> (String, after: Int)? {
        var depth = 0
        let end = min(end, open + MarkdownInline.reach)
        for index in open..<end {
            if text[index] == UInt8(ascii: "(") { depth += 1 }
            if text[index] == UInt8(ascii: ")") {
                depth -= 1
                guard depth == 0 else { continue }
                let content = text.string(open + 1..<index).trimmingWhitespace()
                let address = content.prefix { !$0.isWhitespace }.filter { $0 != "<" && $0 != ">" }
                return (address, index + 1)
            }
        }
        return nil
    }

    /// An address in angle brackets, a tag or a comment.
    private mutating func markup(at index: Int, before end: Int) -> Int? {
        guard index + 1 < end else { return nil }
        if text.starts(with: "<!--", at: index) {
            var position = index + 4
            while position < end, !text.starts(with: "-->", at: position) { position += 1 }
            return min(position + 3, end)
        }
        let next = text[index + 1]
        let isTag = next | 0x20 >= UInt8(ascii: "a") && next | 0x20 <= UInt8(ascii: "z") || next == UInt8(ascii: "/")
        guard isTag,
            let close = text.firstIndex(of: UInt8(ascii: ">"), in: index..<min(end, index + MarkdownInline.reach))
        else { return nil }
        let content = text.string(index + 1..<close)
        if content.contains("://") || content.contains("@"), !content.contains(" ") {
            text.emit(index + 1..<close, of: source, to: &builder)
            return close + 1
        }
        // `<name>` in running text is a placeholder unless HTML has such an element.
        let name = content.lowercased().trimming { $0 == "/" }.prefix { $0.isLetter || $0.isNumber }
        guard HTMLVocabulary.isElement(String(name)) else { return nil }
        if name == "br" { builder.space(at: text.sourceRange(index..<index + 1).lowerBound) }
        return close + 1
    }

    private mutating func entity(at index: Int, before end: Int) -> Int? {
        guard let (scalar, length) = HTMLEntities.decode(at: index, before: end, of: text.bytes) else { return nil }
        let range = text.sourceRange(index..<index + length)
        if scalar.properties.isWhitespace {
            builder.space(at: range.lowerBound)
        } else if CharacterRole(scalar) == .visible, scalar.value > 0x20 {
            builder.append(replacement: UTF8.encode(scalar)!, for: range)
        }
        return index + length
    }
}
