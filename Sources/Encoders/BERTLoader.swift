internal import ModelFiles
internal import VectorMath

/// Names and shapes of BERT's tensors, and the layers that they make up.
struct BERTLoader {
    typealias TensorSource = (_ name: String, _ shape: [Int]) throws(EncodersError) -> MatrixView<Float>

    let configuration: TransformerConfiguration

    func embeddings(_ tensor: TensorSource) throws(EncodersError) -> EmbeddingLayer {
        let width = configuration.width
        return EmbeddingLayer(
            word: try tensor("embeddings.word_embeddings.weight", [configuration.vocabularySize, width]),
            position: try tensor("embeddings.position_embeddings.weight", [configuration.maxPositions, width]),
            tokenType: try tensor(
                "embeddings.token_type_embeddings.weight", [configuration.typeVocabularySize, width]),
            normalization: try normalization("embeddings.LayerNorm", tensor))
    }

    func block(_ layer: Int, _ tensor: TensorSource) throws(EncodersError) -> BERTBlock {
        let (width, wide) = (configuration.width, configuration.feedForwardWidth)
        let prefix = "encoder.layer.\(layer)."
        return BERTBlock(
            attention: SelfAttention(
                input: try queryKeyValue(prefix + "attention.self.", tensor),
                output: try linear(prefix + "attention.output.dense", width, width, tensor),
                heads: configuration.heads),
            attentionNormalization: try normalization(prefix + "attention.output.LayerNorm", tensor),
            feedForward: FeedForward(
                intermediate: try linear(prefix + "intermediate.dense", wide, width, tensor),
                output: try linear(prefix + "output.dense", width, wide, tensor),
                activation: configuration.activation),
            outputNormalization: try normalization(prefix + "output.LayerNorm", tensor))
    }

    private func linear(
        _ name: String, _ outputs: Int, _ inputs: Int, _ tensor: TensorSource
    ) throws(EncodersError) -> Linear {
        Linear(
            modules: [(name, try tensor(name + ".weight", [outputs, inputs]))],
            bias: try tensor(name + ".bias", [outputs]).row(0))
    }

    /// Query, key and value as one layer.
    private func queryKeyValue(_ prefix: String, _ tensor: TensorSource) throws(EncodersError) -> Linear {
        let width = configuration.width
        var modules: [(name: String, weight: MatrixView<Float>)] = []
        var bias: [Float] = []
        for name in ["query", "key", "value"].map({ prefix + $0 }) {
            modules.append((name, try tensor(name + ".weight", [width, width])))
            bias += try tensor(name + ".bias", [width]).row(0)
        }
        return Linear(modules: modules, bias: bias)
    }

    private func normalization(_ name: String, _ tensor: TensorSource) throws(EncodersError) -> LayerNormalization {
        LayerNormalization(
            name: name, gain: try tensor(name + ".weight", [configuration.width]).row(0),
            bias: try tensor(name + ".bias", [configuration.width]).row(0),
            epsilon: configuration.layerNormEpsilon)
    }
}
