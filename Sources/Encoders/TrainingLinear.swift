internal import LowRank
internal import VectorMath

/// A linear layer for training an adapter: its frozen weights in one precision, packed for both directions.
struct TrainingLinear: PackedLayer {
    let parts: [BlockedProduct.Part]
    /// b of all parts, `[out]`.
    var bias: [Float]
    /// From d y to d x.
    let back: PackedMatrix

    init(_ layer: Linear, precision: Precision, in arena: Arena) {
        parts = layer.parts(precision: precision, in: arena)
        bias = layer.bias
        back = layer.transposed(precision: precision, in: arena)
    }

    var inputs: Int { back.outputs }
    var outputs: Int { bias.count }
}

/// The low-rank pairs of a linear layer, in the forms that both directions read.
struct TrainingAdapter: PackedAdapter {
    /// One adapted module.
    struct Entry: Sendable {
        /// The position in the adapter, and in its gradients.
        let index: Int
        /// The module's part of the layer.
        let part: Int
        /// The module's columns of y.
        let columns: Range<Int>
        /// Its columns of the projection `[T, ΣR]`.
        let ranks: Range<Int>
        let scaling: Float
        /// What magnitudes do to the module; nil without them.
        let stretch: RowStretch?
        /// Which values dropout takes.
        let stream: UInt64
        /// A, from x to the projection: where each module's x is dropped on its own.
        let down: PackedMatrix
        /// Aᵀ, from d projection to d x, in float32.
        let downBack: PackedMatrix
        /// scaling · B, stretched, from the projection to y, in float32.
        let up: PackedMatrix
        /// scaling · Bᵀ, stretched, from d y to d projection.
        let upBack: PackedMatrix
    }

    let entries: [Entry]
    /// A of all entries, one below the other.
    let down: PackedMatrix
    /// The same from d projection to d x, in float32.
    let downBack: PackedMatrix
    /// ΣR.
    let rank: Int
    /// The layer with the rows of its weights stretched, which takes the place of the frozen one; nil without magnitudes.
    let stretched: TrainingLinear?

    init(_ adapter: LinearAdapter, precision: Precision) {
        rank = adapter.rank
        stretched = adapter.stretched.map {
            let bytes = $0.packedByteCount(precision) + $0.transposedByteCount(precision)
            return TrainingLinear($0, precision: precision, in: Arena(byteCount: bytes))
        }
        down = PackedMatrix(adapter.stackedA.view, precision: precision)
        downBack = PackedMatrix(transposing: adapter.stackedA.view)
        entries = adapter.entries.map {
            Entry(
                index: $0.index, part: $0.module, columns: $0.columns, ranks: $0.ranks, scaling: $0.pair.scaling,
                stretch: $0.stretch, stream: $0.stream, down: PackedMatrix($0.pair.a.view, precision: precision),
                downBack: PackedMatrix(transposing: $0.pair.a.view), up: $0.up,
                upBack: PackedMatrix(transposing: $0.scaledB.view, precision: precision))
        }
    }

    func entry(ofPart part: Int) -> Entry? { entries.first { $0.part == part } }
}
