internal import LowRank
internal import VectorMath

/// A linear layer for inference: its weights in one precision, and where an adapter changes it, the adapter's.
struct InferenceLinear: Sendable {
    /// One module of the model in the layer.
    struct Part: Sendable {
        let weight: PackedMatrix
        /// Its first column of y.
        let start: Int
    }

    let parts: [Part]
    /// b of all parts, `[out]`.
    let bias: [Float]

    init(_ layer: Linear, precision: Precision, in arena: Arena) {
        parts = layer.modules.map {
            Part(weight: layer.packed($0, precision: precision, in: arena), start: $0.columns.lowerBound)
        }
        bias = layer.bias
    }

    var inputs: Int { parts[0].weight.inputs }
    var outputs: Int { bias.count }

    /// The columns of y cut into pieces of whole panels: the tasks of a product. A function of the shapes alone.
    func pieces(width: Int) -> [(part: Int, columns: Range<Int>)] {
        parts.indices.flatMap { part in
            let outputs = parts[part].weight.outputs
            return stride(from: 0, to: outputs, by: width).map { (part, $0..<min($0 + width, outputs)) }
        }
    }
}

/// The low-rank terms of a linear layer for inference.
struct InferenceAdapter: Sendable {
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
        down = PackedMatrix(adapter.stackedA.view, precision: precision)
        entries = Dictionary(
            uniqueKeysWithValues: adapter.entries.map {
                ($0.module, Entry(start: $0.ranks.lowerBound, up: $0.up))
            })
    }

    /// ΣR.
    var rank: Int { down.outputs }
}
