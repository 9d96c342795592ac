public import VectorMath

/// The gradient of a loss with respect to every weight of a `BERTEncoder`.
///
/// Backward passes add to it; whoever begins a step starts from `BERTEncoder.zeroGradients`.
public struct BERTGradients: Sendable {
    /// Nil where the embeddings stay as they are.
    package var embeddings: EmbeddingLayer.Gradient?
    package var blocks: [BERTBlock.Gradient]

    /// The gradients by the names of the tensors in a model's file; one-dimensional ones as one row.
    public var tensors: [String: Matrix<Float>] {
        var result: [String: Matrix<Float>] = [:]
        result["embeddings.word_embeddings.weight"] = embeddings?.word
        result["embeddings.position_embeddings.weight"] = embeddings?.position
        result["embeddings.token_type_embeddings.weight"] = embeddings?.tokenType
        func insert(_ gradient: LayerNormalization.Gradient?, _ name: String) {
            guard let gradient else { return }
            result[name + ".weight"] = Matrix(rowsOf: [gradient.gain])
            result[name + ".bias"] = Matrix(rowsOf: [gradient.bias])
        }
        func insert(_ gradient: Linear.Gradient?, _ names: [String]) {
            guard let gradient else { return }
            let width = gradient.bias.count / names.count
            for (part, name) in names.enumerated() {
                let rows = part * width..<(part + 1) * width
                result[name + ".weight"] = Matrix(copying: gradient.weight[rows: rows])
                result[name + ".bias"] = Matrix(rowsOf: [Array(gradient.bias[rows])])
            }
        }
        insert(embeddings?.normalization, "embeddings.LayerNorm")
        for (layer, block) in blocks.enumerated() {
            let prefix = "encoder.layer.\(layer)."
            insert(block.attention?.input, ["query", "key", "value"].map { prefix + "attention.self." + $0 })
            insert(block.attention?.output, [prefix + "attention.output.dense"])
            insert(block.attentionNormalization, prefix + "attention.output.LayerNorm")
            insert(block.feedForward?.intermediate, [prefix + "intermediate.dense"])
            insert(block.feedForward?.output, [prefix + "output.dense"])
            insert(block.outputNormalization, prefix + "output.LayerNorm")
        }
        return result
    }
}
