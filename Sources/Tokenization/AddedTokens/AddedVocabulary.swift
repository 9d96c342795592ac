/// The added tokens of a tokenizer: their ids, and how they are found in text.
struct AddedVocabulary: Sendable {
    /// Added tokens that are not in the model's vocabulary.
    let idsOfNew: [String: Int32]
    private let contentsOfNew: [Int32: String]

    /// The tokens that are looked for in the text as it is, in the order in which they count.
    let verbatimTokens: [AddedToken]

    /// Looks in the text as it is.
    let verbatim: AddedTokenFinder

    /// Looks in the normalized text.
    let normalized: AddedTokenFinder

    /// - Parameter tokens: With their final ids.
    init(_ tokens: [AddedToken], vocabulary: Vocabulary, normalizer: (any Normalizer)?) {
        // Of two tokens with one normal form the one with the lower id is found; tokenizers takes either, by chance.
        let ordered = tokens.sorted { $0.id < $1.id }
        verbatimTokens = ordered.filter { !$0.isNormalized }
        verbatim = AddedTokenFinder(verbatimTokens.map { (Array($0.content.utf8), $0) })
        normalized = AddedTokenFinder(
            ordered.filter(\.isNormalized).map { token in
                let content = Array(token.content.utf8)
                guard let normalizer else { return (content, token) }
                var result: [UInt8] = []
                normalizer.normalize(content.span, into: &result)
                return (result, token)
            })
        let new = tokens.filter { vocabulary.id(of: $0.content) == nil }
        idsOfNew = Dictionary(new.map { ($0.content, Int32($0.id)) }, uniquingKeysWith: { first, _ in first })
        contentsOfNew = Dictionary(new.map { (Int32($0.id), $0.content) }, uniquingKeysWith: { first, _ in first })
    }

    func id(of token: String) -> Int32? { idsOfNew[token] }

    func token(of id: Int32) -> String? { contentsOfNew[id] }

    var largestNewID: Int32? { contentsOfNew.keys.max() }
}
