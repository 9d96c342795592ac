/// WordPiece: each word is the longest token that it begins with, followed by the longest continuing tokens.
///
/// A word that cannot be covered so, or has more characters than `maximumWordLength`, is the unknown token. Finding a word
/// in the vocabulary as a whole comes first: most words are.
///
/// Source: Schuster and Nakajima, "Japanese and Korean voice search", 2012; the greedy form is BERT's.
struct WordPiece: SubwordModel {
    let vocabulary: Vocabulary
    let unknownID: Int32

    /// The most characters of a word that is looked up.
    let maximumWordLength: Int

    /// Tokens that begin with the continuing prefix, without it.
    private let continuations: ByteStringTable

    init(vocabulary: Vocabulary, unknownID: Int32, continuingPrefix: String, maximumWordLength: Int) {
        self.vocabulary = vocabulary
        self.unknownID = unknownID
        self.maximumWordLength = maximumWordLength
        let prefix = Array(continuingPrefix.utf8)
        var continuing: [(Range<Int>, Int32)] = []
        for id in 0..<Int32(vocabulary.idBound) {
            guard let range = vocabulary.range(of: id), vocabulary.bytes[range].starts(with: prefix) else { continue }
            continuing.append((range.dropFirst(prefix.count), id))
        }
        var continuations = ByteStringTable(capacity: continuing.count)
        for (range, id) in continuing { _ = continuations.insert(range, in: vocabulary.bytes, value: id) }
        self.continuations = continuations
    }

    func appendIDs(of text: SplitText, to ids: inout [Int32], limit: Int) {
        let bytes = text.bytes.span
        var hashes: [ByteStringTable.Hash] = []
        for word in text.words {
            if ids.count >= limit { return }
            appendIDs(of: bytes, word, hashes: &hashes, to: &ids)
        }
    }

    private func appendIDs(
        of text: Span<UInt8>, _ word: Range<Int>, hashes: inout [ByteStringTable.Hash], to ids: inout [Int32]
    ) {
        guard word.count <= maximumWordLength || hasFewCharacters(text, word) else {
            ids.append(unknownID)
            return
        }
        var hash = ByteStringTable.Hash()
        for index in word { hash.combine(text[index]) }
        let whole = vocabulary.id(of: text, word, hash: hash)
        if whole >= 0 {
            ids.append(whole)
            return
        }
        let count = ids.count
        var rest = word
        while !rest.isEmpty {
            let (id, length) = longestToken(of: text, rest, isFirst: rest == word, hashes: &hashes)
            guard id >= 0 else {
                ids.removeSubrange(count...)
                ids.append(unknownID)
                return
            }
            ids.append(id)
            rest = rest.lowerBound + length..<rest.upperBound
        }
    }

    /// The longest token that a piece of a word begins with, and its length in bytes; the id is -1 where there is none.
    ///
    /// - Parameter hashes: Room for the hashes of the piece's prefixes, kept between calls.
    private func longestToken(
        of text: Span<UInt8>, _ piece: Range<Int>, isFirst: Bool, hashes: inout [ByteStringTable.Hash]
    ) -> (id: Int32, length: Int) {
        let limit = min(piece.count, isFirst ? vocabulary.maximumLength : continuations.maximumLength)
        hashes.removeAll(keepingCapacity: true)
        var hash = ByteStringTable.Hash()
        for index in piece.prefix(limit) {
            hash.combine(text[index])
            hashes.append(hash)
        }
        for length in stride(from: limit, to: 0, by: -1) {
            let range = piece.lowerBound..<piece.lowerBound + length
            if range.upperBound < piece.upperBound, text[range.upperBound] & 0xC0 == 0x80 { continue }
            let hash = hashes[length - 1]
            let id =
                isFirst
                ? vocabulary.id(of: text, range, hash: hash)
                : continuations.value(of: text, range, hash: hash, in: vocabulary.bytes)
            if id >= 0 { return (id, length) }
        }
        return (-1, 0)
    }

    /// Whether a word has at most `maximumWordLength` characters.
    private func hasFewCharacters(_ text: Span<UInt8>, _ word: Range<Int>) -> Bool {
        var characters = 0
        for index in word where text[index] & 0xC0 != 0x80 { characters += 1 }
        return characters <= maximumWordLength
    }
}
