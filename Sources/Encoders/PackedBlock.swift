internal import VectorMath

/// A linear layer with its weights packed as one kind of pass reads them.
protocol PackedLayer: Sendable {
    /// b of all modules, `[out]`.
    var bias: [Float] { get set }

    init(_ layer: Linear, precision: Precision, in arena: Arena)
}

/// The low-rank pairs of a linear layer in the forms that one kind of pass reads.
protocol PackedAdapter: Sendable {
    /// ΣR.
    var rank: Int { get }

    init(_ adapter: LinearAdapter, precision: Precision)
}

/// One block of BERT, packed for one kind of pass.
struct PackedBlock<Layer: PackedLayer>: Sendable {
    /// Query, key and value.
    private(set) var input: Layer
    /// Of attention.
    private(set) var output: Layer
    private(set) var attentionNormalization: LayerNormalization
    private(set) var intermediate: Layer
    /// Of the feed-forward part.
    private(set) var last: Layer
    private(set) var outputNormalization: LayerNormalization
    let activation: GELU

    init(_ block: BERTBlock, precision: Precision, in arena: Arena) {
        input = Layer(block.attention.input, precision: precision, in: arena)
        output = Layer(block.attention.output, precision: precision, in: arena)
        attentionNormalization = block.attentionNormalization
        intermediate = Layer(block.feedForward.intermediate, precision: precision, in: arena)
        last = Layer(block.feedForward.output, precision: precision, in: arena)
        outputNormalization = block.outputNormalization
        activation = block.feedForward.activation
    }

    /// The block with the biases of another of the same weights.
    func takingBiases(of block: BERTBlock) -> PackedBlock {
        var copy = self
        copy.input.bias = block.attention.input.bias
        copy.output.bias = block.attention.output.bias
        copy.attentionNormalization = block.attentionNormalization
        copy.intermediate.bias = block.feedForward.intermediate.bias
        copy.last.bias = block.feedForward.output.bias
        copy.outputNormalization = block.outputNormalization
        return copy
    }
}

/// An adapter's parts for the layers of a block.
struct PackedBlockAdapters<Adapter: PackedAdapter>: Sendable {
    let input: Adapter?
    let output: Adapter?
    let intermediate: Adapter?
    let last: Adapter?

    init(_ adapters: BERTBlock.Adapters, precision: Precision) {
        input = adapters.attention.input.map { Adapter($0, precision: precision) }
        output = adapters.attention.output.map { Adapter($0, precision: precision) }
        intermediate = adapters.feedForward.intermediate.map { Adapter($0, precision: precision) }
        last = adapters.feedForward.output.map { Adapter($0, precision: precision) }
    }

    var all: [Adapter] { [input, output, intermediate, last].compactMap(\.self) }
    var isEmpty: Bool { all.isEmpty }
    /// ΣR of each layer, 0 where it has no adapter.
    var ranks: [Int] { [input, output, intermediate, last].map { $0?.rank ?? 0 } }
}
