/// Where the gradients of a block's biases lie, as far as these train along with an adapter.
struct BlockBiasPlaces: Sendable {
    /// Of query, key and value: their columns of the layer's output.
    let input: [(columns: Range<Int>, start: Int)]
    /// Of attention.
    let output: Int?
    let attentionNormalization: Int?
    let intermediate: Int?
    /// Of the feed-forward part.
    let last: Int?
    let outputNormalization: Int?

    /// - Parameter starts: Where the gradient of each bias begins, by tensor name.
    init(_ block: BERTBlock, at starts: [String: Int]) {
        func start(of layer: Linear) -> Int? { starts[layer.modules[0].biasName] }
        input = block.attention.input.modules.compactMap { module in
            starts[module.biasName].map { (module.columns, $0) }
        }
        output = start(of: block.attention.output)
        attentionNormalization = starts[block.attentionNormalization.biasName]
        intermediate = start(of: block.feedForward.intermediate)
        last = start(of: block.feedForward.output)
        outputNormalization = starts[block.outputNormalization.biasName]
    }

    /// Whether a bias of the attention part trains.
    var concernsAttention: Bool { !input.isEmpty || output != nil || attentionNormalization != nil }

    var isEmpty: Bool { !concernsAttention && intermediate == nil && last == nil && outputNormalization == nil }
}
