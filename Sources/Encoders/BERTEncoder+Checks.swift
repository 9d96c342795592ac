public import LowRank
internal import ModelFiles
internal import VectorMath

extension BERTEncoder {
    /// An adapter by block, its matrices in the form that products read.
    package struct BoundAdapter: Sendable {
        /// What its pairs are added to: the encoder with the adapter's biases in the place of its own.
        package let encoder: BERTEncoder
        package let blocks: [BERTBlock.Adapters]
    }

    /// Prepares an adapter. Throws where it names other modules or has other shapes than the model.
    ///
    /// PEFT's `all-linear` puts a pair on the pooler, which token pooling never reads: such a pair is passed over.
    package func bind(_ adapter: LowRankAdapter?) throws(EncodersError) -> BoundAdapter? {
        guard let adapter else { return nil }
        try check(adapter)
        let encoder = adapter.biases.isEmpty ? self : replacing(biases: adapter.biases)
        return BoundAdapter(encoder: encoder, blocks: encoder.blocks.map { $0.adapters(adapter) })
    }

    /// Throws unless every module and bias of an adapter is one of the model's, in its shape.
    public func check(_ adapter: LowRankAdapter) throws(EncodersError) {
        try check(adapter.biases)
        let known = Dictionary(uniqueKeysWithValues: linearModules.map { ($0.name, $0) })
        let strangers = adapter.names.filter { known[$0] == nil && !Self.isDead($0) }
        guard strangers.isEmpty else { throw .unknownModules(strangers, model: "a model of \(blocks.count) layers") }
        for (name, pair) in zip(adapter.names, adapter.pairs) {
            guard let module = known[name] else { continue }
            guard pair.inputWidth == module.inputWidth, pair.a.rows == pair.b.columns else {
                throw .adapterShape(
                    module: name, matrix: "A", expected: [pair.b.columns, module.inputWidth],
                    found: [pair.a.rows, pair.a.columns])
            }
            guard pair.outputWidth == module.outputWidth else {
                throw .adapterShape(
                    module: name, matrix: "B", expected: [module.outputWidth, pair.a.rows],
                    found: [pair.b.rows, pair.b.columns])
            }
        }
    }

    private func check(_ trained: [String: [Float]]) throws(EncodersError) {
        guard !trained.isEmpty else { return }
        let known = biases
        for (name, values) in trained.sorted(by: { $0.key < $1.key }) {
            let module = String(name.dropLast(".bias".count))
            if Self.isDead(module) { continue }
            guard let bias = known[name] else {
                throw .unknownModules([name], model: "a model of \(blocks.count) layers")
            }
            guard bias.count == values.count else {
                throw .adapterShape(
                    module: module, matrix: "the bias", expected: [bias.count], found: [values.count])
            }
        }
    }

    /// Whether a module exists in the model's files but never has a part in a text's vector.
    static func isDead(_ module: String) -> Bool { module == "pooler.dense" }

    /// Throws where an id is outside the vocabulary or a text outside the positions.
    func check(_ batch: TokenBatch) throws(EncodersError) {
        let limit = Int32(clamping: configuration.vocabularySize)
        if let stranger = batch.ids.first(where: { $0 < 0 || $0 >= limit }) {
            throw .invalidTokens(reason: "token id \(stranger) is outside the vocabulary of \(limit)")
        }
        let longest = batch.longest
        guard longest <= configuration.maxPositions else {
            throw .invalidTokens(
                reason: "a text of \(longest) tokens is longer than the model's \(configuration.maxPositions) positions"
            )
        }
    }
}
