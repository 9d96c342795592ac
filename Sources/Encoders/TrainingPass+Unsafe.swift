internal import LowRank
internal import VectorMath

/// One group of texts on its way through the layers in training, on the calling thread; the way back is in an extension.
struct TrainingPass {
    let encoder: TrainingEncoder
    let batch: TokenBatch
    /// The group's first token's number in its batch: dropout counts rows from there.
    let firstToken: Int
    let adapter: TrainingEncoder.BoundAdapter
    let options: TrainingOptions
    let kept: TrainingActivations
    let scratch: TrainingScratch

    init(
        _ encoder: TrainingEncoder, batch: TokenBatch, firstToken: Int, adapter: TrainingEncoder.BoundAdapter,
        options: TrainingOptions, kept: TrainingActivations
    ) {
        self.encoder = encoder
        self.batch = batch
        self.firstToken = firstToken
        self.adapter = adapter
        self.options = options
        self.kept = kept
        scratch = TrainingScratch(
            encoder, rows: batch.tokenCount, longest: batch.longest, rank: adapter.rank, drops: options.dropout > 0,
            stretches: adapter.stretches)
    }

    var rows: Range<Int> { 0..<batch.tokenCount }
    var width: Int { encoder.width }
    var isNarrow: Bool { encoder.precision == .bf16 }

    /// The last hidden states, valid as long as the pass.
    var hiddenStates: MatrixView<Float> {
        MatrixView(
            unsafeBase: UnsafePointer(scratch.hidden), rows: batch.tokenCount, columns: width, stride: width,
            owner: scratch)
    }

    /// Through all blocks, or those from the adapter's lowest on where what that one reads is there, `[T, D]`.
    func forward(from below: MatrixView<Float>? = nil) {
        if let below {
            below.withUnsafePointer { base in
                for i in rows { (scratch.hidden + i * width).update(from: base + i * below.stride, count: width) }
            }
        } else {
            embed()
        }
        forward(through: (below == nil ? 0 : adapter.lowest)..<encoder.blocks.count)
    }

    /// Through the blocks below the adapter's lowest.
    func forwardBelow() {
        embed()
        forward(through: 0..<adapter.lowest)
    }

    private func forward(through blocks: Range<Int>) {
        for i in blocks {
            pack(rows, into: kept.blocks[i].input)
            forward(adapter.frozen[i], adapters: adapter.blocks[i], kept.blocks[i])
        }
    }

    private func forward(
        _ block: PackedBlock<TrainingLinear>, adapters: PackedBlockAdapters<TrainingAdapter>,
        _ kept: TrainingActivations.Block
    ) {
        var tail = ProductTail(y: kept.queryKeyValue.values, yStride: kept.queryKeyValue.width)
        tail.isNarrow = isNarrow
        multiply(kept.input, rows, block.input, adapters.input, kept.projections.input, tail)
        attend(kept)
        multiply(kept.context, rows, block.output, adapters.output, kept.projections.output, residualTail(from: 0))
        normalize(rows, block.attentionNormalization, kept.attentionNormalization)
        pack(rows, into: kept.middle)
        forEachRowBlock { part in
            var tail = ProductTail(y: kept.wide.row(part.lowerBound), yStride: kept.wide.width)
            tail.isNarrow = isNarrow
            multiply(kept.middle, part, block.intermediate, adapters.intermediate, kept.projections.intermediate, tail)
            activate(kept.wide, part, block.activation)
            multiply(
                scratch.activated, 0..<part.count, block.last, adapters.last, kept.projections.last,
                residualTail(from: part.lowerBound), as: part.lowerBound)
        }
        normalize(rows, block.outputNormalization, kept.outputNormalization)
    }

    /// Blocks of rows whose wide values stay in the level-2 cache.
    func forEachRowBlock(_ body: (Range<Int>) -> Void) {
        for start in stride(from: 0, to: rows.count, by: TrainingScratch.rowBlock) {
            body(start..<min(start + TrainingScratch.rowBlock, rows.count))
        }
    }

    /// Adds to the hidden states in place.
    func residualTail(from row: Int) -> ProductTail {
        var tail = ProductTail(y: scratch.hidden + row * width, yStride: width)
        tail.residual = UnsafePointer(scratch.hidden + row * width)
        tail.residualStride = width
        return tail
    }

