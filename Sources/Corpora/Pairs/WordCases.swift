/// How words are written in the middle of sentences: what tells `Table` in a heading from `Linux`.
struct WordCases {
    private var counts: [String: (lower: Int, upper: Int)] = [:]

    /// - Parameter words: The words that will be asked for.
    init(words: some Sequence<String>) {
        for word in words { counts[word.lowercased()] = (0, 0) }
    }

    /// Counts the words of a text.
    mutating func count(_ text: String) {
        var isMidSentence = false
        let bytes = Array(text.utf8)
        var index = 0
        while index < bytes.count {
            while index < bytes.count, !WordCases.isWordByte(bytes[index]) {
                let byte = bytes[index]
                if byte == 0x0A || byte == UInt8(ascii: ".") || byte == UInt8(ascii: ":") || byte == UInt8(ascii: "|") {
                    isMidSentence = false
                }
                index += 1
            }
            let start = index
            while index < bytes.count, WordCases.isWordByte(bytes[index]) { index += 1 }
            guard index > start else { break }
            defer { isMidSentence = true }
            guard isMidSentence, let isUpper = WordCases.isCapitalized(bytes[start..<index]) else { continue }
            let word = String(decoding: bytes[start..<index].lazy.map { $0 &- 65 < 26 ? $0 | 0x20 : $0 }, as: UTF8.self)
            if isUpper { counts[word]?.upper += 1 } else { counts[word]?.lower += 1 }
        }
    }

    /// A heading as it would stand in a sentence: capitals that only the heading gave are gone.
    ///
    /// What has its own case inside (`PostgreSQL`, `work_mem`, `SQL`) keeps it.
    func sentenceCase(_ heading: String) -> String {
        heading.split(separator: " ").map { sentenceCase(word: Array($0.utf8)) }.joined(separator: " ")
    }

    private func sentenceCase(word: [UInt8]) -> String {
        var result = word
        var index = 0
        while index < word.count {
            let start = index
            while index < word.count, WordCases.isWordByte(word[index]) { index += 1 }
            guard index > start else {
                index += 1
                continue
            }
            guard let isUpper = WordCases.isCapitalized(word[start..<index]) else {
                return String(decoding: word, as: UTF8.self)
            }
            guard isUpper else { continue }
            let lower = String(decoding: word[start..<index], as: UTF8.self).lowercased()
            let count = counts[lower] ?? (0, 0)
            let isLetter = index - start == 1
            if isLetter ? lower == "a" : count.upper <= count.lower { result[start] |= 0x20 }
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func isWordByte(_ byte: UInt8) -> Bool {
        byte &- 0x30 < 10 || byte | 0x20 &- 0x61 < 26 || byte == UInt8(ascii: "_") || byte >= 0x80
    }

    /// Whether a word is written with a capital in front and small letters behind; nil for words of any other form.
    private static func isCapitalized(_ word: ArraySlice<UInt8>) -> Bool? {
        guard let first = word.first else { return nil }
        guard word.dropFirst().allSatisfy({ $0 >= 0x61 && $0 <= 0x7A }) else { return nil }
        if first >= 0x61, first <= 0x7A { return false }
        return first >= 0x41 && first <= 0x5A ? true : nil
    }
}
