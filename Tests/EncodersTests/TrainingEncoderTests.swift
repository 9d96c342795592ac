import LowRank
import ModelFiles
import TestSupport
import Testing
import VectorMath

@testable import Encoders

@Suite("The encoder for training adapters")
struct TrainingEncoderTests {
    /// Of a gradient's largest value: another order of the same sums.
    static let sameSums = 1e-4
    /// In bfloat16: the part of the gradient's length by which it may differ from that in float32.
    static let narrowError = 0.05

    /// One step with an upper gradient of random values.
    private func step(
        _ encoder: TrainingEncoder, _ batch: TokenBatch, _ adapter: LowRankAdapter,
        _ options: TrainingOptions = TrainingOptions()
    ) throws -> (vectors: Matrix<Float>, gradients: AdapterGradients) {
        let bound = try encoder.bind(adapter)
        let (vectors, activations) = try encoder.forward(batch, adapter: bound, options: options, keeps: true)
        var gradients = AdapterGradients(zerosLike: adapter)
        encoder.backward(random(vectors.rows, vectors.columns, seed: 5), activations: activations, into: &gradients)
        return (vectors, gradients)
    }

    /// The same by the layers, one after the other.
    private func reference(
        _ model: EmbeddingModel, _ batch: TokenBatch, _ adapter: LowRankAdapter,
        _ options: TrainingOptions = TrainingOptions()
    ) throws -> (vectors: Matrix<Float>, gradients: AdapterGradients) {
        let (vectors, activations) = try model.forward(batch, adapter: adapter, options: options)
        var gradients = AdapterGradients(zerosLike: adapter)
        model.backward(random(vectors.rows, vectors.columns, seed: 5), activations: activations, into: &gradients)
        return (vectors, gradients)
    }

    /// A model without the pooling of maxima: the place of one may move by a rounding, and its gradient with it.
    private func smoothModel() throws -> (EmbeddingModel, TokenBatch) {
        let (wide, batch) = try WideModel.make()
        let model = EmbeddingModel(
            tokenizer: wide.tokenizer, encoder: wide.encoder, pooling: Pooling(modes: [.cls, .mean]), normalizes: true,
            maxLength: 128)
        return (model, batch)
    }

    private func matrices(_ gradients: AdapterGradients) -> [[Float]] { gradients.matrices.map { $0.elements() } }

