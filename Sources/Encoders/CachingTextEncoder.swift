public import Files
public import VectorMath

/// An encoder that keeps the vectors of documents in a cache, and finds them there.
public struct CachingTextEncoder: Sendable {
    public let encoder: TextEncoder
    public let cache: VectorCache

    public init(_ encoder: TextEncoder, cache: VectorCache = .standard) {
        self.encoder = encoder
        self.cache = cache
    }

    public var space: SpaceIdentity { encoder.space }

    /// As ``TextEncoder/encode(_:prompt:maxLength:progress:)``; not kept.
    public func encode(
        _ texts: [String], prompt: String? = nil, maxLength: Int? = nil, progress: ((Int, Int) -> Void)? = nil
    ) throws(EncodersError) -> Matrix<Float> {
        try encoder.encode(texts, prompt: prompt, maxLength: maxLength, progress: progress)
    }

    /// As ``TextEncoder/encodeQueries(_:maxLength:progress:)``; not kept.
    public func encodeQueries(
        _ texts: [String], maxLength: Int? = nil, progress: ((Int, Int) -> Void)? = nil
    ) throws(EncodersError) -> Matrix<Float> {
        try encoder.encodeQueries(texts, maxLength: maxLength, progress: progress)
    }

    /// As ``TextEncoder/encodeDocuments(_:maxLength:progress:)``, from the cache where it has the same texts.
    public func encodeDocuments(
        _ texts: [String], maxLength: Int? = nil, progress: ((Int, Int) -> Void)? = nil
    ) throws(EncodersError) -> Matrix<Float> {
        try encoder.check(.document)
        let key = key(texts, maxLength: maxLength ?? encoder.maxLength)
        if let vectors = cache.vectors(for: key, rows: texts.count, columns: encoder.dimension) {
            progress?(texts.count, texts.count)
            return vectors
        }
        let vectors = try encoder.encodeDocuments(texts, maxLength: maxLength, progress: progress)
        cache.keep(vectors, for: key)
        return vectors
    }

    /// A digest of everything that decides the vectors' bits.
    private func key(_ texts: [String], maxLength: Int) -> SHA256Digest {
        var hasher = SHA256Digest.Hasher()
        hasher.update(Array("\(encoder.documentRecipe)\n\(maxLength)\n\(texts.count)\n".utf8))
        for text in texts {
            // The length before each text: "a", "bc" is another corpus than "ab", "c".
            hasher.update(Array("\(text.utf8.count)\n".utf8))
            hasher.update(Array(text.utf8))
        }
        return hasher.finalize()
    }
}
