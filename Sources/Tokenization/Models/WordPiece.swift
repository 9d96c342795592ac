/// WordPiece: each word is the longest token that it begins with, followed by the longest continuing tokens.
///
/// A word that cannot be covered so, or has more characters than `maximumWordLength`, is the unknown token.
///
/// Source: Schuster and Nakajima, "Japanese and Korean voice search", 2012; the greedy form is BERT's.
struct WordPiece: SubwordModel {
    let vocabulary: Vocabulary
    let unknownID: Int32

    /// What tokens begin with that continue a word.
    let continuingPrefix: String

    /// The most characters of a word that is looked up.
    let maximumWordLength: Int

    func appendIDs(of text: SplitText, to ids: inout [Int32], limit: Int) {
        let bytes = text.bytes.span
        var piece: [UInt8] = []
        for word in text.words {
            if ids.count >= limit { return }
            appendIDs(of: bytes.extracting(word), piece: &piece, to: &ids)
        }
    }

    /// - Parameter piece: Room for a piece of a word, kept between calls.
    private func appendIDs(of word: Span<UInt8>, piece: inout [UInt8], to ids: inout [Int32]) {
        guard word.count <= maximumWordLength || hasFewCharacters(word) else {
            ids.append(unknownID)
            return
        }
        let whole = vocabulary.id(of: word)
        if whole >= 0 {
            ids.append(whole)
            return
        }
        let count = ids.count
        var start = 0
        while start < word.count {
            let (id, length) = longestToken(of: word, from: start, piece: &piece)
            guard id >= 0 else {
                ids.removeSubrange(count...)
                ids.append(unknownID)
                return
            }
            ids.append(id)
            start += length
        }
    }

    /// The longest token that the rest of a word begins with, and its length in the word; the id is -1 where there is none.
    private func longestToken(of word: Span<UInt8>, from start: Int, piece: inout [UInt8]) -> (id: Int32, length: Int) {
        piece.removeAll(keepingCapacity: true)
        if start > 0 { piece.append(contentsOf: continuingPrefix.utf8) }
        let prefixLength = piece.count
        let longest = min(word.count - start, max(0, vocabulary.maximumLength - prefixLength))
        for index in start..<start + longest { piece.append(word[index]) }
        for length in stride(from: longest, to: 0, by: -1) {
            let end = start + length
            if end < word.count, word[end] & 0xC0 == 0x80 { continue }
            let id = vocabulary.id(of: piece.span.extracting(first: prefixLength + length))
            if id >= 0 { return (id, length) }
        }
        return (-1, 0)
    }

    /// Whether a word has at most `maximumWordLength` characters.
    private func hasFewCharacters(_ word: Span<UInt8>) -> Bool {
        var characters = 0
        for index in word.indices where word[index] & 0xC0 != 0x80 { characters += 1 }
        return characters <= maximumWordLength
    }
}
