package import LowRank
package import VectorMath

extension BERTEncoder {
    /// The weight `[out, in]` of a linear module; nil where the model has none of that name.
    package func weight(of module: String) -> MatrixView<Float>? {
        for block in blocks {
            for linear in block.linears {
                if let found = linear.modules.first(where: { $0.name == module }) { return found.weight }
            }
        }
        return nil
    }

    /// The encoder with other weights in some linear modules, by name. The rest is shared, with what was packed of it.
    func replacing(_ weights: [String: Matrix<Float>]) -> BERTEncoder {
        BERTEncoder(
            configuration: configuration, embeddings: embeddings,
            blocks: blocks.map { $0.mapped { $0.replacing(weights) } })
    }

    /// The encoder with other biases, by tensor name. Weights are shared, with what was packed of them.
    func replacing(biases: [String: [Float]]) -> BERTEncoder {
        BERTEncoder(
            configuration: configuration,
            embeddings: embeddings.replacing(embeddings.normalization.replacing(biases: biases)),
            blocks: blocks.map {
                $0.mapped(linear: { $0.replacing(biases: biases) }, normalization: { $0.replacing(biases: biases) })
            })
    }

    /// Every bias by its name in a model's file: of the linear layers, and of the normalisations.
    package var biases: [String: [Float]] {
        var result = [embeddings.normalization.biasName: embeddings.normalization.bias]
        for block in blocks {
            for layer in [block.attentionNormalization, block.outputNormalization] {
                result[layer.biasName] = layer.bias
            }
            for layer in block.linears {
                for module in layer.modules { result[module.biasName] = Array(layer.bias[module.columns]) }
            }
        }
        return result
    }
}

extension EmbeddingModel {
    /// The model without the part of its weights that an adapter begins with: with that adapter on it, it is the model.
    ///
    /// - Throws: Where the adapter does not fit the model.
    package func subtracting(_ adapter: LowRankAdapter) throws(EncodersError) -> EmbeddingModel {
        EmbeddingModel(
            self, encoder: encoder.replacing(try weights(of: adapter) { adapter.residual(of: $1, module: $0) }))
    }

    /// The model with an adapter merged into its weights and biases: how DoRA is applied, whose magnitudes are no product.
    ///
    /// - Throws: Where the adapter does not fit the model.
    func merging(_ adapter: LowRankAdapter) throws(EncodersError) -> EmbeddingModel {
        let merged = try weights(of: adapter) { name, weight in
            var merged = Matrix(copying: weight)
            adapter[name]?.merge(into: &merged)
            return merged
        }
        return EmbeddingModel(self, encoder: encoder.replacing(merged).replacing(biases: adapter.biases))
    }

    /// What a function makes of the weights of those modules that an adapter changes and the model has.
    private func weights(
        of adapter: LowRankAdapter, _ change: (String, MatrixView<Float>) -> Matrix<Float>
    ) throws(EncodersError) -> [String: Matrix<Float>] {
        try encoder.check(adapter)
        var weights: [String: Matrix<Float>] = [:]
        for name in adapter.names { weights[name] = encoder.weight(of: name).map { change(name, $0) } }
        return weights
    }
}
