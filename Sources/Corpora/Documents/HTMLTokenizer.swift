/// A piece of an HTML document.
struct HTMLToken {
    enum Kind { case text, start, end }

    var kind: Kind
    /// The element's name in lower case; empty for text.
    var name: String
    /// All of the piece, from `<` to past `>`.
    var range: Range<Int>
    /// What stands between the name and the `>`.
    var attributes: Range<Int>
}

/// Cuts HTML into tags and texts, whatever the bytes are.
///
/// Comments, declarations and processing instructions are dropped, and so is the content of elements that hold no text
/// for people (`script`, `style`, …). Broken markup is read as browsers read it as far as that is simple: an unclosed
/// comment or script ends with the document, a `<` that begins no tag is text.
///
/// - Complexity: O(n) in the number of bytes.
struct HTMLTokenizer {
    private let source: [UInt8]
    private var position = 0
    private var tokens: [HTMLToken] = []

    private init(_ source: [UInt8]) { self.source = source }

    static func tokens(of source: [UInt8]) -> [HTMLToken] {
        var tokenizer = HTMLTokenizer(source)
        tokenizer.run()
        return tokenizer.tokens
    }

    private static let unread: Set<String> = ["script", "style", "textarea", "template", "iframe", "noframes", "xmp"]

    private mutating func run() {
        var textStart = 0
        while position < source.count {
            guard source[position] == UInt8(ascii: "<") else {
                position += 1
                continue
            }
            let start = position
            let token = markup()
            guard let end = token?.end else {
                position = start + 1
                continue
            }
            emitText(textStart..<start)
            position = end
            if let tag = token?.tag {
                tokens.append(tag)
                if tag.kind == .start, HTMLTokenizer.unread.contains(tag.name), !isSelfClosing(tag) {
                    position = endOfUnread(tag.name, from: end)
                }
            }
            textStart = position
        }
        emitText(textStart..<source.count)
    }

    private mutating func emitText(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        tokens.append(HTMLToken(kind: .text, name: "", range: range, attributes: range.upperBound..<range.upperBound))
    }

    /// What begins with the `<` here and where it ends; nil where the `<` is text.
    private mutating func markup() -> (end: Int, tag: HTMLToken?)? {
        guard position + 1 < source.count else { return nil }
        let next = source[position + 1]
        if isLetter(next) { return tag(.start, nameAt: position + 1) }
        switch next {
        case UInt8(ascii: "/"):
            guard position + 2 < source.count else { return (source.count, nil) }
            return isLetter(source[position + 2]) ? tag(.end, nameAt: position + 2) : (endOfDeclaration(), nil)
        case UInt8(ascii: "!"):
            if starts(with: "<!--") { return (end(after: "-->", from: position + 4), nil) }
            if starts(with: "<![CDATA[") {
                let end = end(after: "]]>", from: position + 9)
                let isClosed = source[..<end].suffix(3).elementsEqual("]]>".utf8) && end >= position + 12
                let content = position + 9..<(isClosed ? end - 3 : end)
                return (end, HTMLToken(kind: .text, name: "", range: content, attributes: end..<end))
            }
            return (endOfDeclaration(), nil)
        case UInt8(ascii: "?"): return (endOfDeclaration(), nil)
        default: return nil
        }
    }

    private func tag(_ kind: HTMLToken.Kind, nameAt nameStart: Int) -> (end: Int, tag: HTMLToken?)? {
        var index = nameStart
        while index < source.count, !isSpace(source[index]), source[index] != UInt8(ascii: ">"),
            source[index] != UInt8(ascii: "/"), source[index] != UInt8(ascii: "<")
        { index += 1 }
        let name = String(
            decoding: source[nameStart..<index].lazy.map { $0 &- 65 < 26 ? $0 | 0x20 : $0 }, as: UTF8.self)
        let attributes = index
        var isValue = false
        while index < source.count {
            let byte = source[index]
            if byte == UInt8(ascii: ">") {
                let token = HTMLToken(
                    kind: kind, name: name, range: position..<index + 1, attributes: attributes..<index)
                return (index + 1, token)
            }
            if isValue, byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'"),
                let closing = source[(index + 1)...].firstIndex(of: byte)
            {
                index = closing + 1
                isValue = false
                continue
            }
            if byte == UInt8(ascii: "=") { isValue = true } else if !isSpace(byte) { isValue = false }
            index += 1
        }
        // A tag that the document ends in is dropped.
        return (source.count, nil)
    }

    private func isSelfClosing(_ tag: HTMLToken) -> Bool {
        !tag.attributes.isEmpty && source[tag.attributes.upperBound - 1] == UInt8(ascii: "/")
    }

