/// Tokens and their ids, in both directions.
///
/// Tokens are byte strings: two that differ in nothing but their Unicode normal form are two tokens. Ids may have gaps.
struct Vocabulary: Sendable {
    let storage: VocabularyStorage

    /// What is wrong with a vocabulary.
    enum Problem: Error, Equatable {
        case outOfRange(token: String, id: Int)
        case duplicate(id: Int, tokens: [String])
    }

    init(_ storage: VocabularyStorage) { self.storage = storage }

    /// - Parameter tokens: Each token once.
    init(_ tokens: [String: Int]) throws(Problem) {
        // The smallest by id, so that the message does not depend on the order of a dictionary.
        let wrong = tokens.filter { !(0..<Vocabulary.idLimit).contains($0.value) }
            .min { ($0.value, $0.key) < ($1.value, $1.key) }
        if let wrong { throw .outOfRange(token: wrong.key, id: wrong.value) }
        let ordered = tokens.sorted { ($0.value, $0.key) < ($1.value, $1.key) }
        for (token, next) in zip(ordered, ordered.dropFirst()) where token.value == next.value {
            throw .duplicate(id: token.value, tokens: ordered.filter { $0.value == token.value }.map(\.key))
        }
        storage = VocabularyStorage(ordered.map { ($0.key, Int32($0.value)) })
    }

    var count: Int { storage.count }

    /// One more than the largest id.
    var idBound: Int { storage.idBound }

    func id(of token: String) -> Int32? {
        let id = storage.id(of: token.utf8.span)
        return id < 0 ? nil : id
    }

    /// The id of the token of these bytes; -1 where there is none.
    func id(of token: Span<UInt8>) -> Int32 { storage.id(of: token) }

    func token(of id: Int32) -> String? { storage.token(of: id) }

    /// The length of the longest token, in bytes.
    var maximumLength: Int { storage.maximumLength }
}
