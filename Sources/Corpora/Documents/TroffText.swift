/// A line of troff that is a request or a macro call.
struct ManualMacro {
    let name: String
    let nameRange: Range<Int>
    /// Where the arguments stand, without their quotes.
    private(set) var arguments: [Range<Int>] = []

    /// nil for a line of text.
    init?(_ line: Range<Int>, of source: [UInt8]) {
        guard let first = source[line].first, first == UInt8(ascii: ".") || first == UInt8(ascii: "'") else {
            return nil
        }
        var index = SourceLines.indentation(of: line.lowerBound + 1..<line.upperBound, in: source).start
        let start = index
        while index < line.upperBound, !Words.isSpace(source[index]), source[index] != UInt8(ascii: "\\") { index += 1 }
        // An apostrophe begins text as well: 'tis.
        let isComment = index < line.upperBound && source[index] == UInt8(ascii: "\\")
        if first == UInt8(ascii: "'"), index - start > 2 || index == start && !isComment { return nil }
        nameRange = start..<index
        name = String(decoding: source[nameRange], as: UTF8.self)
        while let argument = ManualMacro.argument(&index, before: line.upperBound, source) {
            arguments.append(argument)
        }
    }

    private static func argument(_ index: inout Int, before end: Int, _ source: [UInt8]) -> Range<Int>? {
        while index < end, Words.isSpace(source[index]) { index += 1 }
        guard index < end, !isComment(index, before: end, source) else { return nil }
        if source[index] == UInt8(ascii: "\"") {
            let start = index + 1
            index = start
            while index < end, source[index] != UInt8(ascii: "\"") { index += 1 }
            defer { index = min(index + 1, end) }
            return start..<index
        }
        let start = index
        while index < end, !Words.isSpace(source[index]) {
            if isComment(index, before: end, source) { break }
            // An escaped space belongs to the word.
            index += source[index] == UInt8(ascii: "\\") && index + 1 < end ? 2 : 1
        }
        index = min(index, end)
        return start..<index
    }

    private static func isComment(_ index: Int, before end: Int, _ source: [UInt8]) -> Bool {
        source[index] == UInt8(ascii: "\\") && index + 1 < end && source[index + 1] == UInt8(ascii: "\"")
    }
}

/// Text with troff's escapes: fonts, special characters, comments.
enum TroffText {
    /// Appends text with its escapes read.
    static func append(_ range: Range<Int>, of source: [UInt8], to builder: inout MappedTextBuilder, verbatim: Bool) {
        var start = range.lowerBound
        var index = start
        func flush(to end: Int) {
            guard start < end else { return }
            if verbatim {
                builder.append(verbatim: start..<end, of: source)
            } else {
                builder.append(flowing: start..<end, of: source)
            }
        }
        while index < range.upperBound {
            guard source[index] == UInt8(ascii: "\\") else {
                index += 1
                continue
            }
            flush(to: index)
            let (text, end) = escape(at: index, before: range.upperBound, source)
            switch text {
            case .nothing: break
            case .space: builder.space(at: index)
            case .text(let text): builder.append(replacement: text.utf8, for: index..<end)
            case .comment: return
            }
            index = max(end, index + 1)
            start = index
        }
        flush(to: range.upperBound)
    }

    private enum Escape {
        case nothing
        case space
        case text(String)
        case comment
    }

