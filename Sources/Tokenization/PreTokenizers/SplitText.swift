/// Text on its way through the pre-tokenizers.
struct SplitText {
    /// Valid UTF-8.
    var bytes: [UInt8]

    /// Where the words are, in order, not overlapping, on character boundaries.
    var words: [Range<Int>]
}
