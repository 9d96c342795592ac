internal import CAttuneKernels

/// BertNormalizer, BertPreTokenizer and WordPiece in one pass over the text: the ids that they give one after the other,
/// without what they write down in between.
final class OnePassTokenizer: @unchecked Sendable {
    /// Never changed once it is made, so that any thread may use it.
    private let tokenizer: OpaquePointer

    /// Kept alive: the tokenizer looks in it.
    private let vocabulary: VocabularyStorage

    /// How many ids a first attempt has room for, at least: as many as need no memory from the heap.
    private static let room = 256

    /// Nil where the components are others, or do what only they can: added tokens in the normalized text, or words of more
    /// than `ATTUNE_BERT_WORD` characters.
    init?(
        _ normalizer: (any Normalizer)?, _ preTokenizer: (any PreTokenizer)?, _ model: any SubwordModel,
        addedVocabulary: AddedVocabulary
    ) {
        guard let normalizer = normalizer as? BertNormalizer, preTokenizer is BertPreTokenizer,
            let model = model as? WordPiece, addedVocabulary.normalized.isEmpty,
            (0...Int(ATTUNE_BERT_WORD)).contains(model.maximumWordLength)
        else { return nil }
        let settings = attune_bert_settings(
            cleans_text: normalizer.cleansText ? 1 : 0, separates_ideographs: normalizer.separatesIdeographs ? 1 : 0,
            strips_accents: normalizer.stripsAccents ? 1 : 0, lowercases: normalizer.lowercases ? 1 : 0,
            unknown_id: model.unknownID, maximum_characters: UInt32(model.maximumWordLength))
        vocabulary = model.vocabulary.storage
        let prefix = Array(model.continuingPrefix.utf8)
        guard
            let tokenizer = attune_bert_create(
                model.vocabulary.storage.vocabulary, settings, prefix, prefix.count),
            attune_bert_reserve_added(tokenizer, addedVocabulary.verbatimTokens.count) == 0
        else { fatalError("no memory for a tokenizer") }
        self.tokenizer = tokenizer
        for token in addedVocabulary.verbatimTokens {
            let content = Array(token.content.utf8)
            let state = attune_bert_add_token(
                tokenizer, content, content.count, Int32(token.id), token.isSingleWord ? 1 : 0)
            precondition(state == 0, "no memory for an added token")
        }
    }

    deinit { attune_bert_free(tokenizer) }

    /// The first `limit` ids of a text, with others around them; nil where the components must do it one after the other.
    func ids(
        of text: Span<UInt8>, limit: Int, after leading: [Int32] = [], before trailing: [Int32] = []
    ) -> [Int32]? {
        text.withUnsafeBufferPointer { text in
            // Ids of one text, in as many parts as it takes. Most take one.
            var kept = leading
            var cursor = attune_bert_cursor()
            var room = max(OnePassTokenizer.room, text.count / 2)
            while true {
                let left = limit - (kept.count - leading.count)
                var isDone = false
                let state = withUnsafeTemporaryAllocation(of: Int32.self, capacity: max(1, min(room, left))) { ids in
                    var count = 0
                    let state = attune_bert_encode(
                        tokenizer, text.baseAddress, text.count, &cursor, ids.baseAddress!, min(room, left), &count)
                    isDone = state == ATTUNE_BERT_DONE || count == left
                    let part = UnsafeBufferPointer(rebasing: ids[..<(isDone ? count : cursor.safe_count)])
                    kept = OnePassTokenizer.joined(kept, part, isDone ? trailing : [])
                    return state
                }
                if state == ATTUNE_BERT_UNSUPPORTED { return nil }
                if isDone { return kept }
                if cursor.safe_count == 0 { room *= 2 }
            }
        }
    }

    /// Three runs of ids as one, in memory of just that size.
    private static func joined(_ first: [Int32], _ second: UnsafeBufferPointer<Int32>, _ third: [Int32]) -> [Int32] {
        let count = first.count + second.count + third.count
        return Array(unsafeUninitializedCapacity: count) { result, initialized in
            var end = result.initialize(fromContentsOf: first)
            end = result[end...].initialize(fromContentsOf: second)
            _ = result[end...].initialize(fromContentsOf: third)
            initialized = count
        }
    }
}
