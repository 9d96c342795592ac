internal import Files

/// The parts of a tokenizer.json that are used.
struct TokenizerFile: Decodable {
    let version: String?
    let addedTokens: [AddedToken]?
    let normalizer: JSONValue?
    let preTokenizer: JSONValue?
    let postProcessor: JSONValue?
    let model: ModelDescription

    private enum CodingKeys: String, CodingKey {
        case version
        case addedTokens = "added_tokens"
        case normalizer
        case preTokenizer = "pre_tokenizer"
        case postProcessor = "post_processor"
        case model
    }
}

/// The `model` of a tokenizer.json.
enum ModelDescription: Decodable {
    case wordPiece(WordPieceDescription)
    /// A model that is not implemented.
    case other(type: String)

    private enum CodingKeys: String, CodingKey {
        case type, merges
        case continuingPrefix = "continuing_subword_prefix"
        case maximumWordLength = "max_input_chars_per_word"
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        switch try container.decodeIfPresent(String.self, forKey: .type) ?? ModelDescription.inferredType(container) {
        case "WordPiece": self = .wordPiece(try WordPieceDescription(from: decoder))
        case let type: self = .other(type: type)
        }
    }

    /// Files written before 2021 do not name the model's type; the keys tell.
    private static func inferredType(_ container: KeyedDecodingContainer<CodingKeys>) throws -> String {
        if container.contains(.merges) { return "BPE" }
        if container.contains(.continuingPrefix), container.contains(.maximumWordLength) { return "WordPiece" }
        throw DecodingError.keyNotFound(
            CodingKeys.type, .init(codingPath: container.codingPath, debugDescription: "no type"))
    }
}

struct WordPieceDescription: Decodable {
    let unknownToken: String
    let continuingPrefix: String
    let maximumWordLength: Int
    let vocabulary: [String: TokenID]

    private enum CodingKeys: String, CodingKey {
        case unknownToken = "unk_token"
        case continuingPrefix = "continuing_subword_prefix"
        case maximumWordLength = "max_input_chars_per_word"
        case vocabulary = "vocab"
    }
}

/// An id in a vocabulary. A number that is no `Int` is an error that names the token, which the decoder's own does not.
struct TokenID: Decodable {
    let value: Int

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        do {
            value = try container.decode(Int.self)
        } catch let error as DecodingError {
            throw error
        } catch {
            throw DecodingError.typeMismatch(
                Int.self, .init(codingPath: decoder.codingPath, debugDescription: "no whole number"))
        }
    }
}
