internal import Files

extension SHA256Digest.Hasher {
    /// Takes in a text, with its length in front so that it does not run into the next.
    mutating func update(text: String) { update(Array("\(text.utf8.count):\(text)".utf8)) }
}

extension SHA256Digest {
    /// The digest of texts in their order.
    static func of(texts: [String]) -> SHA256Digest {
        var hasher = Hasher()
        for text in texts { hasher.update(text: text) }
        return hasher.finalize()
    }
}