    private static func escape(at index: Int, before end: Int, _ source: [UInt8]) -> (Escape, end: Int) {
        guard index + 1 < end else { return (.nothing, end) }
        let next = index + 2
        switch source[index + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "#"): return (.comment, end)
        case UInt8(ascii: "f"), UInt8(ascii: "F"), UInt8(ascii: "m"), UInt8(ascii: "M"), UInt8(ascii: "g"),
            UInt8(ascii: "k"):
            return (.nothing, endOfName(from: next, before: end, source))
        case UInt8(ascii: "n"): return (.nothing, endOfName(from: next, before: end, source))
        case UInt8(ascii: "*"):
            let stop = endOfName(from: next, before: end, source)
            return (strings[name(next..<stop, source)].map(Escape.text) ?? .nothing, stop)
        case UInt8(ascii: "s"): return (.nothing, endOfSize(from: next, before: end, source))
        case UInt8(ascii: "("), UInt8(ascii: "["):
            let stop = endOfName(from: index + 1, before: end, source)
            let name = name(index + 1..<stop, source)
            return (special(name).map(Escape.text) ?? .nothing, stop)
        case UInt8(ascii: "-"): return (.text("-"), next)
        case UInt8(ascii: "e"), UInt8(ascii: "\\"), UInt8(ascii: "E"): return (.text("\\"), next)
        case UInt8(ascii: "'"): return (.text("´"), next)
        case UInt8(ascii: "`"): return (.text("`"), next)
        case UInt8(ascii: " "), UInt8(ascii: "~"), UInt8(ascii: "0"): return (.space, next)
        case UInt8(ascii: "t"): return (.space, next)
        case UInt8(ascii: "h"), UInt8(ascii: "v"), UInt8(ascii: "w"), UInt8(ascii: "l"), UInt8(ascii: "L"),
            UInt8(ascii: "D"),
            UInt8(ascii: "o"), UInt8(ascii: "b"), UInt8(ascii: "x"), UInt8(ascii: "X"), UInt8(ascii: "N"),
            UInt8(ascii: "Z"),
            UInt8(ascii: "A"), UInt8(ascii: "R"), UInt8(ascii: "S"), UInt8(ascii: "H"), UInt8(ascii: "C"):
            return (.nothing, endOfQuoted(from: next, before: end, source))
        case UInt8(ascii: "&"), UInt8(ascii: "|"), UInt8(ascii: "^"), UInt8(ascii: "%"), UInt8(ascii: ":"),
            UInt8(ascii: ")"),
            UInt8(ascii: "/"), UInt8(ascii: ","), UInt8(ascii: "c"), UInt8(ascii: "u"), UInt8(ascii: "d"),
            UInt8(ascii: "p"),
            UInt8(ascii: "{"), UInt8(ascii: "}"), UInt8(ascii: "!"), UInt8(ascii: "?"), UInt8(ascii: "r"),
            UInt8(ascii: "z"),
            UInt8(ascii: "a"):
            return (.nothing, next)
        default:
            // Any other character means itself.
            guard let (_, length) = UTF8Decoding.scalar(at: index + 1, before: end, of: source) else {
                return (.nothing, next)
            }
            return (.text(String(decoding: source[index + 1..<index + 1 + length], as: UTF8.self)), index + 1 + length)
        }
    }

    /// Where a name ends that is written `x`, `(xx` or `[xxx]`.
    private static func endOfName(from start: Int, before end: Int, _ source: [UInt8]) -> Int {
        guard start < end else { return end }
        switch source[start] {
        case UInt8(ascii: "("): return min(start + 3, end)
        case UInt8(ascii: "["):
            let limit = min(end, start + 40)
            return source[start..<limit].firstIndex(of: UInt8(ascii: "]")).map { $0 + 1 } ?? min(start + 1, end)
        default: return start + 1
        }
    }

    private static func name(_ range: Range<Int>, _ source: [UInt8]) -> String {
        String(decoding: source[range].drop { $0 == UInt8(ascii: "(") || $0 == UInt8(ascii: "[") }, as: UTF8.self)
            .trimming { $0 == "]" }
    }

    private static func endOfSize(from start: Int, before end: Int, _ source: [UInt8]) -> Int {
        var index = start
        while index < end, source[index] == UInt8(ascii: "+") || source[index] == UInt8(ascii: "-") { index += 1 }
        guard index < end else { return end }
        if source[index] == UInt8(ascii: "(") || source[index] == UInt8(ascii: "[") {
            return endOfName(from: index, before: end, source)
        }
        let first = source[index]
        guard first >= 0x30, first <= 0x39 else { return index }
        index += 1
        // Sizes from 10 to 39 have two digits, others one.
        if first >= 0x31, first <= 0x33, index < end, source[index] >= 0x30, source[index] <= 0x39 { index += 1 }
        return index
    }

    private static func endOfQuoted(from start: Int, before end: Int, _ source: [UInt8]) -> Int {
        guard start < end else { return end }
        let limit = min(end, start + 200)
        return source[(start + 1)..<max(limit, start + 1)].firstIndex(of: source[start]).map { $0 + 1 }
            ?? min(start + 1, end)
    }

    /// Strings that the macro packages define.
    private static let strings: [String: String] = [
        "lq": "“", "rq": "”", "Tm": "™", "R": "®", "L\"": "“", "R\"": "”", "C`": "", "C'": "", "-": "-", "--": "-",
        "PI": "π", "S": "",
    ]

    private static func special(_ name: String) -> String? {
        if let text = specials[name] { return text }
        guard name.hasPrefix("u"), let value = UInt32(name.dropFirst(), radix: 16), let scalar = Unicode.Scalar(value),
            CharacterRole(scalar) == .visible, value > 0x20
        else { return nil }
        return String(Character(scalar))
    }

    private static let specials: [String: String] = [
        "aq": "'", "dq": "\"", "lq": "“", "rq": "”", "oq": "‘", "cq": "’", "em": "—", "en": "–", "hy": "-", "mi": "-",
        "bu": "•",
        "co": "©", "rg": "®", "tm": "™", "de": "°", "mu": "×", "di": "÷", "+-": "±", "<=": "≤", ">=": "≥", "!=": "≠",
        "->": "→",
        "<-": "←", "ua": "↑", "da": "↓", "ti": "~", "ha": "^", "ga": "`", "aa": "´", "rs": "\\", "sl": "/", "ul": "_",
        "ba": "|",
        "at": "@", "sh": "#", "Do": "$", "Po": "£", "Eu": "€", "Fo": "«", "Fc": "»", "sc": "§", "ps": "¶", "dg": "†",
        "dd": "‡",
        "lB": "[", "rB": "]", "lC": "{", "rC": "}", "la": "⟨", "ra": "⟩", "or": "|", "pl": "+", "eq": "=", "**": "*",
        "12": "½",
        "14": "¼", "34": "¾", "ss": "ß", ":a": "ä", ":o": "ö", ":u": "ü", ":A": "Ä", ":O": "Ö", ":U": "Ü", "'e": "é",
        "`e": "è",
        "'a": "á", "'o": "ó", "'i": "í", "'u": "ú", "^e": "ê", ",c": "ç", "~n": "ñ", "oa": "å", "/o": "ø", "/l": "ł",
        "vs": "š",
        "if": "∞", "no": "¬", "*m": "μ", "*a": "α", "*b": "β", "pi": "π", "*p": "π", "sq": "□", "OK": "✓", "ci": "○",
        "fm": "′",
    ]
}
