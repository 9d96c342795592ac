internal import LowRank
internal import VectorMath

extension TrainingPass {
    /// d hidden `[T, D]` → the gradients of the adapter, in the places of its layout (+=).
    func backward(_ dHidden: MatrixView<Float>, into sums: UnsafeMutablePointer<Float>) {
        dHidden.withUnsafePointer { gradient in
            for i in rows {
                (scratch.hidden + i * width).update(from: gradient + i * dHidden.stride, count: width)
            }
        }
        for i in stride(from: encoder.blocks.count - 1, through: adapter.lowest, by: -1) {
            backward(
                adapter.frozen[i], adapters: adapter.blocks[i], adapter.biases[i], kept.blocks[i],
                wantsInput: i > adapter.lowest || adapter.embeddingBias != nil, into: sums)
        }
        addHidden(to: adapter.embeddingBias, of: sums)
    }

    /// Adds the rows of the hidden states' gradient to that of a bias, where it trains.
    private func addHidden(to place: Int?, of sums: UnsafeMutablePointer<Float>) {
        guard let place else { return }
        for i in rows { RowKernels.add(scratch.hidden + i * width, to: sums + place, count: width) }
    }

    /// The gradient of what a block gives, in the scratch's hidden states, becomes that of what it reads.
    private func backward(
        _ block: PackedBlock<TrainingLinear>, adapters: PackedBlockAdapters<TrainingAdapter>,
        _ biases: BlockBiasPlaces, _ kept: TrainingActivations.Block, wantsInput: Bool,
        into sums: UnsafeMutablePointer<Float>
    ) {
        addHidden(to: biases.outputNormalization, of: sums)
        normalizeBackward(block.outputNormalization, kept.outputNormalization)
        addHidden(to: biases.last, of: sums)
        pack(rows, into: scratch.packed)
        forEachRowBlock { feedForwardBackward($0, block, adapters, biases, kept, into: sums) }
        guard wantsInput || adapters.input != nil || adapters.output != nil || biases.concernsAttention else { return }
        addHidden(to: biases.attentionNormalization, of: sums)
        normalizeBackward(block.attentionNormalization, kept.attentionNormalization)
        addHidden(to: biases.output, of: sums)
        pack(rows, into: scratch.packed)
        var tail = ProductTail(y: scratch.context.values, yStride: width)
        tail.isNarrow = isNarrow
        multiply(
            scratch.packed, rows, block.output, adapters.output, x: kept.context, kept.projections.output, tail,
            into: sums)
        attendBackward(kept)
        for (columns, start) in biases.input {
            for i in rows {
                RowKernels.add(
                    scratch.queryKeyValue.floats(i, scratch.row) + columns.lowerBound, to: sums + start,
                    count: columns.count)
            }
        }
        multiply(
            scratch.queryKeyValue, rows, block.input, adapters.input, x: kept.input, kept.projections.input,
            wantsInput ? residualTail(from: 0) : nil, into: sums)
    }

    /// Adds the gradient that goes through the feed-forward part of some rows to theirs.
    private func feedForwardBackward(
        _ part: Range<Int>, _ block: PackedBlock<TrainingLinear>, _ adapters: PackedBlockAdapters<TrainingAdapter>,
        _ biases: BlockBiasPlaces, _ kept: TrainingActivations.Block, into sums: UnsafeMutablePointer<Float>
    ) {
        if adapters.last != nil { activate(kept.wide, part, block.activation) }
        multiply(
            scratch.packed, part, block.last, adapters.last, x: scratch.activated, xRow: 0, kept.projections.last,
            ProductTail(y: scratch.wide, yStride: encoder.wideWidth), into: sums)
        let (count, x) = (part.count * encoder.wideWidth, kept.wide.row(part.lowerBound))
        let dx = scratch.wideGradient.values
        if isNarrow {
            RowKernels.geluBackward(
                scratch.wide, x: x.assumingMemoryBound(to: BFloat16.self), block.activation,
                into: dx.assumingMemoryBound(to: BFloat16.self), count: count)
        } else {
            RowKernels.geluBackward(
                scratch.wide, x: x.assumingMemoryBound(to: Float.self), block.activation,
                into: dx.assumingMemoryBound(to: Float.self), count: count)
        }
        if let start = biases.intermediate {
            for i in 0..<part.count {
                RowKernels.add(scratch.wideGradient.floats(i, scratch.row), to: sums + start, count: encoder.wideWidth)
            }
        }
        multiply(
            scratch.wideGradient, 0..<part.count, block.intermediate, adapters.intermediate, x: kept.middle,
            xRow: part.lowerBound, kept.projections.intermediate, residualTail(from: part.lowerBound), into: sums,
            as: part.lowerBound)
    }

