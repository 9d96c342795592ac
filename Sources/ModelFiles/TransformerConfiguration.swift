internal import Files
public import VectorMath

/// The shape of a transformer, from a Hugging Face `config.json`. Implemented: `bert`.
public struct TransformerConfiguration: Sendable, Equatable {
    /// The architecture: `bert`.
    public let modelType: String

    /// V, the entries of the word embedding table.
    public let vocabularySize: Int

    /// D, the numbers of a token's vector.
    public let width: Int

    /// The number of transformer blocks.
    public let layers: Int

    /// H; each head is `width / heads` wide.
    public let heads: Int

    /// F, the width between the two linear layers of a block.
    public let feedForwardWidth: Int

    /// What stands between the two linear layers of a block.
    public let activation: GELU

    /// The longest text in tokens that the position table has room for.
    public let maxPositions: Int

    /// The entries of the token type table.
    public let typeVocabularySize: Int

    /// What is added to the variance before its root is taken.
    public let layerNormEpsilon: Float

    /// The token that others fill batches with; nothing here is padded.
    public let padTokenID: Int

    /// Reads a `config.json`. Another architecture, activation or kind of position is refused by name.
    public init(path: String) throws(ModelFilesError) {
        let object = try JSONObject(path: path)
        let modelType = try object.required("model_type", try object.string("model_type"))
        guard modelType == "bert" else {
            throw .unsupported(path: path, what: "model type '\(modelType)' (only 'bert' is)")
        }
        for key in ["is_decoder", "add_cross_attention"] where try object.boolean(key) == true {
            throw .unsupported(path: path, what: "'\(key)': true")
        }
        if let kind = try object.string("position_embedding_type"), kind != "absolute" {
            throw .unsupported(path: path, what: "position_embedding_type '\(kind)'")
        }
        self.modelType = modelType
        vocabularySize = try object.required("vocab_size", try object.count("vocab_size"))
        width = try object.required("hidden_size", try object.count("hidden_size", limit: 1 << 16))
        layers = try object.required("num_hidden_layers", try object.count("num_hidden_layers", limit: 1 << 10))
        heads = try object.required("num_attention_heads", try object.count("num_attention_heads", limit: 1 << 10))
        feedForwardWidth = try object.required(
            "intermediate_size", try object.count("intermediate_size", limit: 1 << 20))
        activation = try TransformerConfiguration.activation(
            named: try object.string("hidden_act") ?? "gelu", path: path)
        // What may be left out has the default of the reference implementation.
        maxPositions = try object.count("max_position_embeddings", limit: 1 << 20) ?? 512
        typeVocabularySize = try object.count("type_vocab_size", limit: 1 << 16) ?? 2
        let epsilon = try object.number("layer_norm_eps") ?? 1e-12
        guard epsilon > 0, epsilon < 1 else {
            throw .malformed(path: path, reason: "'layer_norm_eps' is \(epsilon), a number between 0 and 1 expected")
        }
        layerNormEpsilon = Float(epsilon)
        padTokenID = try object.integer("pad_token_id") ?? 0
        guard (0..<vocabularySize).contains(padTokenID) else {
            throw .malformed(path: path, reason: "'pad_token_id' is \(padTokenID), beyond the vocabulary")
        }
        guard width % heads == 0 else {
            throw .malformed(
                path: path, reason: "'hidden_size' \(width) is no multiple of 'num_attention_heads' \(heads)")
        }
    }

    private static func activation(named name: String, path: String) throws(ModelFilesError) -> GELU {
        switch name {
        case "gelu": return .exact
        case "gelu_new", "gelu_pytorch_tanh", "gelu_fast": return .tanh
        default: throw .unsupported(path: path, what: "activation '\(name)'")
        }
    }
}

extension TransformerConfiguration {
    /// Every tensor that the encoder computes with, by its plain name, with its shape.
    ///
    /// The pooler (`pooler.dense`) is not among them: sentence embeddings do not use it.
    public var tensorShapes: [(name: String, shape: [Int])] {
        func norm(_ name: String) -> [(String, [Int])] { [("\(name).weight", [width]), ("\(name).bias", [width])] }
        func linear(_ name: String, _ output: Int, _ input: Int) -> [(String, [Int])] {
            [("\(name).weight", [output, input]), ("\(name).bias", [output])]
        }
        var shapes: [(String, [Int])] = [
            ("embeddings.word_embeddings.weight", [vocabularySize, width]),
            ("embeddings.position_embeddings.weight", [maxPositions, width]),
            ("embeddings.token_type_embeddings.weight", [typeVocabularySize, width]),
        ]
        shapes += norm("embeddings.LayerNorm")
        for layer in 0..<layers {
            let block = "encoder.layer.\(layer)"
            for part in ["query", "key", "value"] { shapes += linear("\(block).attention.self.\(part)", width, width) }
            shapes += linear("\(block).attention.output.dense", width, width)
            shapes += norm("\(block).attention.output.LayerNorm")
            shapes += linear("\(block).intermediate.dense", feedForwardWidth, width)
            shapes += linear("\(block).output.dense", width, feedForwardWidth)
            shapes += norm("\(block).output.LayerNorm")
        }
        return shapes
    }
}
