/// Cuts normalized text into words, which the model treats one by one: the second stage of a tokenizer.
protocol PreTokenizer: Sendable {
    /// Replaces each word by the words in it. May also change the bytes.
    func split(_ text: inout SplitText)
}
