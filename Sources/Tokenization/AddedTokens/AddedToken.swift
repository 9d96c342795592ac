/// A token that is looked for in the text itself, before the model sees it, as `added_tokens` lists it.
struct AddedToken: Decodable, Equatable, Sendable {
    var id: Int
    var content: String
    /// Matches only where no word character touches it.
    var isSingleWord: Bool
    /// Takes the white space before it along.
    var stripsLeft: Bool
    /// Takes the white space after it along.
    var stripsRight: Bool
    /// Is looked for, itself normalized, in the normalized text; otherwise as it is written, in the text as it is.
    var isNormalized: Bool

    private enum CodingKeys: String, CodingKey {
        case id, content
        case isSingleWord = "single_word"
        case stripsLeft = "lstrip"
        case stripsRight = "rstrip"
        case isNormalized = "normalized"
    }
}
