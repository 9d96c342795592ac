internal import VectorMath

/// One group of texts on its way through the layers.
///
/// Written with ``parallelFor(_:grain:_:)`` throughout: inside a task of a larger loop its steps run one after the other on that
/// thread, alone they share out over all threads.
final class InferencePass {
    private let encoder: InferenceEncoder
    private let batch: TokenBatch
    private let runs: [AdapterRun]
    /// Columns of the workspace's projection.
    private let rank: Int
    private let space: InferenceWorkspace

    /// Rows that go through the feed-forward layers together: their wide activations stay in the level-2 cache.
    static let rowBlock = 96

    /// - Parameter runs: All rows of the batch, in order.
    init(_ encoder: InferenceEncoder, batch: TokenBatch, runs: [AdapterRun]) {
        precondition(
            runs.reduce(0) { $0 == $1.rows.lowerBound ? $1.rows.upperBound : -1 } == batch.tokenCount,
            "runs that are not the batch's rows, one after the other")
        self.encoder = encoder
        self.batch = batch
        self.runs = runs
        rank = runs.map { $0.adapter?.rank ?? 0 }.max() ?? 0
        space = InferenceWorkspace(encoder, rows: batch.tokenCount, rank: rank)
    }

    /// The hidden states, valid as long as the pass.
    var hiddenStates: MatrixView<Float> {
        MatrixView(
            unsafeBase: UnsafePointer(space.hidden), rows: batch.tokenCount, columns: encoder.width,
            stride: encoder.width, owner: self)
    }

    func run() {
        embed()
        for (i, block) in encoder.blocks.enumerated() { run(block, i) }
    }

    private var rows: Range<Int> { 0..<batch.tokenCount }
    private var width: Int { encoder.width }

    private func run(_ block: PackedBlock<InferenceLinear>, _ number: Int) {
        func stretches(_ layer: KeyPath<PackedBlockAdapters<InferenceAdapter>, InferenceAdapter?>) -> [LayerStretch] {
            LayerStretch.stretches(of: runs, block: number, layer)
        }
        let (intermediate, last) = (stretches(\.intermediate), stretches(\.last))
        var tail = ProductTail(y: space.queryKeyValue, yStride: 3 * width)
        tail.isNarrow = encoder.hasNarrowAttention
        multiply(space.input, rows, block.input, stretches(\.input), tail: tail)
        attend()
        multiply(space.context, rows, block.output, stretches(\.output), tail: residualTail())
        normalize(rows, block.attentionNormalization)
        for start in stride(from: 0, to: rows.count, by: Self.rowBlock) {
            let part = start..<min(start + Self.rowBlock, rows.count)
            feedForward(part, block, intermediate, last)
            normalize(part, block.outputNormalization)
        }
    }

    /// GELU(x · W₁ + b₁) · W₂ + b₂ + x, for some rows.
    private func feedForward(
        _ part: Range<Int>, _ block: PackedBlock<InferenceLinear>, _ intermediate: [LayerStretch],
        _ last: [LayerStretch]
    ) {
        var tail = ProductTail(y: space.wide.target, yStride: space.wide.stride)
        tail.isNarrow = encoder.precision == .bf16
        tail.activation = block.activation
        tail.isActivationShort = encoder.precision != .f32
        multiply(space.input, part, block.intermediate, intermediate, tail: tail, into: 0)
        space.wide.pack(0..<part.count)
        multiply(space.wide, part, from: 0, block.last, last, tail: residualTail())
    }

    /// Adds to the hidden states in place.
    private func residualTail() -> ProductTail {
        var tail = ProductTail(y: space.hidden, yStride: width)
        tail.residual = UnsafePointer(space.hidden)
        tail.residualStride = width
        return tail
    }

