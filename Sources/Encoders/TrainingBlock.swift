internal import LowRank
internal import VectorMath

/// One block of BERT for training an adapter.
struct TrainingBlock: Sendable {
    /// An adapter's parts for the block's layers.
    struct Adapters: Sendable {
        let input: TrainingAdapter?
        let output: TrainingAdapter?
        let intermediate: TrainingAdapter?
        let last: TrainingAdapter?

        init(_ adapters: BERTBlock.Adapters, precision: Precision) {
            input = adapters.attention.input.map { TrainingAdapter($0, precision: precision) }
            output = adapters.attention.output.map { TrainingAdapter($0, precision: precision) }
            intermediate = adapters.feedForward.intermediate.map { TrainingAdapter($0, precision: precision) }
            last = adapters.feedForward.output.map { TrainingAdapter($0, precision: precision) }
        }

        var all: [TrainingAdapter] { [input, output, intermediate, last].compactMap(\.self) }
        var isEmpty: Bool { all.isEmpty }
        /// ΣR of each layer, 0 where it has no adapter.
        var ranks: [Int] { [input, output, intermediate, last].map { $0?.rank ?? 0 } }
    }

    /// Query, key and value.
    let input: TrainingLinear
    /// Of attention.
    let output: TrainingLinear
    let attentionNormalization: LayerNormalization
    let intermediate: TrainingLinear
    /// Of the feed-forward part.
    let last: TrainingLinear
    let outputNormalization: LayerNormalization
    let activation: GELU

    init(_ block: BERTBlock, precision: Precision, in arena: Arena) {
        input = TrainingLinear(block.attention.input, precision: precision, in: arena)
        output = TrainingLinear(block.attention.output, precision: precision, in: arena)
        attentionNormalization = block.attentionNormalization
        intermediate = TrainingLinear(block.feedForward.intermediate, precision: precision, in: arena)
        last = TrainingLinear(block.feedForward.output, precision: precision, in: arena)
        outputNormalization = block.outputNormalization
        activation = block.feedForward.activation
    }
}
