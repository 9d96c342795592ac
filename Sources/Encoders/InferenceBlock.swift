internal import LowRank
internal import VectorMath

/// One block of BERT for inference.
struct InferenceBlock: Sendable {
    /// An adapter's parts for the block's layers.
    struct Adapters: Sendable {
        let input: InferenceAdapter?
        let output: InferenceAdapter?
        let intermediate: InferenceAdapter?
        let last: InferenceAdapter?

        init(_ adapters: BERTBlock.Adapters, precision: Precision) {
            input = adapters.attention.input.map { InferenceAdapter($0, precision: precision) }
            output = adapters.attention.output.map { InferenceAdapter($0, precision: precision) }
            intermediate = adapters.feedForward.intermediate.map { InferenceAdapter($0, precision: precision) }
            last = adapters.feedForward.output.map { InferenceAdapter($0, precision: precision) }
        }

        /// The largest ΣR of a layer.
        var rank: Int { [input, output, intermediate, last].reduce(0) { max($0, $1?.rank ?? 0) } }
    }

    /// Query, key and value.
    let input: InferenceLinear
    /// Of attention.
    let output: InferenceLinear
    let attentionNormalization: LayerNormalization
    let intermediate: InferenceLinear
    /// Of the feed-forward part.
    let last: InferenceLinear
    let outputNormalization: LayerNormalization
    let activation: GELU

    init(_ block: BERTBlock, precision: Precision, in arena: Arena) {
        input = InferenceLinear(block.attention.input, precision: precision, in: arena)
        output = InferenceLinear(block.attention.output, precision: precision, in: arena)
        attentionNormalization = block.attentionNormalization
        intermediate = InferenceLinear(block.feedForward.intermediate, precision: precision, in: arena)
        last = InferenceLinear(block.feedForward.output, precision: precision, in: arena)
        outputNormalization = block.outputNormalization
        activation = block.feedForward.activation
    }
}