    /// Where the end tag of an element begins whose content is not read.
    private func endOfUnread(_ name: String, from start: Int) -> Int {
        let name = Array(name.utf8)
        var index = start
        while let open = source[index...].firstIndex(of: UInt8(ascii: "<")) {
            let nameStart = open + 2
            if nameStart + name.count <= source.count, source[open + 1] == UInt8(ascii: "/"),
                zip(source[nameStart...], name).allSatisfy({ $0 | 0x20 == $1 })
            {
                return open
            }
            index = open + 1
        }
        return source.count
    }

    private func endOfDeclaration() -> Int {
        source[position...].firstIndex(of: UInt8(ascii: ">")).map { $0 + 1 } ?? source.count
    }

    private func end(after terminator: StaticString, from start: Int) -> Int {
        let terminator = Array(terminator.description.utf8)
        var index = start
        while index + terminator.count <= source.count {
            if source[index] == terminator[0], source[index...].starts(with: terminator) {
                return index + terminator.count
            }
            index += 1
        }
        return source.count
    }

    private func starts(with prefix: StaticString) -> Bool {
        source[position...].starts(with: prefix.description.utf8)
    }

    private func isLetter(_ byte: UInt8) -> Bool {
        byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")
    }

    private func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) }
}

/// The attributes of one tag.
struct HTMLAttributes {
    private var values: [(name: String, value: Range<Int>)] = []
    private let source: [UInt8]

    init(_ range: Range<Int>, of source: [UInt8]) {
        self.source = source
        var index = range.lowerBound
        func skipSpaces() {
            while index < range.upperBound, HTMLAttributes.isSpace(source[index]) { index += 1 }
        }
        while index < range.upperBound {
            skipSpaces()
            let nameStart = index
            while index < range.upperBound, source[index] != UInt8(ascii: "="), source[index] != UInt8(ascii: "/"),
                !HTMLAttributes.isSpace(source[index])
            { index += 1 }
            let name = String(decoding: source[nameStart..<index], as: UTF8.self).lowercased()
            skipSpaces()
            guard index < range.upperBound else {
                if !name.isEmpty { values.append((name, index..<index)) }
                return
            }
            guard source[index] == UInt8(ascii: "=") else {
                if !name.isEmpty { values.append((name, index..<index)) }
                if source[index] == UInt8(ascii: "/") { index += 1 }
                continue
            }
            index += 1
            skipSpaces()
            let value = HTMLAttributes.value(from: &index, before: range.upperBound, of: source)
            if !name.isEmpty { values.append((name, value)) }
        }
    }

    /// The value of an attribute, references decoded; empty where it has none, nil where there is no such attribute.
    subscript(name: String) -> String? {
        guard let range = values.first(where: { $0.name == name })?.value else { return nil }
        var builder = MappedTextBuilder()
        HTMLText.append(range, of: source, to: &builder, verbatim: false)
        return builder.finished().string
    }

    /// The words of the `class` attribute.
    var classes: [Substring] { self["class"]?.split(separator: " ") ?? [] }

    private static func value(from index: inout Int, before end: Int, of source: [UInt8]) -> Range<Int> {
        guard index < end else { return end..<end }
        let quote = source[index]
        if quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
            let start = index + 1
            let close = source[start..<max(start, end)].firstIndex(of: quote) ?? end
            index = min(close + 1, end)
            return start..<max(start, close)
        }
        let start = index
        while index < end, !isSpace(source[index]) { index += 1 }
        return start..<index
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) }
}

enum HTMLText {
    /// Appends source text with its character references decoded.
    static func append(_ range: Range<Int>, of source: [UInt8], to builder: inout MappedTextBuilder, verbatim: Bool) {
        var start = range.lowerBound
        func appendPlain(to end: Int) {
            guard start < end else { return }
            if verbatim {
                builder.append(verbatim: start..<end, of: source)
            } else {
                builder.append(flowing: start..<end, of: source)
            }
        }
        while let ampersand = source[start..<range.upperBound].firstIndex(of: UInt8(ascii: "&")) {
            guard let (scalar, length) = HTMLEntities.decode(at: ampersand, before: range.upperBound, of: source) else {
                appendPlain(to: ampersand + 1)
                start = ampersand + 1
                continue
            }
            appendPlain(to: ampersand)
            let reference = ampersand..<ampersand + length
            if scalar.value == 0x0A, verbatim {
                builder.newline()
            } else if scalar.properties.isWhitespace {
                builder.space(at: ampersand)
            } else if CharacterRole(scalar) == .visible, scalar.value > 0x20, scalar.value != 0x7F {
                builder.append(replacement: UTF8.encode(scalar)!, for: reference)
            }
            start = ampersand + length
        }
        appendPlain(to: range.upperBound)
    }
}
