internal import Files
internal import ModelFiles
package import VectorMath

/// The weights of a model that change while all of it trains, or its last blocks alone.
package struct TrainableWeights: Sendable {
    /// What trains.
    package enum Part: Sendable, Hashable {
        /// Embeddings and blocks.
        case everything
        /// So many of the last blocks.
        case lastBlocks(Int)
    }

    /// What trains.
    package let part: Part
    /// The names of the tensors in a model's file, in the order of its layers.
    package let names: [String]
    /// A matrix for each of `names`; one-dimensional ones as one row. Values may change, shapes may not.
    package var matrices: [Matrix<Float>]

    /// Copies of a model's weights; at most as many blocks as it has.
    package init(of encoder: BERTEncoder, _ part: Part) {
        self.part = part
        let lowest = encoder.lowestBlock(of: part)
        let tensors = encoder.tensors
        names = encoder.configuration.tensorShapes.map(\.name).filter { name in
            Self.block(of: name).map { $0 >= lowest } ?? (part == .everything)
        }
        matrices = names.map { Matrix(copying: tensors[$0]!) }
    }

    /// SHA-256 of the names and values.
    var digest: String {
        var hasher = SHA256Digest.Hasher()
        for (name, matrix) in zip(names, matrices) {
            hasher.update(Array("\(name)\n".utf8))
            for row in 0..<matrix.rows { matrix.row(row).withUnsafeBytes { hasher.update($0) } }
        }
        return hasher.finalize().hex
    }

    /// Gradients in the order of `names`.
    package func matrices(of gradients: BERTGradients) -> [Matrix<Float>] {
        let tensors = gradients.tensors
        return names.map { tensors[$0]! }
    }

    /// The block that a tensor belongs to; nil for the embeddings.
    private static func block(of name: String) -> Int? {
        let parts = name.split(separator: ".")
        return parts.count > 2 && parts[0] == "encoder" ? Int(parts[2]) : nil
    }
}

extension BERTEncoder {
    /// The lowest block of a part.
    package func lowestBlock(of part: TrainableWeights.Part) -> Int {
        switch part {
        case .everything: 0
        case .lastBlocks(let count): max(0, blocks.count - count)
        }
    }

    /// The encoder with other weights. Blocks that stay as they are share what was packed of them.
    package func replacing(_ weights: TrainableWeights) -> BERTEncoder {
        let tensors = Dictionary(uniqueKeysWithValues: zip(weights.names, weights.matrices))
        let loader = BERTLoader(configuration: configuration)
        func tensor(_ name: String, _ shape: [Int]) throws(EncodersError) -> MatrixView<Float> { tensors[name]!.view }
        let lowest = lowestBlock(of: weights.part)
        do throws(EncodersError) {
            var changed: [BERTBlock] = []
            for layer in lowest..<blocks.count { changed.append(try loader.block(layer, tensor)) }
            return BERTEncoder(
                configuration: configuration,
                embeddings: weights.part == .everything ? try loader.embeddings(tensor) : embeddings,
                blocks: blocks[..<lowest] + changed)
        } catch {
            preconditionFailure("weights of another model: \(error)")
        }
    }

    /// Every tensor by its name in a model's file; one-dimensional ones as one row.
    fileprivate var tensors: [String: MatrixView<Float>] {
        var result: [String: MatrixView<Float>] = [
            "embeddings.word_embeddings.weight": embeddings.word,
            "embeddings.position_embeddings.weight": embeddings.position,
            "embeddings.token_type_embeddings.weight": embeddings.tokenType,
        ]
        func insert(_ layer: LayerNormalization) {
            result[layer.name + ".weight"] = Matrix(rowsOf: [layer.gain]).view
            result[layer.name + ".bias"] = Matrix(rowsOf: [layer.bias]).view
        }
        insert(embeddings.normalization)
        for block in blocks {
            insert(block.attentionNormalization)
            insert(block.outputNormalization)
            for module in block.linears.flatMap({ layer in layer.modules.map { ($0, layer.bias) } }) {
                result[module.0.name + ".weight"] = module.0.weight
                result[module.0.name + ".bias"] = Matrix(rowsOf: [Array(module.1[module.0.columns])]).view
            }
        }
        return result
    }
}

extension EmbeddingModel {
    /// The model with other weights.
    package func replacing(_ weights: TrainableWeights) -> EmbeddingModel {
        EmbeddingModel(
            tokenizer: tokenizer, encoder: encoder.replacing(weights), pooling: pooling, poolsPrompt: poolsPrompt,
            normalizes: normalizes, maxLength: maxLength)
    }
}