    /// The way back through a linear layer: dx = tail(dy · W + low-rank term), and the gradients of its adapter.
    ///
    /// - Parameters:
    ///   - dy: Some rows; the first has the number `first` in the group, if it is not that in dy.
    ///   - x: What the layer read; the first row at `xRow`, if it is not that of the group.
    ///   - projection: x · Aᵀ of the group's rows.
    ///   - tail: Where dx goes; nil where nobody wants it.
    private func multiply(
        _ dy: ActivationRows, _ part: Range<Int>, _ layer: TrainingLinear, _ adapter: TrainingAdapter?,
        x: ActivationRows, xRow: Int? = nil, _ projection: UnsafeMutablePointer<Float>, _ tail: ProductTail?,
        into sums: UnsafeMutablePointer<Float>, as first: Int? = nil
    ) {
        let row = first ?? part.lowerBound
        var tail = tail
        if let adapter {
            let xRows = (xRow ?? row)..<(xRow ?? row) + part.count
            addGradients(
                dy, part, adapter, x: x, xRows, projection + row * adapter.rank, firstRow: row, into: sums)
            if tail != nil {
                if options.dropout > 0 {
                    addThroughDropout(adapter, rows: part.count, width: layer.inputs, firstRow: row, to: &tail!)
                } else {
                    tail!.lowRank = ProductTail.LowRank(
                        values: scratch.projection, stride: adapter.rank, weight: adapter.downBack)
                }
            }
        }
        if let tail {
            (adapter?.stretched ?? layer).back.multiply(dy.input(part), columns: 0..<layer.inputs, tail: tail)
        }
    }

    /// Adds dA and dBᵀ of a layer's pairs; leaves d projection in the scratch.
    private func addGradients(
        _ dy: ActivationRows, _ part: Range<Int>, _ adapter: TrainingAdapter, x: ActivationRows, _ xRows: Range<Int>,
        _ projection: UnsafeMutablePointer<Float>, firstRow: Int, into sums: UnsafeMutablePointer<Float>
    ) {
        func add(
            _ low: UnsafePointer<Float>, rank: Int, _ right: ProductInput, columns: Int, at place: Int
        ) {
            OuterSum(isNarrow: isNarrow, rank: rank, columns: columns).add(
                low, stride: adapter.rank, right.values, xStride: right.stride, rows: right.rows, into: sums + place,
                outStride: columns, scratch: scratch.kernels)
        }
        for entry in adapter.entries {
            let place = self.adapter.layout.place(of: entry.index)
            let gradient = dy.input(part, column: entry.columns.lowerBound)
            let tail = ProductTail(y: scratch.projection + entry.ranks.lowerBound, yStride: adapter.rank)
            entry.upBack.multiply(gradient, columns: 0..<entry.ranks.count, tail: tail)
            add(
                projection + entry.ranks.lowerBound, rank: entry.ranks.count, gradient, columns: place.outputs,
                at: place.b)
            if let (_, place) = place.stretch {
                addMagnitudeSums(dy, part, adapter, entry, x: x, xRows, projection, to: sums + place)
            }
            guard options.dropout > 0 else { continue }
            add(
                scratch.projection + entry.ranks.lowerBound, rank: entry.ranks.count,
                drop(x, xRows, entry, firstRow: firstRow), columns: place.inputs, at: place.a)
        }
        guard options.dropout == 0 else { return }
        let place = self.adapter.layout.place(of: adapter.entries[0].index)
        add(scratch.projection, rank: adapter.rank, x.input(xRows), columns: place.inputs, at: place.a)
    }