    /// y = tail(x · Wᵀ + low-rank term) for some rows of the batch.
    ///
    /// A piece of the weights is read from memory once, for the first stretch, and is in a cache for the others.
    ///
    /// - Parameters:
    ///   - source: Where x has the first of the rows, if not at its place in the batch.
    ///   - target: Where y takes it.
    private func multiply(
        _ x: PackedRows, _ part: Range<Int>, from source: Int? = nil, _ layer: InferenceLinear,
        _ stretches: [LayerStretch], tail: ProductTail, into target: Int? = nil
    ) {
        let (source, target) = (source ?? part.lowerBound, target ?? part.lowerBound)
        let inputs = stretches.compactMap {
            stretch -> (input: ProductInput, offset: Int, adapter: InferenceAdapter?)? in
            let rows = stretch.rows.clamped(to: part)
            guard !rows.isEmpty else { return nil }
            let offset = rows.lowerBound - part.lowerBound
            let input = x.input(source + offset..<source + offset + rows.count)
            if let adapter = stretch.adapter { project(input, adapter, from: offset) }
            return (input, offset, stretch.adapter)
        }
        let size = tail.isNarrow ? 2 : 4
        layer.bias.withUnsafeBufferPointer { bias in
            let bias = bias.baseAddress!
            parallelFor(layer.pieces.count) { tasks in
                for task in tasks {
                    let piece = layer.pieces[task]
                    let module = layer.parts[piece.part]
                    for (input, offset, adapter) in inputs {
                        let row = target + offset
                        var tail = tail
                        tail.y += (row * tail.yStride + module.start) * size
                        tail.residual = tail.residual.map { $0 + row * tail.residualStride + module.start }
                        tail.bias = bias + module.start
                        tail.lowRank = adapter?.entries[piece.part].map { lowRank($0, from: offset) }
                        module.weight.multiply(input, columns: piece.columns, tail: tail)
                    }
                }
            }
        }
    }

    /// x · Aᵀ of an adapter's modules, into the workspace's rows from `row` on.
    private func project(_ input: ProductInput, _ adapter: InferenceAdapter, from row: Int) {
        let tail = ProductTail(y: space.projection + row * rank, yStride: rank)
        adapter.down.multiply(input, columns: 0..<adapter.rank, tail: tail)
    }

    private func lowRank(_ entry: InferenceAdapter.Entry, from row: Int) -> ProductTail.LowRank {
        ProductTail.LowRank(values: space.projection + row * rank + entry.start, stride: rank, weight: entry.up)
    }

    /// softmax(Q · Kᵀ / √(D / H)) · V of every text and head.
    private func attend() {
        let (heads, size, isNarrow) = (encoder.heads, width / encoder.heads, encoder.hasNarrowAttention)
        let bytes = isNarrow ? 2 : 4
        let base = UnsafeRawPointer(space.queryKeyValue)
        let isOutputNarrow = encoder.precision == .bf16
        let out = space.context.target
        let scratch = AttentionKernel.scratchByteCount(count: batch.longest, width: size)
        // A text's heads share the scratch, but where there is one text alone.
        parallelFor(batch.count * heads, grain: batch.count > 1 ? heads : 1) { pairs in
            withUnsafeTemporaryAllocation(byteCount: scratch, alignment: 64) { buffer in
                for pair in pairs {
                    let (range, head) = (batch.range(of: pair / heads), pair % heads)
                    let query = base + (range.lowerBound * 3 * width + head * size) * bytes
                    AttentionKernel(
                        query: query, key: query + width * bytes, value: query + 2 * width * bytes,
                        stride: 3 * width, isNarrow: isNarrow, count: range.count, width: size,
                        scale: 1 / Float(size).squareRoot(),
                        out: out + (range.lowerBound * space.context.stride + head * size) * (isOutputNarrow ? 2 : 4),
                        outStride: space.context.stride, isOutputNarrow: isOutputNarrow
                    ).run(scratch: buffer.baseAddress!)
                }
            }
        }
        space.context.pack(rows)
    }

    /// The rows of words, positions and token types, summed and normalised.
    private func embed() {
        let layer = encoder.embeddings
        parallelFor(batch.count, grain: 4) { texts in
            for text in texts { layer.sum(text, of: batch, into: space.hidden) }
        }
        normalize(rows, layer.normalization)
    }

    /// Normalises hidden states in place, and packs them for the next product.
    private func normalize(_ part: Range<Int>, _ layer: LayerNormalization) {
        layer.gain.withUnsafeBufferPointer { gain in
            layer.bias.withUnsafeBufferPointer { bias in
                let (gain, bias) = (gain.baseAddress!, bias.baseAddress!)
                parallelFor(part.count, grain: 16) { range in
                    for i in range {
                        let row = space.hidden + (part.lowerBound + i) * width
                        RowKernels.layerNorm(
                            row, gain: gain, bias: bias, count: width, epsilon: layer.epsilon, into: row)
                        space.input.pack(row, as: part.lowerBound + i)
                    }
                }
            }
        }
    }
}
