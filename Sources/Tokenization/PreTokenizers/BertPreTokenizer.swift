/// The pre-tokenizer of the BERT family: words end at white space, each punctuation character is a word.
struct BertPreTokenizer: PreTokenizer {
    private enum Role: UInt8 {
        case part, separator, punctuation
    }

    private let asciiRoles: [Role]

    init() {
        asciiRoles = (0..<UInt32(0x80)).map { BertPreTokenizer.role(of: UnicodeData.properties(of: $0)) }
    }

    func split(_ text: inout SplitText) {
        var words: [Range<Int>] = []
        words.reserveCapacity(text.bytes.count / 4 + 1)
        for word in text.words { split(text.bytes.span, word, into: &words) }
        text.words = words
    }

    private func split(_ bytes: Span<UInt8>, _ range: Range<Int>, into words: inout [Range<Int>]) {
        var start = range.lowerBound
        var index = start
        while index < range.upperBound {
            let byte = bytes[index]
            var length = 1
            let role: Role
            if byte < 0x80 {
                role = asciiRoles[Int(byte)]
            } else {
                let character = bytes.character(at: index)
                length = character.length
                role = BertPreTokenizer.role(of: UnicodeData.properties(of: character.scalar))
            }
            let end = index + length
            if role != .part {
                if start < index { words.append(start..<index) }
                if role == .punctuation { words.append(index..<end) }
                start = end
            }
            index = end
        }
        if start < range.upperBound { words.append(start..<range.upperBound) }
    }

    private static func role(of properties: CharacterProperties) -> Role {
        if properties.contains(.whitespace) { return .separator }
        return properties.contains(.punctuation) ? .punctuation : .part
    }
}
