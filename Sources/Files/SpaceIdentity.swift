/// The identity of an embedding space: what document vectors live in.
///
/// A digest over everything that moves vectors: base weights, document-side adapter, tokenizer, pooling, document prompt,
/// normalisation, dimension. Vectors of two spaces must never be compared; those who hold vectors keep the identity beside
/// them and refuse another one.
public struct SpaceIdentity: Hashable, Sendable, Codable {
    /// 64 hexadecimal digits.
    public let digest: String

    /// - Parameter parts: Each part's name and value. Their order does not matter; names must differ.
    public init(parts: [(String, String)]) {
        var hasher = SHA256Digest.Hasher()
        hasher.update(Array("attune space 1".utf8))
        let sorted = parts.sorted { $0.0.utf8.lexicographicallyPrecedes($1.0.utf8) }
        for (index, (name, value)) in sorted.enumerated() {
            precondition(index == 0 || sorted[index - 1].0 != name, "two parts of a space are called \(name)")
            // Lengths before the texts, so that no two lists of parts make the same bytes.
            for text in [name, value] {
                let bytes = Array(text.utf8)
                withUnsafeBytes(of: UInt64(bytes.count).littleEndian) { hasher.update($0) }
                hasher.update(bytes)
            }
        }
        digest = hasher.finalize().hex
    }

    /// The identity that was written down before; nil where the text is none.
    public init?(digest: String) {
        guard let parsed = SHA256Digest(hex: digest) else { return nil }
        self.digest = parsed.hex
    }

    public init(from decoder: any Decoder) throws {
        digest = try SHA256Digest(from: decoder).hex
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(digest)
    }
}

extension SpaceIdentity: CustomStringConvertible {
    /// The first 12 digits: enough to tell the spaces of one user apart.
    public var description: String { String(digest.prefix(12)) }
}
