/// Turns text into the form that the vocabulary was made from: the first stage of a tokenizer.
protocol Normalizer: Sendable {
    /// Appends the normalized form of valid UTF-8 to `output`, as valid UTF-8.
    func normalize(_ text: Span<UInt8>, into output: inout [UInt8])
}

extension Normalizer {
    /// Whether nothing is left of a text.
    func makesEmpty(_ text: String) -> Bool {
        var result: [UInt8] = []
        normalize(text.utf8.span, into: &result)
        return result.isEmpty
    }
}
