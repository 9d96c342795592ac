import Encoders
import Files
import LowRank
import ModelFiles
import TestSupport
import VectorMath

/// A model of random numbers, wide enough, and a batch long enough, that every product and sum is cut into several blocks.
enum WideModel {
    static func make() throws -> (model: EmbeddingModel, batch: TokenBatch) {
        let folder = try TemporaryFolder()
        let path = folder.path + "/config.json"
        try writeFile(configuration, to: path)
        var seed: UInt64 = 0
        let encoder = try BERTEncoder(configuration: TransformerConfiguration(path: path)) { name, shape in
            seed += 1
            let rows = shape.count == 1 ? 1 : shape[0]
            return random(rows, shape[shape.count - 1], seed: seed, scale: shape.count == 1 ? 0.5 : 0.08).view
        }
        let model = EmbeddingModel(
            tokenizer: try TinyBERT.model().tokenizer, encoder: encoder, pooling: Pooling(modes: [.cls, .mean, .max]),
            normalizes: true, maxLength: 128)
        return (model, batch((0..<48).map { 3 + $0 * 29 % 120 }, vocabulary: 200))
    }

    /// An adapter on every linear layer, its B not zero.
    ///
    /// - Parameter stretched: With magnitudes on all modules but the keys and those of block 1 that end in `output.dense`.
    static func adapter(of model: EmbeddingModel, stretched: Bool = false) throws -> LowRankAdapter {
        var adapter = try LowRankAdapter(
            configuration: AdapterConfiguration(rank: 8, alpha: 16, targets: .allLinear), modules: model.linearModules,
            seed: 1)
        for i in adapter.pairs.indices {
            adapter.pairs[i].b = random(adapter.pairs[i].outputWidth, 8, seed: UInt64(i), scale: 0.05)
            let name = adapter.names[i]
            guard stretched, !name.hasSuffix("key"), !(name.contains("layer.1") && name.hasSuffix("output.dense"))
            else {
                continue
            }
            adapter.pairs[i].magnitude = random(adapter.pairs[i].outputWidth, seed: 50 + UInt64(i)).map { 1 + 0.1 * $0 }
        }
        return adapter
    }

    private static let configuration = """
        {"model_type": "bert", "vocab_size": 200, "hidden_size": 192, "num_hidden_layers": 2, "num_attention_heads": 6,
        "intermediate_size": 384, "hidden_act": "gelu_new", "max_position_embeddings": 128, "type_vocab_size": 2,
        "layer_norm_eps": 1e-12, "pad_token_id": 0}
        """
}
