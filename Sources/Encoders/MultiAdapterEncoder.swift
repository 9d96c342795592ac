public import LowRank
public import VectorMath

/// One base model with any number of adapters, where every text of a batch names the one that it goes through.
///
/// Texts of all adapters share groups: the base's weights are read once for all of them, only the low-rank products are an
/// adapter's own (Chen et al., "Punica: Multi-Tenant LoRA Serving", arXiv:2310.18547). A text's vector has the same bits as by
/// ``encoder(named:)`` alone. An adapter with magnitudes has merged weights of its own, and its texts groups of their own.
///
/// Immutable; see ``AdapterPool`` for adapters that come and go under load.
public struct MultiAdapterEncoder: Sendable {
    /// The model without an adapter and without a head.
    public let base: TextEncoder
    private var adapted: [String: TextEncoder] = [:]

    /// A model of which no adapter is known yet.
    public init(base: TextEncoder) throws(EncodersError) {
        self.base = try base.adapted(by: nil)
    }

    /// The names of the adapters, sorted.
    public var names: [String] { adapted.keys.sorted() }

    /// What texts with this name go through, for its space and its recipe; with nil the base.
    public func encoder(named name: String?) throws(EncodersError) -> TextEncoder {
        guard let name else { return base }
        guard let encoder = adapted[name] else { throw .unknownAdapter(name, known: names) }
        return encoder
    }

    /// Adds an adapter, or puts it in the place of the one of this name.
    public mutating func set(_ adapter: LowRankAdapter, as name: String) throws(EncodersError) {
        set(try base.adapted(by: adapter), as: name)
    }

    /// - Parameter encoder: What ``base`` made of an adapter.
    mutating func set(_ encoder: TextEncoder, as name: String) { adapted[name] = encoder }

    /// Removes an adapter; whether there was one of this name.
    @discardableResult
    public mutating func remove(_ name: String) -> Bool { adapted.removeValue(forKey: name) != nil }

    /// Vectors `[B, dimension]` of texts, in their order.
    ///
    /// - Parameters:
    ///   - adapters: A name a text, nil for the base.
    ///   - prompt: As in ``TextEncoder/encode(_:prompt:maxLength:progress:)``, as are the others.
    public func encode(
        _ texts: [String], adapters: [String?], prompt: String? = nil, maxLength: Int? = nil,
        progress: ((Int, Int) -> Void)? = nil
    ) throws(EncodersError) -> Matrix<Float> {
        try encode(
            texts, adapters: adapters, prefix: try base.prefix(named: prompt), maxLength: maxLength, progress: progress)
    }

    /// Vectors of queries, with the prompt that ``TextEncoder/encodeQueries(_:maxLength:progress:)`` puts before them.
    public func encodeQueries(
        _ texts: [String], adapters: [String?], maxLength: Int? = nil, progress: ((Int, Int) -> Void)? = nil
    ) throws(EncodersError) -> Matrix<Float> {
        try encode(texts, adapters: adapters, prefix: base.queryPrompt, maxLength: maxLength, progress: progress)
    }

    /// Vectors of documents, with the prompt that ``TextEncoder/encodeDocuments(_:maxLength:progress:)`` puts before them.
    public func encodeDocuments(
        _ texts: [String], adapters: [String?], maxLength: Int? = nil, progress: ((Int, Int) -> Void)? = nil
    ) throws(EncodersError) -> Matrix<Float> {
        try encode(texts, adapters: adapters, prefix: base.documentPrompt, maxLength: maxLength, progress: progress)
    }

    private func encode(
        _ texts: [String], adapters: [String?], prefix: String, maxLength: Int?, progress: ((Int, Int) -> Void)?
    ) throws(EncodersError) -> Matrix<Float> {
        precondition(texts.count == adapters.count, "\(adapters.count) adapters' names for \(texts.count) texts")
        var routes: [TextEncoder.Route] = []
        var places: [String?: Int] = [:]
        var choice: [Int] = []
        for name in adapters {
            if let place = places[name] {
                choice.append(place)
            } else {
                places[name] = routes.count
                choice.append(routes.count)
                routes.append(try encoder(named: name).route)
            }
        }
        return try base.encode(
            base.tokenize(texts, prefix: prefix, maxLength: maxLength), by: routes, choice,
            skipping: base.model.skippedTokens(prompt: prefix), progress: progress)
    }
}