    /// Adds Σ dy ⊙ (y - b) of a module with magnitudes, whose y is computed again.
    private func addMagnitudeSums(
        _ dy: ActivationRows, _ part: Range<Int>, _ adapter: TrainingAdapter, _ entry: TrainingAdapter.Entry,
        x: ActivationRows, _ xRows: Range<Int>, _ projection: UnsafeMutablePointer<Float>,
        to sums: UnsafeMutablePointer<Float>
    ) {
        let (weight, count) = (adapter.stretched!.parts[entry.part].weight, entry.columns.count)
        for start in stride(from: 0, to: part.count, by: TrainingScratch.rowBlock) {
            let rows = start..<min(start + TrainingScratch.rowBlock, part.count)
            var tail = ProductTail(y: scratch.stretched, yStride: count)
            tail.lowRank = ProductTail.LowRank(
                values: projection + start * adapter.rank + entry.ranks.lowerBound, stride: adapter.rank,
                weight: entry.up)
            weight.multiply(
                x.input(xRows.lowerBound + rows.lowerBound..<xRows.lowerBound + rows.upperBound), columns: 0..<count,
                tail: tail)
            for i in rows {
                let y = scratch.stretched + (i - start) * count
                RowKernels.multiply(
                    dy.floats(part.lowerBound + i, scratch.row) + entry.columns.lowerBound, into: y, count: count)
                RowKernels.add(y, to: sums, count: count)
            }
        }
    }

    /// Puts dropout(d projection · A) of every pair, with the masks of the way there, in front of what a tail adds to.
    private func addThroughDropout(
        _ adapter: TrainingAdapter, rows: Int, width: Int, firstRow: Int, to tail: inout ProductTail
    ) {
        let sum = scratch.droppedGradient
        for i in 0..<rows {
            if let residual = tail.residual {
                (sum + i * width).update(from: residual + i * tail.residualStride, count: width)
            } else {
                (sum + i * width).update(repeating: 0, count: width)
            }
        }
        for entry in adapter.entries {
            guard let mask = Dropout(options, stream: entry.stream) else { continue }
            for i in 0..<rows {
                let low = ProductInput(
                    values: scratch.projection + i * adapter.rank + entry.ranks.lowerBound, stride: adapter.rank,
                    rows: 1)
                entry.downBack.multiply(
                    low, columns: 0..<width, tail: ProductTail(y: scratch.second, yStride: width))
                mask.apply(to: scratch.second, count: width, row: firstToken + firstRow + i)
                RowKernels.add(scratch.second, to: sum + i * width, count: width)
            }
        }
        tail.residual = UnsafePointer(sum)
        tail.residualStride = width
    }

    /// d context → d query, key and value of every text and head.
    private func attendBackward(_ kept: TrainingActivations.Block) {
        let size = width / encoder.heads
        for text in 0..<batch.count {
            let range = batch.range(of: text)
            let kernel = AttentionGradientKernel(
                isNarrow: isNarrow, count: range.count, width: size, scale: 1 / Float(size).squareRoot(),
                stride: 3 * width, outGradientStride: width, gradientStride: 3 * width)
            for head in 0..<encoder.heads {
                func part(_ rows: ActivationRows, _ number: Int) -> UnsafeMutableRawPointer {
                    rows.row(range.lowerBound, column: number * width + head * size)
                }
                kernel.run(
                    query: part(kept.queryKeyValue, 0), key: part(kept.queryKeyValue, 1),
                    value: part(kept.queryKeyValue, 2), outGradient: part(scratch.context, 0),
                    queryGradient: part(scratch.queryKeyValue, 0), keyGradient: part(scratch.queryKeyValue, 1),
                    valueGradient: part(scratch.queryKeyValue, 2), scratch: scratch.kernels)
            }
        }
    }

    /// The gradient of a normalisation's input, in place.
    private func normalizeBackward(_ layer: LayerNormalization, _ kept: TrainingActivations.Normalization) {
        for i in rows {
            let row = scratch.hidden + i * width
            RowKernels.layerNormBackward(
                row, x: kept.input.floats(i, scratch.row), gain: layer.gain, mean: kept.means[i],
                reciprocalDeviation: kept.reciprocalDeviations[i], count: width, into: row)
        }
    }
}
