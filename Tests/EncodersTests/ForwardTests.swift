import Encoders
import LowRank
import ModelFiles
import TestSupport
import Testing
import VectorMath

@Suite("BERT forward")
struct ForwardTests {
    @Test("every layer's hidden states equal PyTorch's")
    func hiddenStates() throws {
        let golden = try Golden("forward")
        let states = try TinyBERT.encoder(TinyBERT.tensors()).hiddenStates(TinyBERT.batch())
        #expect(states.count == 3)
        for (layer, state) in states.enumerated() {
            let exact = golden.unpadded("hidden\(layer)_f64", TinyBERT.lengths)
            let floor = largestDifference(golden.unpadded("hidden\(layer)", TinyBERT.lengths), exact)
            let found = largestDifference(state.elements(), exact)
            #expect(found <= Golden.allowance * floor, "layer \(layer): \(found), PyTorch's own error is \(floor)")
        }
    }

    @Test(
        "every pooling equals PyTorch's",
        arguments: [(PoolingMode.mean, "mean"), (.cls, "cls"), (.max, "max"), (.meanSqrtLength, "mean_sqrt_len")])
    func poolings(mode: PoolingMode, name: String) throws {
        let golden = try Golden("forward")
        let batch = try TinyBERT.batch()
        let hidden = try TinyBERT.encoder(TinyBERT.tensors()).forward(batch)
        let pooled = Pooling(modes: [mode]).forward(hidden.view, batch: batch).y
        #expect(golden.excess(pooled.elements(), name) <= 1)
    }

    @Test("normalised vectors equal PyTorch's")
    func normalised() throws {
        let vectors = try TinyBERT.model().embed(TinyBERT.batch())
        #expect(try Golden("forward").excess(vectors.elements(), "mean_normalised") <= 1)
    }

    @Test("the forward pass of training gives the same bits as that of inference")
    func trainingForwardIsTheSame() throws {
        let model = try TinyBERT.model()
        let (batch, adapter) = (try TinyBERT.batch(), try TinyBERT.adapter())
        let inference = try model.embed(batch, adapter: adapter)
        #expect(try model.forward(batch, adapter: adapter).embeddings == inference)
        #expect(try model.forwardKeepingEverything(batch, adapter: adapter).embeddings == inference)
    }

    @Test("an adapter with B = 0 changes nothing")
    func freshAdapterChangesNothing() throws {
        let model = try TinyBERT.model()
        let batch = try TinyBERT.batch()
        let adapter = try LowRankAdapter(
            configuration: AdapterConfiguration(rank: 4, alpha: 8, targets: .allLinear), modules: model.linearModules,
            seed: 3)
        #expect(adapter.names.count == 12)
        #expect(try model.embed(batch, adapter: adapter) == model.embed(batch))
    }

    @Test("an adapter and the same adapter merged into the weights give the same vectors")
    func mergedAdapterIsTheSame() throws {
        let mergeTolerance = 2e-6
        let adapter = try TinyBERT.adapter()
        let batch = try TinyBERT.batch()
        var tensors = try TinyBERT.tensors()
        for (name, pair) in zip(adapter.names, adapter.pairs) {
            pair.merge(into: &tensors[name + ".weight"]!)
        }
        let merged = try TinyBERT.model(tensors).embed(batch)
        let adapted = try TinyBERT.model().embed(batch, adapter: adapter)
        #expect(largestDifference(merged.elements(), adapted.elements()) < mergeTolerance)
        let base = try TinyBERT.model().embed(batch)
        #expect(largestDifference(base.elements(), adapted.elements()) > 1000 * mergeTolerance)
    }

    @Test("a text alone and the same text in a batch have the same bits, with an adapter too")
    func batchesDoNotMatter() throws {
        let model = try TinyBERT.model()
        let batch = try TinyBERT.batch()
        for adapter in [nil, try TinyBERT.adapter()] {
            let together = try model.embed(batch, adapter: adapter)
            for text in 0..<batch.count {
                let alone = try model.embed(
                    TokenBatch([Array(batch.ids[batch.range(of: text)])]), adapter: adapter)
                #expect(alone.row(0) == together.row(text))
            }
        }
    }

    @Test("refuses token ids outside the vocabulary", arguments: [-1, 200, Int32.max])
    func refusesStrangeTokens(id: Int32) throws {
        let model = try TinyBERT.model()
        #expect(throws: EncodersError.self) { try model.embed(TokenBatch([[7, id, 8]])) }
    }

    @Test("refuses a text longer than the model's positions")
    func refusesLongTexts() throws {
        let model = try TinyBERT.model()
        #expect(try model.embed(TokenBatch([[Int32](repeating: 9, count: 40)])).rows == 1)
        #expect(throws: EncodersError.self) { try model.embed(TokenBatch([[Int32](repeating: 9, count: 41)])) }
    }

    @Test("refuses an adapter of modules that the model lacks, and says which")
    func refusesUnknownModules() throws {
        let pair = randomPair(outputs: 32, inputs: 32, rank: 2, seed: 1)
        let adapter = try LowRankAdapter(
            configuration: AdapterConfiguration(rank: 2, alpha: 2, targets: .attention),
            modules: ["encoder.layer.2.attention.self.query": pair])
        let model = try TinyBERT.model()
        #expect {
            try model.embed(try TinyBERT.batch(), adapter: adapter)
        } throws: { error in
            "\(error)".contains("encoder.layer.2.attention.self.query")
        }
    }

    @Test("refuses an adapter of other shapes than the model's", arguments: [(31, 32), (32, 33)])
    func refusesWrongShapes(outputs: Int, inputs: Int) throws {
        let pair = randomPair(outputs: outputs, inputs: inputs, rank: 2, seed: 1)
        let adapter = try LowRankAdapter(
            configuration: AdapterConfiguration(rank: 2, alpha: 2, targets: .attention),
            modules: ["encoder.layer.1.attention.self.query": pair])
        let model = try TinyBERT.model()
        #expect {
            try model.embed(try TinyBERT.batch(), adapter: adapter)
        } throws: { error in
            guard let error = error as? EncodersError, case .adapterShape = error else { return false }
            return true
        }
    }

    @Test("an adapter on the pooler alone changes nothing, for no vector reads the pooler")
    func poolerIsDead() throws {
        let adapter = try LowRankAdapter(
            configuration: AdapterConfiguration(rank: 2, alpha: 2, targets: .names(["dense"])),
            modules: ["pooler.dense": randomPair(outputs: 32, inputs: 32, rank: 2, seed: 1)])
        let model = try TinyBERT.model()
        let batch = try TinyBERT.batch()
        #expect(try model.embed(batch, adapter: adapter) == model.embed(batch))
    }
}
