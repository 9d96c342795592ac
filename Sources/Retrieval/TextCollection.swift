public import Corpora
public import Encoders
public import VectorIndex
internal import VectorMath

/// A collection together with the encoder of its space: texts in, passages out.
public struct TextCollection: Sendable {
    public let collection: Collection
    public let encoder: TextEncoder

    /// Joins a collection and an encoder.
    ///
    /// - Throws: `spaceMismatch` where the encoder does not give vectors of the collection's space.
    public init(_ collection: Collection, encoder: TextEncoder) throws(RetrievalError) {
        try collection.check(encoder.space)
        self.collection = collection
        self.encoder = encoder
    }

    /// Embeds passages and makes a collection of them.
    ///
    /// - Parameters:
    ///   - model: How the user named the base model, and `adapter` the adapter: the collection remembers both.
    ///   - maxLength: Tokens that a passage is cut to; nil for the model's limit.
    ///   - targetRecall: The part of the ten nearest that is enough for a search to find, above 0 and below 1: a large
    ///     collection is then searched by a graph, many times faster. Nil where nothing may be missed.
    ///   - structure: What to search by; nil for what size, dimension and recall suggest.
    ///   - cache: Where vectors computed before are found; nil for none.
    ///   - report: Is told how far embedding, and then the index, is.
    /// - Throws: `noPassages`, `wrongTargetRecall`, `encoder`, and what making a collection throws.
    public static func build(
        at path: String, passages: [Passage], encoder: TextEncoder, model: String, adapter: String? = nil,
        maxLength: Int? = nil, targetRecall: Double? = nil, structure: IndexStructure? = nil,
        cache: VectorCache? = nil, force: Bool = false, report: CollectionReport? = nil
    ) throws(RetrievalError) -> TextCollection {
        guard !passages.isEmpty else { throw .noPassages }
        let identity = CollectionIdentity(
            of: encoder, model: model, adapter: adapter, maxLength: maxLength, targetRecall: targetRecall,
            structure: structure)
        // Before the work begins: embedding takes long.
        guard identity.hasProperRecall else { throw .wrongTargetRecall(targetRecall ?? 0) }
        let vectors = try embed(passages, with: encoder, maxLength: maxLength, cache: cache) {
            report?(CollectionProgress(step: .embedding, done: $0, total: $1))
        }
        let collection = try Collection.create(
            at: path, identity: identity, passages: passages, vectors: vectors.view, force: force,
            report: report)
        return try TextCollection(collection, encoder: encoder)
    }

    /// Embeds passages and adds them; a passage whose id is there is replaced.
    public func add(_ passages: [Passage], progress: ((Int, Int) -> Void)? = nil) throws(RetrievalError) {
        let vectors = try Self.embed(
            passages, with: encoder, maxLength: collection.identity.maxLength, cache: nil, progress: progress)
        try collection.add(passages, vectors: vectors.view, space: encoder.space)
    }

    /// The `k` passages nearest to a text, nearest first.
    ///
    /// - Parameter isIncluded: Says which passages to look among, nil for all. Each search reads every passage for it.
    public func search(
        _ text: String, k: Int = 10, where isIncluded: ((Passage) throws -> Bool)? = nil
    ) throws(RetrievalError) -> [Hit] {
        try search([text], k: k, where: isIncluded)[0]
    }

    /// The `k` passages nearest to each text, nearest first.
    public func search(
        _ texts: [String], k: Int = 10, where isIncluded: ((Passage) throws -> Bool)? = nil
    ) throws(RetrievalError) -> [[Hit]] {
        let queries: Matrix<Float>
        do throws(EncodersError) {
            queries = try encoder.encodeQueries(texts)
        } catch {
            throw .encoder(reason: error.description)
        }
        return try collection.search(queries.view, space: encoder.space, k: k, where: isIncluded)
    }

    private static func embed(
        _ passages: [Passage], with encoder: TextEncoder, maxLength: Int?, cache: VectorCache?,
        progress: ((Int, Int) -> Void)?
    ) throws(RetrievalError) -> Matrix<Float> {
        let texts = passages.map(\.embeddedText)
        do throws(EncodersError) {
            guard let cache else { return try encoder.encodeDocuments(texts, maxLength: maxLength, progress: progress) }
            return try CachingTextEncoder(encoder, cache: cache)
                .encodeDocuments(texts, maxLength: maxLength, progress: progress)
        } catch {
            throw .encoder(reason: error.description)
        }
    }
}