    @Test("its gradients in float32 are those of the layers", arguments: [Float(0), 0.2], [false, true])
    func equalsLayers(dropout: Float, stretched: Bool) throws {
        let (model, batch) = try smoothModel()
        let adapter = try WideModel.adapter(of: model, stretched: stretched)
        let options = TrainingOptions(dropout: dropout, seed: 3, step: 7, pass: 2)
        let found = try step(TrainingEncoder(model, precision: .f32), batch, adapter, options)
        let expected = try reference(model, batch, adapter, options)
        #expect(
            difference(found.vectors.elements(), expected.vectors.elements(), within: Tolerance(absolute: 2e-6)) == nil)
        for (one, other) in zip(matrices(found.gradients), matrices(expected.gradients)) {
            let largest = other.reduce(0) { max($0, abs($1)) }
            #expect(largest > 0)
            #expect(
                difference(one, other, within: Tolerance(absolute: Self.sameSums * Double(largest))) == nil)
        }
    }

    @Test("its gradients in bfloat16 point where those of float32 do", arguments: [Float(0), 0.2], [false, true])
    func narrow(dropout: Float, stretched: Bool) throws {
        let (model, batch) = try smoothModel()
        let adapter = try WideModel.adapter(of: model, stretched: stretched)
        let options = TrainingOptions(dropout: dropout, seed: 3, step: 7)
        let found = try step(TrainingEncoder(model, precision: .bf16), batch, adapter, options)
        let expected = try reference(model, batch, adapter, options)
        let (one, other) = (matrices(found.gradients).flatMap(\.self), matrices(expected.gradients).flatMap(\.self))
        let error = zip(one, other).reduce(0.0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) }
        let length = other.reduce(0.0) { $0 + Double($1 * $1) }
        #expect(error.squareRoot() <= Self.narrowError * length.squareRoot())
        #expect(error > 0)
    }

    @Test(
        "its gradients of biases that train along are those of the layers, and the threads' number is nothing to them",
        arguments: [Precision.f32, .bf16], [false, true])
    func biases(precision: Precision, stretched: Bool) throws {
        let (model, batch) = try smoothModel()
        var adapter = try WideModel.adapter(of: model, stretched: stretched)
        adapter.biases = model.encoder.biases.mapValues { $0.map { 0.9 * $0 + 0.01 } }
        let encoder = TrainingEncoder(model, precision: precision)
        let found = try step(encoder, batch, adapter)
        var plain = adapter
        plain.biases = [:]
        let moved = EmbeddingModel(model, encoder: model.encoder.replacing(biases: adapter.biases))
        let (vectors, activations) = try moved.forwardKeepingEverything(batch, adapter: plain)
        let exact = precision == .f32
        #expect(
            difference(
                found.vectors.elements(), vectors.elements(), within: Tolerance(absolute: exact ? 2e-6 : 0.02)) == nil)
        var full = model.encoder.zeroGradients
        if !stretched {
            moved.backward(random(vectors.rows, vectors.columns, seed: 5), activations: activations, into: &full)
            let tensors = full.tensors
            #expect(found.gradients.biases.count == adapter.biases.count)
            // The keys' are zero but for rounding: adding the same to all scores of a query changes nothing.
            for (name, gradient) in found.gradients.biases where !name.hasSuffix("key.bias") {
                let expected = try #require(tensors[name]).row(0)
                let largest = Double(expected.reduce(0) { max($0, abs($1)) })
                #expect(largest > 0)
                let error = Tolerance(absolute: (exact ? Self.sameSums : Self.narrowError) * largest)
                #expect(difference(gradient, Array(expected), within: error) == nil, "\(name)")
            }
        }
        let one = try ThreadPool.withWidth(1) { try step(encoder, batch, adapter) }
        #expect(matrices(one.gradients) == matrices(found.gradients) && one.vectors == found.vectors)
        // Biases that are as they were change nothing of the other gradients.
        var same = adapter
        same.biases = model.encoder.biases
        let beside = try step(encoder, batch, same)
        let without = try step(encoder, batch, plain)
        #expect(beside.vectors == without.vectors)
        #expect(
            beside.gradients.pairs.map { [$0.a.elements(), $0.b.elements()] }
                == without.gradients.pairs.map { [$0.a.elements(), $0.b.elements()] })
    }

    @Test("its gradients equal PyTorch's")
    func equalsPyTorch() throws {
        let golden = try Golden("grads_lora")
        let encoder = TrainingEncoder(try TinyBERT.model(), precision: .f32)
        let adapter = try TinyBERT.adapter()
        let (vectors, activations) = try encoder.forward(
            TinyBERT.batch(), adapter: encoder.bind(adapter), options: TrainingOptions(), keeps: true)
        let (loss, gradient) = rankingLoss(vectors)
        #expect(abs(loss - Double(golden("loss_f64")[0])) < 1e-5)
        var gradients = AdapterGradients(zerosLike: adapter)
        encoder.backward(gradient, activations: activations, into: &gradients)
        for (name, pair) in zip(gradients.names, gradients.pairs) {
            for (values, tensor) in [(pair.a, name + ".dA"), (pair.b, name + ".dB")] {
                let excess = golden.excess(values.elements(), tensor, relative: GradientTests.relative)
                #expect(excess <= 1, "\(tensor): \(excess) times the tolerance")
            }
        }
    }

    @Test("gives the same bits for any number of threads", arguments: [Precision.f32, .bf16], [2, 3, 5])
    func threads(precision: Precision, width: Int) throws {
        let (model, batch) = try WideModel.make()
        let adapter = try WideModel.adapter(of: model, stretched: true)
        let encoder = TrainingEncoder(model, precision: precision)
        let options = TrainingOptions(dropout: 0.1, seed: 3, step: 7)
        let one = try ThreadPool.withWidth(1) { try step(encoder, batch, adapter, options) }
        let many = try ThreadPool.withWidth(width) { try step(encoder, batch, adapter, options) }
        #expect(one.vectors == many.vectors)
        #expect(matrices(one.gradients) == matrices(many.gradients))
    }

    @Test("gives the same vectors where it keeps nothing, and the same gradients step after step")
    func keepsNothing() throws {
        let (model, batch) = try WideModel.make()
        let adapter = try WideModel.adapter(of: model)
        let encoder = TrainingEncoder(model, precision: .bf16)
        let first = try step(encoder, batch, adapter)
        let bare = try encoder.forward(
            batch, adapter: encoder.bind(adapter), options: TrainingOptions(), keeps: false)
        #expect(bare.vectors == first.vectors)
        let second = try step(encoder, batch, adapter)
        #expect(matrices(first.gradients) == matrices(second.gradients))
    }

    @Test("passes over blocks below the lowest that is adapted")
    func upperBlocks() throws {
        let (model, batch) = try smoothModel()
        let names = Set(model.linearModules.map(\.name).filter { $0.contains("layer.1.output") })
        let all = try WideModel.adapter(of: model)
        let adapter = try LowRankAdapter(
            configuration: all.configuration,
            modules: Dictionary(
                uniqueKeysWithValues: zip(all.names, all.pairs).filter { names.contains($0.0) }.map { ($0, $1) }))
        let found = try step(TrainingEncoder(model, precision: .f32), batch, adapter)
        let expected = try reference(model, batch, adapter)
        for (one, other) in zip(matrices(found.gradients), matrices(expected.gradients)) {
            let largest = other.reduce(0) { max($0, abs($1)) }
            #expect(difference(one, other, within: Tolerance(absolute: Self.sameSums * Double(largest))) == nil)
        }
    }
}
