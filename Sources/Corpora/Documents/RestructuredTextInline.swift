/// Takes the inline marks off reStructuredText: emphasis, literals, roles, references.
struct RestructuredTextInline {
    private let source: [UInt8]
    private let text: LogicalText
    private let targets: [String: String]
    private(set) var builder = MappedTextBuilder()
    private(set) var links: [DocumentLink] = []
    private(set) var linkedBytes = 0

    /// How far the end of a mark is looked for.
    private static let reach = 2000

    /// - Parameter targets: The addresses of named hyperlinks, by their names in lower case.
    init(_ text: LogicalText, of source: [UInt8], targets: [String: String]) {
        self.text = text
        self.source = source
        self.targets = targets
        read()
    }

    private mutating func read() {
        var index = 0
        var plain = 0
        while index < text.count {
            guard let (content, end) = mark(at: index) else {
                index += 1
                continue
            }
            if plain < index { text.emit(plain..<index, of: source, to: &builder) }
            emit(content)
            index = max(end, index + 1)
            plain = index
        }
        if plain < text.count { text.emit(plain..<text.count, of: source, to: &builder) }
    }

    private enum Content {
        case nothing
        case plain(Range<Int>)
        case link(Range<Int>, target: String?)
    }

    private mutating func emit(_ content: Content) {
        switch content {
        case .nothing: return
        case .plain(let range): text.emit(range, of: source, to: &builder)
        case .link(let range, let target):
            let start = builder.count
            text.emit(range, of: source, to: &builder)
            guard builder.count > start, let target else { return }
            linkedBytes += builder.count - start
            links.append(DocumentLink(text: builder.finished().string(from: start), target: target))
        }
    }

    // MARK: Marks

    private func mark(at index: Int) -> (Content, end: Int)? {
        switch text[index] {
        case UInt8(ascii: "\\"):
            guard index + 1 < text.count else { return (.nothing, index + 1) }
            // An escaped space is nothing at all.
            return Words.isSpace(text[index + 1]) ? (.nothing, index + 2) : (.plain(index + 1..<index + 2), index + 2)
        case UInt8(ascii: "`"):
            if text.starts(with: "``", at: index) { return delimited("``", at: index) }
            return mayBegin(at: index) ? interpreted(at: index, role: nil) : nil
        case UInt8(ascii: "*"):
            guard mayBegin(at: index) else { return nil }
            return text.starts(with: "**", at: index) ? delimited("**", at: index) : delimited("*", at: index)
        case UInt8(ascii: "|"):
            return mayBegin(at: index) ? substitution(at: index) : nil
        case UInt8(ascii: ":"): return mayBegin(at: index) ? role(at: index) : nil
        case UInt8(ascii: "["): return footnote(at: index)
        default: return nil
        }
    }

    /// Whether a mark may begin here: after white space or an opening mark, and in front of something.
    private func mayBegin(at index: Int) -> Bool {
        guard index + 1 < text.count, !Words.isSpace(text[index + 1]) else { return false }
        guard index > 0 else { return true }
        switch text[index - 1] {
        case 0x00...0x20, UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "("), UInt8(ascii: "["),
            UInt8(ascii: "{"),
            UInt8(ascii: "<"), UInt8(ascii: "-"), UInt8(ascii: "/"), UInt8(ascii: ":"), 0x80...:
            return true
        default: return false
        }
    }

    private func delimited(_ mark: StaticString, at index: Int) -> (Content, end: Int)? {
        let length = mark.utf8CodeUnitCount
        let start = index + length
        var position = start + 1
        let limit = min(text.count, start + RestructuredTextInline.reach)
        while position < limit {
            if text.starts(with: mark, at: position), !Words.isSpace(text[position - 1]) {
                return (.plain(start..<position), position + length)
            }
            position += 1
        }
        return nil
    }

    /// `text <target>`_, `text`_, `text`
    private func interpreted(at index: Int, role: String?) -> (Content, end: Int)? {
        let limit = min(text.count, index + RestructuredTextInline.reach)
        guard let close = text.firstIndex(of: UInt8(ascii: "`"), in: index + 1..<limit), close > index + 1 else {
            return nil
        }
        var end = close + 1
        while end < text.count, text[end] == UInt8(ascii: "_") { end += 1 }
        var content = index + 1..<close
        var target: String?
        if text[close - 1] == UInt8(ascii: ">"), let open = text.bytes[content].lastIndex(of: UInt8(ascii: "<")),
            open > content.lowerBound
        {
            target = text.string(open + 1..<close - 1)
            content = content.lowerBound..<open
        } else if end > close + 1 {
            target = targets[HeadingText.normalized(text.string(content))]
        }
        return (link(content, target: target, role: role), end)
    }

    private func link(_ content: Range<Int>, target: String?, role: String?) -> Content {
        var content = content
        let own = text.string(content)
        if let first = own.utf8.first, first == UInt8(ascii: "~") || first == UInt8(ascii: "!") {
            content = content.lowerBound + 1..<content.upperBound
            // `~package.module.name` is shown as `name`.
            if first == UInt8(ascii: "~"), target == nil,
                let dot = text.bytes[content].lastIndex(of: UInt8(ascii: ".")),
                dot + 1 < content.upperBound
            {
                content = dot + 1..<content.upperBound
            }
        }
        switch role {
        case nil: return target == nil ? .plain(content) : .link(content, target: target)
        case "ref", "numref":
            return target == nil ? .plain(content) : .link(content, target: target.map { "label:" + $0 })
        case "doc": return .link(content, target: target ?? own)
        default: return .plain(content)
        }
    }

    /// `:role:` in front of back quotes.
    private func role(at index: Int) -> (Content, end: Int)? {
        var position = index + 1
        let limit = min(text.count, index + 40)
        while position < limit, isRoleByte(text[position]) { position += 1 }
        guard position > index + 2, position + 1 < text.count, text[position - 1] == UInt8(ascii: ":"),
            text[position] == UInt8(ascii: "`"), text[position + 1] != UInt8(ascii: "`")
        else { return nil }
        let name = text.string(index + 1..<position - 1)
        return interpreted(at: position, role: name.split(separator: ":").last.map(String.init) ?? name)
    }

    private func isRoleByte(_ byte: UInt8) -> Bool {
        byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ":")
            || byte >= 0x30 && byte <= 0x39
    }

    private func substitution(at index: Int) -> (Content, end: Int)? {
        let limit = min(text.count, index + 80)
        guard let close = text.firstIndex(of: UInt8(ascii: "|"), in: index + 1..<limit), close > index + 1,
            !Words.isSpace(text[close - 1]), !text.bytes[index + 1..<close].contains(0x0A)
        else { return nil }
        return (.plain(index + 1..<close), close + 1)
    }

    /// `[1]_`, `[#name]_`: a mark that leads to a note.
    private func footnote(at index: Int) -> (Content, end: Int)? {
        let limit = min(text.count, index + 40)
        guard let close = text.firstIndex(of: UInt8(ascii: "]"), in: index..<limit), close + 1 < text.count,
            text[close + 1] == UInt8(ascii: "_")
        else { return nil }
        return (.nothing, close + 2)
    }
}
