/// A tokenizer as a `tokenizer.json` describes it; its ids are those of Hugging Face's tokenizers 0.23.
///
/// A text passes through four stages: the normalizer, the pre-tokenizer that cuts it into words, the model that turns words
/// into ids, and the template that puts special tokens around them. Added tokens are cut out before and after normalizing.
/// Calls are independent of each other and may come from any thread.
///
/// What the file says of truncation and padding is ignored: models are distributed with leftovers of their training there.
public struct Tokenizer: Sendable {
    let normalizer: (any Normalizer)?
    let preTokenizer: (any PreTokenizer)?
    let model: any SubwordModel
    let postProcessor: PostProcessor
    let addedVocabulary: AddedVocabulary

    /// All stages at once, where the components are those of the BERT family.
    let onePass: OnePassTokenizer?

    /// - Parameter inOnePass: Whether the stages are run at once where they can be; the ids are the same.
    init(
        normalizer: (any Normalizer)?, preTokenizer: (any PreTokenizer)?, model: any SubwordModel,
        postProcessor: PostProcessor, addedVocabulary: AddedVocabulary, inOnePass: Bool = true
    ) {
        self.normalizer = normalizer
        self.preTokenizer = preTokenizer
        self.model = model
        self.postProcessor = postProcessor
        self.addedVocabulary = addedVocabulary
        onePass =
            inOnePass ? OnePassTokenizer(normalizer, preTokenizer, model, addedVocabulary: addedVocabulary) : nil
    }

    /// The same tokenizer, which runs one stage after the other.
    func byStages() -> Tokenizer {
        Tokenizer(
            normalizer: normalizer, preTokenizer: preTokenizer, model: model, postProcessor: postProcessor,
            addedVocabulary: addedVocabulary, inOnePass: false)
    }

    /// The ids of a text.
    ///
    /// - Parameters:
    ///   - maxLength: The most ids, special tokens included; the rest of the content is cut off at its end. Special tokens are
    ///     never cut off, so the result is longer than a `maxLength` that is less than their number.
    ///   - addingSpecialTokens: Whether the template's special tokens are added.
    /// - Returns: [S]
    /// - Complexity: O(bytes of the text).
    public func encode(_ text: String, maxLength: Int? = nil, addingSpecialTokens: Bool = true) -> [Int32] {
        encode(text.utf8.span, maxLength: maxLength, addingSpecialTokens: addingSpecialTokens)
    }

    /// The ids of two texts as one sequence.
    ///
    /// - Parameter maxLength: The most ids, special tokens included; ids are cut off the end of the longer text until both are
    ///   equally long, then of both.
    public func encode(
        _ first: String, pairedWith second: String, maxLength: Int? = nil, addingSpecialTokens: Bool = true
    ) -> PairEncoding {
        var firstIDs = contentIDs(of: first.utf8.span, limit: .max)
        var secondIDs = contentIDs(of: second.utf8.span, limit: .max)
        if let maxLength {
            let added = addingSpecialTokens ? postProcessor.pair.addedCount : 0
            let (firstCount, secondCount) = Tokenizer.share(max(0, maxLength - added), firstIDs.count, secondIDs.count)
            firstIDs.removeSubrange(firstCount...)
            secondIDs.removeSubrange(secondCount...)
        }
        return postProcessor.pair.encoding(of: firstIDs, secondIDs, addingSpecialTokens: addingSpecialTokens)
    }

    /// How many ids a text has.
    public func countTokens(in text: String, addingSpecialTokens: Bool = true) -> Int {
        encode(text, addingSpecialTokens: addingSpecialTokens).count
    }

    /// The id of a token, as the vocabulary or the list of added tokens spells it.
    public func id(of token: String) -> Int32? {
        model.vocabulary.id(of: token) ?? addedVocabulary.id(of: token)
    }

    /// The token of an id.
    public func token(of id: Int32) -> String? {
        model.vocabulary.token(of: id) ?? addedVocabulary.token(of: id)
    }

    /// The number of tokens, added ones included.
    public var vocabularySize: Int { model.vocabulary.count + addedVocabulary.idsOfNew.count }

    /// One more than the largest id: the rows that an embedding table must have at least.
    public var idBound: Int {
        max(model.vocabulary.idBound, addedVocabulary.largestNewID.map { Int($0) + 1 } ?? 0)
    }

    func encode(_ text: Span<UInt8>, maxLength: Int?, addingSpecialTokens: Bool) -> [Int32] {
        let template = postProcessor.single
        let added = addingSpecialTokens ? template.addedCount : 0
        let limit = maxLength.map { max(0, $0 - added) } ?? .max
        if let onePass, let (leading, trailing) = template.surroundings {
            let ids =
                addingSpecialTokens
                ? onePass.ids(of: text, limit: limit, after: leading, before: trailing)
                : onePass.ids(of: text, limit: limit)
            if let ids { return ids }
        }
        return template.ids(of: contentIDs(of: text, limit: limit), addingSpecialTokens: addingSpecialTokens)
    }

    /// How many ids two texts keep of `limit`: the longer gives first, of two long ones the longer has the odd id.
    private static func share(_ limit: Int, _ first: Int, _ second: Int) -> (Int, Int) {
        let shorter = min(first, second)
        if first + second <= limit { return (first, second) }
        let (short, long) = shorter <= limit / 2 ? (shorter, limit - shorter) : (limit / 2, limit - limit / 2)
        return first <= second ? (short, long) : (long, short)
    }
}
