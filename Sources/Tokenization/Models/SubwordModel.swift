/// Turns words into ids by a vocabulary: the third stage of a tokenizer.
protocol SubwordModel: Sendable {
    /// Appends the ids of the words in order, and may stop after a word once `ids` holds `limit` of them.
    func appendIDs(of text: SplitText, to ids: inout [Int32], limit: Int)

    /// The tokens of the model; added tokens may lie outside of it.
    var vocabulary: Vocabulary { get }
}
