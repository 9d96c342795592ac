/// Words and sentences of a text, by its bytes.
enum Words {
    /// How many words there are: stretches without white space.
    static func count(_ bytes: some Collection<UInt8>) -> Int {
        var count = 0
        var isInWord = false
        for byte in bytes {
            let isSpace = isSpace(byte)
            if !isSpace, !isInWord { count += 1 }
            isInWord = !isSpace
        }
        return count
    }

    static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (byte >= 0x09 && byte <= 0x0D) }
}

/// Where sentences end.
///
/// A sentence ends at `.`, `!` or `?`, closing quotes and brackets included, where white space and the beginning of
/// another sentence follow: a capital, a digit, an opening mark, or a name with an underscore. Abbreviations, initials
/// and the number of a list item end none.
enum Sentences {
    /// The sentences of a text, without the white space between them.
    static func ranges(in text: [UInt8]) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var start = 0
        var index = 0
        while index < text.count {
            defer { index += 1 }
            guard isTerminator(text[index]) else { continue }
            let end = endOfClosers(from: index + 1, in: text)
            guard end < text.count, Words.isSpace(text[end]) else { continue }
            var next = end
            while next < text.count, Words.isSpace(text[next]) { next += 1 }
            guard next < text.count, begins(at: next, in: text), !isAbbreviation(endingAt: index, from: start, in: text)
            else { continue }
            ranges.append(start..<end)
            start = next
            index = next - 1
        }
        if start < text.count { ranges.append(start..<text.count) }
        return ranges
    }

    private static func isTerminator(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ".") || byte == UInt8(ascii: "!") || byte == UInt8(ascii: "?")
    }

    private static func endOfClosers(from start: Int, in text: [UInt8]) -> Int {
        var index = start
        while index < text.count {
            switch text[index] {
            case UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: ")"), UInt8(ascii: "]"): index += 1
            // ’ and ” are E2 80 99 and E2 80 9D.
            case 0xE2 where text[index...].starts(with: [0xE2, 0x80, 0x99]): index += 3
            case 0xE2 where text[index...].starts(with: [0xE2, 0x80, 0x9D]): index += 3
            default: return index
            }
        }
        return index
    }

    private static func begins(at index: Int, in text: [UInt8]) -> Bool {
        switch text[index] {
        case UInt8(ascii: "a")...UInt8(ascii: "z"):
            let word = text[index...].prefix { !Words.isSpace($0) }
            return word.contains(UInt8(ascii: "_"))
        case UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: ":"), UInt8(ascii: "."), UInt8(ascii: ")"),
            UInt8(ascii: "]"), UInt8(ascii: "|"), UInt8(ascii: "="):
            return false
        default: return true
        }
    }

    private static let neverLast: Set<String> = [
        "e.g", "i.e", "vs", "cf", "mr", "mrs", "ms", "dr", "prof", "st", "no", "nos", "fig", "figs", "approx", "resp",
        "eq",
        "sec", "sect", "ch", "vol", "pp", "ed", "eds", "al", "incl", "viz", "ca",
    ]

    private static func isAbbreviation(endingAt terminator: Int, from start: Int, in text: [UInt8]) -> Bool {
        guard text[terminator] == UInt8(ascii: ".") else { return false }
        var first = terminator
        while first > start, !Words.isSpace(text[first - 1]) { first -= 1 }
        var word = text[first..<terminator]
        while let byte = word.first,
            byte == UInt8(ascii: "(") || byte == UInt8(ascii: "[") || byte == UInt8(ascii: "\"")
        {
            word = word.dropFirst()
        }
        guard let byte = word.first else { return true }
        if word.count == 1, byte >= UInt8(ascii: "A"), byte <= UInt8(ascii: "Z"), byte != UInt8(ascii: "I") {
            return true
        }
        // "1." at the beginning is the number of an item.
        if first == start, word.allSatisfy({ $0 >= UInt8(ascii: "0") && $0 <= UInt8(ascii: "9") }) { return true }
        return neverLast.contains(String(decoding: word, as: UTF8.self).lowercased())
    }
}
