/// What the tokenizer's components need to know of a character: bits of `attune_unicode_properties`.
struct CharacterProperties: OptionSet, Sendable {
    let rawValue: UInt16

    /// Control, format, private use, U+FFFD: dropped where text is cleaned. Unassigned characters are not among them.
    static let removed = CharacterProperties(rawValue: 1 << 0)
    static let whitespace = CharacterProperties(rawValue: 1 << 1)
    /// A Han character that is made a word of its own.
    static let ideograph = CharacterProperties(rawValue: 1 << 2)
    /// A nonspacing mark: dropped where accents are stripped.
    static let mark = CharacterProperties(rawValue: 1 << 3)
    static let punctuation = CharacterProperties(rawValue: 1 << 4)
    /// Part of a word in the sense of an added token that must stand alone.
    static let word = CharacterProperties(rawValue: 1 << 5)
    /// Has a canonical decomposition.
    static let decomposes = CharacterProperties(rawValue: 1 << 6)
    /// Has another lower case.
    static let lowercases = CharacterProperties(rawValue: 1 << 7)
    /// Has a canonical combining class other than 0.
    static let reorders = CharacterProperties(rawValue: 0xFF00)

    /// The canonical combining class; 0 for what starts a new sequence.
    var combiningClass: UInt8 { UInt8(rawValue >> 8) }
}
