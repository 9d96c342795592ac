internal import LowRank
internal import VectorMath

/// A linear layer for inference: its weights in one precision, and where an adapter changes it, the adapter's.
struct InferenceLinear: PackedLayer {
    /// Some columns of one part.
    struct Piece: Sendable {
        let part: Int
        /// Counted from the part's first column.
        let columns: Range<Int>
    }

    let parts: [BlockedProduct.Part]
    /// The columns of y cut into whole panels: the tasks of a product. A function of the shapes alone.
    let pieces: [Piece]
    /// b of all parts, `[out]`.
    var bias: [Float]

    /// Columns of y in a task: some microseconds of work for the fewest rows.
    private static let pieceWidth = 64

    init(_ layer: Linear, precision: Precision, in arena: Arena) {
        parts = layer.parts(precision: precision, in: arena)
        pieces = layer.modules.enumerated().flatMap { part, module in
            let outputs = module.columns.count
            return stride(from: 0, to: outputs, by: Self.pieceWidth).map {
                Piece(part: part, columns: $0..<min($0 + Self.pieceWidth, outputs))
            }
        }
        bias = layer.bias
    }

    var outputs: Int { bias.count }
}

/// The low-rank terms of a linear layer for inference.
struct InferenceAdapter: PackedAdapter {
    /// What one adapted part adds.
    struct Entry: Sendable {
        /// Its first column of the projection.
        let start: Int
        /// scaling · Bᵀ, in float32: the chain of the product goes on with it.
        let up: PackedMatrix
    }

    /// Aᵀ of all entries side by side, in the precision of the activations.
    let down: PackedMatrix
    /// By part of the layer.
    let entries: [Int: Entry]

    init(_ adapter: LinearAdapter, precision: Precision) {
        precondition(adapter.stretched == nil, "magnitudes are merged into the weights before inference")
        down = PackedMatrix(adapter.stackedA.view, precision: precision)
        entries = Dictionary(
            uniqueKeysWithValues: adapter.entries.map {
                ($0.module, Entry(start: $0.ranks.lowerBound, up: $0.up))
            })
    }

    /// ΣR.
    var rank: Int { down.outputs }
}
