internal import LowRank
internal import ModelFiles
package import VectorMath

/// BERT for inference: weights packed in one precision, every row finished while it is in the cache.
///
/// A group of texts goes through all layers on one thread, or one short text on all threads: a group's result has the same bits
/// either way, and a text's result is the same in any group.
package final class InferenceEncoder: Sendable {
    /// An adapter with its matrices in the forms that this encoder reads.
    package struct BoundAdapter: Sendable {
        let blocks: [PackedBlockAdapters<InferenceAdapter>]
        var rank: Int { blocks.flatMap(\.ranks).max() ?? 0 }
    }

    package let precision: Precision
    let width: Int
    let heads: Int
    let embeddings: EmbeddingLayer
    let blocks: [PackedBlock<InferenceLinear>]
    /// Whether queries, keys and values are in bfloat16: where attention's products then run on it.
    let hasNarrowAttention: Bool

    /// Packs the weights of an encoder, all into one run of memory on huge pages.
    ///
    /// - Parameter packed: Called when the weights of a block have been read.
    package init(_ encoder: BERTEncoder, precision: Precision, packed: () -> Void) {
        self.precision = precision
        width = encoder.width
        heads = encoder.configuration.heads
        embeddings = encoder.embeddings
        hasNarrowAttention = precision != .f32 && Precision.bf16.isNative && (width / heads) % 2 == 0
        let arena = Arena(
            byteCount: encoder.blocks.flatMap(\.linears).reduce(0) { $0 + $1.packedByteCount(precision) })
        blocks = encoder.blocks.map {
            defer { packed() }
            return PackedBlock($0, precision: precision, in: arena)
        }
    }

    private init(_ other: InferenceEncoder, biasesOf encoder: BERTEncoder) {
        (precision, width, heads) = (other.precision, other.width, other.heads)
        hasNarrowAttention = other.hasNarrowAttention
        embeddings = encoder.embeddings
        blocks = zip(other.blocks, encoder.blocks).map { $0.takingBiases(of: $1) }
    }

    /// The encoder with the biases of another of the same weights. The packed weights are shared.
    func takingBiases(of encoder: BERTEncoder) -> InferenceEncoder { InferenceEncoder(self, biasesOf: encoder) }

    /// Prepares an adapter that the encoder's model accepts.
    package func bind(_ adapter: BERTEncoder.BoundAdapter?) -> BoundAdapter? {
        adapter.map {
            BoundAdapter(blocks: $0.blocks.map { PackedBlockAdapters($0, precision: precision) })
        }
    }

    /// Token ids `[T]` of checked texts → the last hidden states `[T, D]`, lent to `body`.
    ///
    /// - Parameter runs: The adapters of the batch's rows.
    func withHiddenStates<Result>(
        _ batch: TokenBatch, runs: [AdapterRun], _ body: (MatrixView<Float>) -> Result
    ) -> Result {
        let pass = InferencePass(self, batch: batch, runs: runs)
        pass.run()
        defer { withExtendedLifetime(pass) {} }
        return body(pass.hiddenStates)
    }

    /// The last hidden states `[T, D]` of checked texts.
    package func hiddenStates(_ batch: TokenBatch, adapter: BoundAdapter?) -> Matrix<Float> {
        let all = AdapterRun(rows: 0..<batch.tokenCount, adapter: adapter)
        return withHiddenStates(batch, runs: [all]) { Matrix(copying: $0) }
    }
}
