import Encoders
import Files
import LowRank
import ModelFiles
import TestSupport
import Testing
import VectorMath

@Suite("The same bits for any number of threads")
struct DeterminismTests {
    /// A model wide enough, and a batch long enough, that every product and sum is cut into several blocks.
    private func model() throws -> (EmbeddingModel, TokenBatch) {
        let folder = try TemporaryFolder()
        let path = folder.path + "/config.json"
        try Self.configuration.write(to: path)
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

    private static let configuration = """
        {"model_type": "bert", "vocab_size": 200, "hidden_size": 192, "num_hidden_layers": 2, "num_attention_heads": 6,
        "intermediate_size": 384, "hidden_act": "gelu_new", "max_position_embeddings": 128, "type_vocab_size": 2,
        "layer_norm_eps": 1e-12, "pad_token_id": 0}
        """

    @Test("vectors and low-rank gradients, with dropout", arguments: [2, 3, 5])
    func adapterTraining(width: Int) throws {
        let (model, batch) = try model()
        var adapter = try LowRankAdapter(
            configuration: AdapterConfiguration(rank: 8, alpha: 16, targets: .allLinear), modules: model.linearModules,
            seed: 1)
        for i in adapter.pairs.indices {
            adapter.pairs[i].b = random(adapter.pairs[i].outputWidth, 8, seed: UInt64(i), scale: 0.05)
        }
        let options = TrainingOptions(dropout: 0.1, seed: 3, step: 7)
        func step() throws -> (Matrix<Float>, AdapterGradients) {
            let (vectors, activations) = try model.forward(batch, adapter: adapter, options: options)
            var gradients = AdapterGradients(zerosLike: adapter)
            model.backward(
                random(vectors.rows, vectors.columns, seed: 5), activations: activations, into: &gradients)
            return (vectors, gradients)
        }
        let (vectors, gradients) = try ThreadPool.withWidth(1) { try step() }
        let (others, otherGradients) = try ThreadPool.withWidth(width) { try step() }
        #expect(vectors == others)
        for (a, b) in zip(gradients.pairs, otherGradients.pairs) { #expect(a.a == b.a && a.b == b.b) }
        #expect(gradients.sumOfSquares == otherGradients.sumOfSquares && gradients.sumOfSquares > 0)
    }

    @Test("the gradients of all weights", arguments: [2, 3, 5])
    func fullTraining(width: Int) throws {
        let (model, batch) = try model()
        func step() throws -> [String: Matrix<Float>] {
            let (vectors, activations) = try model.forwardKeepingEverything(batch)
            var gradients = model.encoder.zeroGradients
            model.backward(
                random(vectors.rows, vectors.columns, seed: 5), activations: activations, into: &gradients)
            return gradients.tensors
        }
        let one = try ThreadPool.withWidth(1) { try step() }
        let many = try ThreadPool.withWidth(width) { try step() }
        #expect(one == many)
    }
}

extension String {
    fileprivate func write(to path: String) throws { try writeFile(self, to: path) }
}

@Suite("Blocks of a product")
struct BlockGridTests {
    @Test(
        "cover every element once",
        arguments: [1, 10, 127, 128, 129, 1000, 1024, 5000], [[1], [384], [384, 384, 384], [33, 97], [1536]])
    func cover(rows: Int, widths: [Int]) {
        let grid = BlockGrid(rows: rows, widths: widths, inputs: 384)
        var covered = widths.map { [Int](repeating: 0, count: rows * $0) }
        for task in 0..<grid.count {
            let (taskRows, pieces) = grid[task]
            for piece in pieces {
                #expect(piece.columns.lowerBound % PackedMatrix.panelWidth == 0)
                for row in taskRows {
                    for column in piece.columns { covered[piece.module][row * widths[piece.module] + column] += 1 }
                }
            }
        }
        #expect(covered.allSatisfy { $0.allSatisfy { $0 == 1 } })
    }
}
