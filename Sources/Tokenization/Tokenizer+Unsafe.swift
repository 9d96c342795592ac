extension Tokenizer {
    /// The ids of a text that is in memory as valid UTF-8.
    ///
    /// Bytes that are not valid UTF-8 give some ids, but never a trap.
    ///
    /// - Parameters: As those of `encode(_:maxLength:addingSpecialTokens:)`.
    public func encode(
        utf8: UnsafeBufferPointer<UInt8>, maxLength: Int? = nil, addingSpecialTokens: Bool = true
    ) -> [Int32] {
        encode(Span(_unsafeElements: utf8), maxLength: maxLength, addingSpecialTokens: addingSpecialTokens)
    }
}
