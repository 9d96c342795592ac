package import LowRank
internal import VectorMath

/// The adapted modules of one `Linear`: which columns of its output each changes, and the matrices of all side by side.
package struct LinearAdapter: Sendable {
    /// One adapted module.
    struct Entry: Sendable {
        /// The position in the adapter, and in its gradients.
        let index: Int
        /// The module's position in the layer.
        let module: Int
        /// The module's columns of y.
        let columns: Range<Int>
        /// Its columns of the projection `[T, ΣR]`.
        let ranks: Range<Int>
        let pair: LowRankPair
        /// What magnitudes do to the module; nil without them.
        let stretch: RowStretch?
        /// scaling · B, stretched, `[out, R]`.
        let scaledB: Matrix<Float>
        /// scaling · Bᵀ, from the projection to the module's columns.
        let up: PackedMatrix
        /// A number of the module's name, so that each module drops other values.
        let stream: UInt64
    }

    let entries: [Entry]
    /// A of all entries, one below the other, `[ΣR, in]`.
    let stackedA: Matrix<Float>
    /// Aᵀ of all entries side by side, from x to the projection.
    private let down: PackedMatrix
    /// The layer with the rows of its weights stretched; nil where no module has magnitudes.
    let stretched: Linear?

    /// The part of an adapter that concerns a layer; nil when it has none.
    package init?(_ adapter: LowRankAdapter, for layer: Linear) {
        var entries: [Entry] = []
        var rank = 0
        var stretchedWeights: [String: Matrix<Float>] = [:]
        for (position, module) in layer.modules.enumerated() {
            guard let index = adapter.index(of: module.name) else { continue }
            let pair = adapter.pairs[index]
            var scaledB = pair.b
            scale(&scaledB, by: pair.scaling)
            let stretch = RowStretch(pair, over: module.weight)
            if let stretch {
                scaleRows(of: &scaledB, by: stretch.gains)
                var weight = Matrix(copying: module.weight)
                scaleRows(of: &weight, by: stretch.gains)
                stretchedWeights[module.name] = weight
            }
            entries.append(
                Entry(
                    index: index, module: position, columns: module.columns, ranks: rank..<rank + pair.rank,
                    pair: pair, stretch: stretch, scaledB: scaledB, up: PackedMatrix(scaledB.view),
                    stream: Dropout.stream(of: module.name)))
            rank += pair.rank
        }
        guard !entries.isEmpty else { return nil }
        self.entries = entries
        stretched = stretchedWeights.isEmpty ? nil : layer.replacing(stretchedWeights)
        if entries.count == 1 {
            stackedA = entries[0].pair.a
        } else {
            var stacked = Matrix<Float>(uninitializedRows: rank, columns: layer.inputWidth)
            for entry in entries {
                for (i, row) in entry.ranks.enumerated() { stacked.setRow(row, to: entry.pair.a.row(i)) }
            }
            stackedA = stacked
        }
        down = PackedMatrix(stackedA.view)
    }

    /// ΣR.
    var rank: Int { stackedA.rows }

    func drops(_ options: TrainingOptions?) -> Bool { (options?.dropout ?? 0) > 0 }

    /// dropout(x) · Aᵀ of all entries, `[T, ΣR]`.
    func project(_ x: MatrixView<Float>, options: TrainingOptions?) -> Matrix<Float> {
        var projection = Matrix<Float>(uninitializedRows: x.rows, columns: rank)
        if let options, drops(options) {
            for entry in entries {
                let dropped = Dropout.apply(options, stream: entry.stream, to: x)
                BlockedProduct.rows(
                    dropped.view, PackedMatrix(entry.pair.a.view), into: &projection, columns: entry.ranks)
            }
        } else {
            BlockedProduct.rows(x, down, into: &projection, columns: 0..<rank)
        }
        return projection
    }

    /// What the forward pass adds to y: scaling · projection · Bᵀ, an entry each.
    func outputUpdates(projection: Matrix<Float>) -> [BlockedProduct.Update] {
        entries.map {
            BlockedProduct.Update(
                part: $0.module, left: projection.view.columns($0.ranks), weight: $0.up)
        }
    }

    /// What the backward pass adds to dx without dropout: dProjection · A, all entries at once.
    func inputUpdates(dProjection: Matrix<Float>) -> [BlockedProduct.Update] {
        [
            BlockedProduct.Update(
                part: 0, left: dProjection.view, weight: PackedMatrix(transposing: stackedA.view))
        ]
    }

    /// Adds dA and dB to the gradients and returns d projection `[T, ΣR]`.
    func backward(
        _ dy: MatrixView<Float>, input: MatrixView<Float>, projection: Matrix<Float>, options: TrainingOptions?,
        gradients: inout AdapterGradients?
    ) -> Matrix<Float> {
        var dProjection = Matrix<Float>(uninitializedRows: dy.rows, columns: rank)
        for entry in entries {
            BlockedProduct.rows(
                dy.columns(entry.columns), PackedMatrix(transposing: entry.scaledB.view), into: &dProjection,
                columns: entry.ranks)
        }
        guard gradients != nil else { return dProjection }
        for entry in entries {
            guard let stretch = entry.stretch else {
                multiply(
                    dy.columns(entry.columns), transposingFirst: true, projection.view.columns(entry.ranks),
                    into: &gradients!.pairs[entry.index].b, alpha: entry.pair.scaling, beta: 1)
                continue
            }
            addStretched(
                dy.columns(entry.columns), input: input, projection: projection.view.columns(entry.ranks), entry,
                stretch, to: &gradients!.pairs[entry.index])
        }
        if let options, drops(options) {
            for entry in entries {
                let dropped = Dropout.apply(options, stream: entry.stream, to: input)
                multiply(
                    dProjection.view.columns(entry.ranks), transposingFirst: true, dropped.view,
                    into: &gradients!.pairs[entry.index].a, beta: 1)
            }
        } else {
            var dA = Matrix<Float>(rows: rank, columns: input.columns)
            multiply(dProjection.view, transposingFirst: true, input, into: &dA)
            for entry in entries { add(dA[rows: entry.ranks], to: &gradients!.pairs[entry.index].a) }
        }
        return dProjection
    }

    /// Adds dB and dm of a module with magnitudes.
    private func addStretched(
        _ dy: MatrixView<Float>, input: MatrixView<Float>, projection: MatrixView<Float>, _ entry: Entry,
        _ stretch: RowStretch, to gradient: inout AdapterGradients.Pair
    ) {
        var dB = Matrix<Float>(rows: dy.columns, columns: projection.columns)
        multiply(dy, transposingFirst: true, projection, into: &dB)
        var dWeight = Matrix<Float>(rows: dy.columns, columns: input.columns)
        multiply(dy, transposingFirst: true, input, into: &dWeight)
        let base = rowDots(dWeight.view, stretched!.modules[entry.module].weight)
        let sums = zip(base, rowDots(dB.view, entry.scaledB.view)).map { $0 + $1 }
        gradient.addMagnitude(stretch.magnitudeGradient(sums))
        scaleRows(of: &dB, by: stretch.gains)
        add(dB.view, to: &gradient.b, scale: entry.pair.scaling)
    }

    /// Adds dropout(dProjection · A) to dx, an entry each: the mask of the forward pass drops the same gradients.
    func addDroppedInput(_ dProjection: Matrix<Float>, options: TrainingOptions, to dx: inout Matrix<Float>) {
        for entry in entries {
            var part = Matrix<Float>(uninitializedRows: dx.rows, columns: dx.columns)
            BlockedProduct.rows(
                dProjection.view.columns(entry.ranks), PackedMatrix(transposing: entry.pair.a.view), into: &part,
                columns: 0..<dx.columns)
            add(Dropout.apply(options, stream: entry.stream, to: part.view).view, to: &dx)
        }
    }
}
