internal import CAttuneKernels

extension Vocabulary {
    /// One more than the largest id that a token may have: no model has an embedding table of more rows.
    static let idLimit = Int(ATTUNE_TOKEN_LIMIT)
}

/// The tokens of a vocabulary, their ids and the tables to find them by.
final class VocabularyStorage: @unchecked Sendable {
    /// Never changed once it is finished, so that any thread may look in it.
    let vocabulary: OpaquePointer

    /// The length of the longest token, in bytes.
    let maximumLength: Int

    /// Takes over a finished vocabulary.
    private init(finished vocabulary: OpaquePointer) {
        self.vocabulary = vocabulary
        maximumLength = attune_vocabulary_maximum_length(vocabulary)
    }

    /// - Parameter tokens: Each token and each id once, ids below `Vocabulary.idLimit`.
    convenience init(_ tokens: [(token: String, id: Int32)]) {
        guard let vocabulary = attune_vocabulary_create() else { fatalError("no memory for a vocabulary") }
        for (token, id) in tokens {
            let bytes = token.utf8.span
            let state = bytes.withUnsafeBufferPointer {
                attune_vocabulary_add(vocabulary, $0.baseAddress, $0.count, id)
            }
            precondition(state == 0, "a token has the id \(id), or memory is short")
        }
        precondition(attune_vocabulary_finish(vocabulary) == 0, "a token or an id is twice in a vocabulary")
        self.init(finished: vocabulary)
    }

    deinit { attune_vocabulary_free(vocabulary) }

    /// Takes `model.vocab` out of the bytes of a tokenizer.json.
    ///
    /// - Returns: The vocabulary, and the document with an empty object in its place: it is well-formed if and only if the file
    ///   is. Nil where something about the vocabulary is unusual or wrong.
    static func read(_ file: UnsafeRawBufferPointer) -> (storage: VocabularyStorage, rest: [UInt8])? {
        guard let vocabulary = attune_vocabulary_create() else { return nil }
        var begin = 0
        var end = 0
        let bytes = file.assumingMemoryBound(to: UInt8.self)
        guard let start = bytes.baseAddress,
            attune_vocabulary_read(vocabulary, start, bytes.count, &begin, &end) == 0,
            attune_vocabulary_finish(vocabulary) == 0
        else {
            attune_vocabulary_free(vocabulary)
            return nil
        }
        return (VocabularyStorage(finished: vocabulary), bytes[..<begin] + Array("{}".utf8) + bytes[end...])
    }

    var count: Int { attune_vocabulary_count(vocabulary) }

    /// One more than the largest id.
    var idBound: Int { attune_vocabulary_bound(vocabulary) }

    /// The id of the token of these bytes; -1 where there is none.
    func id(of token: Span<UInt8>) -> Int32 {
        token.withUnsafeBufferPointer { attune_vocabulary_find(vocabulary, $0.baseAddress, $0.count) }
    }

    func token(of id: Int32) -> String? {
        var length = 0
        guard let bytes = attune_vocabulary_token(vocabulary, id, &length) else { return nil }
        return String(decoding: UnsafeBufferPointer(start: bytes, count: length), as: UTF8.self)
    }
}