    /// y = x · Wᵀ + b + low-rank term, for some rows of x; the first of them goes to the tail's first.
    ///
    /// - Parameters:
    ///   - projection: Takes x · Aᵀ, in the rows of x.
    ///   - first: The first row's number in the group, if it is not that in x.
    private func multiply(
        _ x: ActivationRows, _ part: Range<Int>, _ layer: TrainingLinear, _ adapter: TrainingAdapter?,
        _ projection: UnsafeMutablePointer<Float>, _ tail: ProductTail, as first: Int? = nil
    ) {
        let row = first ?? part.lowerBound
        if let adapter {
            project(x, part, adapter, into: projection + row * adapter.rank, firstRow: row)
        }
        let input = x.input(part)
        let layer = adapter?.stretched ?? layer
        layer.bias.withUnsafeBufferPointer { bias in
            for (number, module) in layer.parts.enumerated() {
                var tail = tail
                tail.y += module.start * (tail.isNarrow ? 2 : 4)
                tail.residual = tail.residual.map { $0 + module.start }
                tail.bias = bias.baseAddress! + module.start
                if let adapter, let entry = adapter.entry(ofPart: number) {
                    tail.lowRank = ProductTail.LowRank(
                        values: projection + row * adapter.rank + entry.ranks.lowerBound, stride: adapter.rank,
                        weight: entry.up)
                }
                module.weight.multiply(input, columns: 0..<module.weight.outputs, tail: tail)
            }
        }
    }

    /// dropout(x) · Aᵀ of all entries, `[T, ΣR]`.
    private func project(
        _ x: ActivationRows, _ part: Range<Int>, _ adapter: TrainingAdapter,
        into projection: UnsafeMutablePointer<Float>,
        firstRow: Int
    ) {
        guard options.dropout > 0 else {
            let tail = ProductTail(y: projection, yStride: adapter.rank)
            return adapter.down.multiply(x.input(part), columns: 0..<adapter.rank, tail: tail)
        }
        for entry in adapter.entries {
            let tail = ProductTail(y: projection + entry.ranks.lowerBound, yStride: adapter.rank)
            let dropped = drop(x, part, entry, firstRow: firstRow)
            entry.down.multiply(dropped, columns: 0..<entry.ranks.count, tail: tail)
        }
    }

    /// What dropout leaves of some rows, in the scratch; the first has a number in the group.
    func drop(_ x: ActivationRows, _ part: Range<Int>, _ entry: TrainingAdapter.Entry, firstRow: Int) -> ProductInput {
        guard let mask = Dropout(options, stream: entry.stream) else { return x.input(part) }
        let dropped = ActivationRows(at: scratch.dropped, width: x.width, precision: x.precision)
        for (i, row) in part.enumerated() {
            let floats = x.floats(row, scratch.row)
            if floats != UnsafePointer(scratch.row) { scratch.row.update(from: floats, count: x.width) }
            mask.apply(to: scratch.row, count: x.width, row: firstToken + firstRow + i)
            dropped.pack(scratch.row, as: i)
        }
        return dropped.input(0..<part.count)
    }

    /// GELU of some rows, into the scratch.
    func activate(_ wide: ActivationRows, _ part: Range<Int>, _ form: GELU) {
        let count = part.count * wide.width
        let (x, y) = (wide.row(part.lowerBound), scratch.activated.values)
        if isNarrow {
            RowKernels.gelu(
                x.assumingMemoryBound(to: BFloat16.self), form, into: y.assumingMemoryBound(to: BFloat16.self),
                count: count)
        } else {
            RowKernels.gelu(
                x.assumingMemoryBound(to: Float.self), form, into: y.assumingMemoryBound(to: Float.self), count: count)
        }
    }

    /// softmax(Q · Kᵀ / √(D / H)) · V of every text and head.
    private func attend(_ kept: TrainingActivations.Block) {
        let size = width / encoder.heads
        for text in 0..<batch.count {
            let range = batch.range(of: text)
            for head in 0..<encoder.heads {
                let column = head * size
                AttentionKernel(
                    query: kept.queryKeyValue.row(range.lowerBound, column: column),
                    key: kept.queryKeyValue.row(range.lowerBound, column: width + column),
                    value: kept.queryKeyValue.row(range.lowerBound, column: 2 * width + column),
                    stride: 3 * width, isNarrow: isNarrow, count: range.count, width: size,
                    scale: 1 / Float(size).squareRoot(), out: kept.context.row(range.lowerBound, column: column),
                    outStride: width, isOutputNarrow: isNarrow
                ).run(scratch: scratch.kernels)
            }
        }
    }

    /// The rows of words, positions and token types, summed and normalised.
    private func embed() {
        let layer = adapter.embeddings
        for text in 0..<batch.count { layer.sum(text, of: batch, into: scratch.hidden) }
        normalize(rows, layer.normalization, nil)
    }

    /// Normalises hidden states in place.
    private func normalize(
        _ part: Range<Int>, _ layer: LayerNormalization, _ kept: TrainingActivations.Normalization?
    ) {
        var (mean, deviation): (Float, Float) = (0, 0)
        for i in part {
            let row = scratch.hidden + i * width
            kept?.input.pack(row, as: i)
            RowKernels.layerNorm(
                row, gain: layer.gain, bias: layer.bias, count: width, epsilon: layer.epsilon, into: row, mean: &mean,
                reciprocalDeviation: &deviation)
            kept?.means[i] = mean
            kept?.reciprocalDeviations[i] = deviation
        }
    }

    /// Writes hidden states, or their gradient, as products read them.
    func pack(_ part: Range<Int>, into target: ActivationRows) {
        for i in part { target.pack(scratch.hidden + i * width, as: i) }
    }
}
