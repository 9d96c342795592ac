/// Turns text into the form that the vocabulary was made from: the first stage of a tokenizer.
protocol Normalizer: Sendable {
    /// Appends the normalized form of valid UTF-8 to `output`, as valid UTF-8.
    func normalize(_ text: Span<UInt8>, into output: inout [UInt8])
}
