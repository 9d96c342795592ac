/// Texts as one run of tokens: B texts, T tokens of all texts together, no padding.
public struct TokenBatch: Sendable {
    /// Token ids of all texts, one text after the other, `[T]`.
    public let ids: [Int32]
    /// Where each text begins in `ids`, and T at the end: B + 1 ascending values.
    public let offsets: [Int]
    /// How many leading tokens of each text pooling passes over, `[B]`: the prompt's, in models that leave it out.
    public let skipped: [Int]

    /// A batch of encoded texts. Every text has at least one token.
    public init(_ sequences: some Collection<[Int32]>, skipping skipped: [Int]? = nil) {
        var offsets = [0]
        offsets.reserveCapacity(sequences.count + 1)
        for sequence in sequences {
            precondition(!sequence.isEmpty, "a text without tokens cannot be encoded")
            offsets.append(offsets[offsets.count - 1] + sequence.count)
        }
        precondition(
            skipped.map { $0.count == sequences.count && $0.allSatisfy { $0 >= 0 } } ?? true,
            "one count of skipped tokens a text, not negative")
        ids = Array(sequences.joined())
        self.offsets = offsets
        self.skipped = skipped ?? [Int](repeating: 0, count: sequences.count)
    }

    /// B.
    public var count: Int { offsets.count - 1 }
    /// T.
    public var tokenCount: Int { ids.count }
    /// S of the longest text.
    public var longest: Int { (0..<count).reduce(0) { max($0, length(of: $1)) } }

    /// Where a text's tokens are in `ids`.
    public func range(of text: Int) -> Range<Int> { offsets[text]..<offsets[text + 1] }
    /// Some of the texts.
    package func texts(_ part: Range<Int>) -> TokenBatch {
        TokenBatch(
            part.map { Array(ids[range(of: $0)]) }, skipping: Array(skipped[part]))
    }
    /// S of one text.
    public func length(of text: Int) -> Int { offsets[text + 1] - offsets[text] }
}
