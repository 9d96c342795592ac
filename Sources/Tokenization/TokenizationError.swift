public import Files

/// Why a tokenizer.json cannot be used.
///
/// Every case names the file; the description is one line that a person can act on.
public enum TokenizationError: Error, Equatable, Sendable {
    /// The file cannot be read, is not JSON, or lacks something that every tokenizer has.
    case file(FilesError)

    /// A value breaks the rules of the format. `key` is the path inside the file, such as `model.unk_token`.
    case malformed(path: String, key: String, reason: String)

    /// A component that this package does not implement. `key` is `normalizer`, `pre_tokenizer`, `model` or `post_processor`.
    case unknownComponent(path: String, key: String, type: String)

    /// A token's id is negative or too large.
    case idOutOfRange(path: String, token: String, id: Int, limit: Int)

    /// Two tokens have one id.
    case duplicateID(path: String, id: Int, tokens: [String])

    /// A token that the file refers to is in no vocabulary.
    case missingToken(path: String, key: String, token: String)
}

extension TokenizationError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .file(let error): error.description
        case .malformed(let path, let key, let reason): "\(path): \(key): \(reason)"
        case .unknownComponent(let path, let key, let type): "\(path): \(key): '\(type)' is not implemented"
        case .idOutOfRange(let path, let token, let id, let limit):
            "\(path): token '\(token)' has the id \(id), expected 0 to \(limit - 1)"
        case .duplicateID(let path, let id, let tokens):
            "\(path): the id \(id) is given to " + tokens.map { "'\($0)'" }.joined(separator: " and ")
        case .missingToken(let path, let key, let token): "\(path): \(key): token '\(token)' is not in the vocabulary"
        }
    }
}
