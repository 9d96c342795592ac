import Encoders
import LowRank
import ModelFiles
import TestSupport
import Testing
import VectorMath

@Suite("BERT backward")
struct GradientTests {
    /// Of a gradient's largest value.
    static let relative = 1e-4

    @Test("the gradient of every weight equals PyTorch's")
    func fullGradients() throws {
        let golden = try Golden("grads_full")
        let model = try TinyBERT.model()
        let (vectors, activations) = try model.forwardKeepingEverything(TinyBERT.batch())
        let (loss, gradient) = rankingLoss(vectors)
        #expect(abs(loss - Double(golden("loss_f64")[0])) < 1e-5)
        var gradients = model.encoder.zeroGradients
        model.backward(gradient, activations: activations, into: &gradients)
        let tensors = gradients.tensors
        let expected = golden.file.names.filter { !$0.hasSuffix("_f64") && $0 != "loss" && !$0.hasPrefix("pooler") }
        #expect(Set(tensors.keys) == Set(expected))
        for name in expected {
            let excess = golden.excess(tensors[name]!.elements(), name, relative: Self.relative)
            #expect(excess <= 1, "\(name): \(excess) times the tolerance")
        }
    }

    @Test("the gradients of the adapter equal PyTorch's")
    func adapterGradients() throws {
        let golden = try Golden("grads_lora")
        let model = try TinyBERT.model()
        let adapter = try TinyBERT.adapter()
        let (vectors, activations) = try model.forward(TinyBERT.batch(), adapter: adapter)
        let (loss, gradient) = rankingLoss(vectors)
        #expect(abs(loss - Double(golden("loss_f64")[0])) < 1e-5)
        var gradients = AdapterGradients(zerosLike: adapter)
        model.backward(gradient, activations: activations, into: &gradients)
        for (name, pair) in zip(gradients.names, gradients.pairs) {
            for (values, tensor) in [(pair.a, name + ".dA"), (pair.b, name + ".dB")] {
                let excess = golden.excess(values.elements(), tensor, relative: Self.relative)
                #expect(excess <= 1, "\(tensor): \(excess) times the tolerance")
            }
        }
    }

    @Test("three steps of AdamW on the adapter follow PyTorch's")
    func adamWSteps() throws {
        let golden = try Golden("grads_lora")
        let model = try TinyBERT.model()
        let batch = try TinyBERT.batch()
        var adapter = try TinyBERT.adapter()
        var first = AdapterGradients(zerosLike: adapter)
        var second = first
        var losses: [Float] = []
        for step in 1...3 {
            let (vectors, activations) = try model.forward(batch, adapter: adapter)
            let (loss, gradient) = rankingLoss(vectors)
            losses.append(Float(loss))
            var gradients = AdapterGradients(zerosLike: adapter)
            model.backward(gradient, activations: activations, into: &gradients)
            for i in adapter.pairs.indices {
                adamWStep(
                    parameters: &adapter.pairs[i].a, gradients: gradients.pairs[i].a.view,
                    firstMoment: &first.pairs[i].a, secondMoment: &second.pairs[i].a, learningRate: 1e-2, beta1: 0.9,
                    beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, step: step, gradientScale: 1)
                adamWStep(
                    parameters: &adapter.pairs[i].b, gradients: gradients.pairs[i].b.view,
                    firstMoment: &first.pairs[i].b, secondMoment: &second.pairs[i].b, learningRate: 1e-2, beta1: 0.9,
                    beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01, step: step, gradientScale: 1)
            }
        }
        #expect(golden.excess(losses, "adamw_losses", relative: 1e-5) <= 1)
        for (name, pair) in zip(adapter.names, adapter.pairs) {
            for (values, tensor) in [(pair.a, name + ".A3"), (pair.b, name + ".B3")] {
                let excess = golden.excess(values.elements(), tensor, relative: Self.relative)
                #expect(excess <= 1, "\(tensor): \(excess) times the tolerance")
            }
        }
    }

    @Test("gradients accumulate: two passes give twice the gradient of one")
    func gradientsAccumulate() throws {
        let model = try TinyBERT.model()
        let adapter = try TinyBERT.adapter()
        let (vectors, activations) = try model.forward(TinyBERT.batch(), adapter: adapter)
        let gradient = rankingLoss(vectors).gradient
        var once = AdapterGradients(zerosLike: adapter)
        model.backward(gradient, activations: activations, into: &once)
        var twice = once
        model.backward(gradient, activations: activations, into: &twice)
        once.scale(by: 2)
        for (a, b) in zip(once.pairs, twice.pairs) {
            let largest = Double(a.b.elements().reduce(0) { max($0, abs($1)) })
            #expect(largestDifference(a.a.elements(), b.a.elements()) <= 1e-6 * largest)
            #expect(largestDifference(a.b.elements(), b.b.elements()) <= 1e-6 * largest)
        }
        var full = model.encoder.zeroGradients
        let everything = try model.forwardKeepingEverything(TinyBERT.batch())
        model.backward(gradient, activations: everything.activations, into: &full)
        let single = full.tensors
        model.backward(gradient, activations: everything.activations, into: &full)
        for (name, tensor) in full.tensors {
            let largest = Double(tensor.elements().reduce(0) { max($0, abs($1)) })
            let doubled = single[name]!.elements().map { 2 * $0 }
            #expect(largestDifference(doubled, tensor.elements()) <= max(1e-6 * largest, 1e-6), "\(name)")
        }
    }

    @Test("an adapter on the upper block alone gets the same gradients as in a whole adapter")
    func stopsBelowTheLowestAdapter() throws {
        let model = try TinyBERT.model()
        let batch = try TinyBERT.batch()
        let whole = try TinyBERT.adapter()
        var silenced = whole
        for i in 0..<2 { silenced.pairs[i].scaling = 0 }
        let upper = try LowRankAdapter(
            configuration: whole.configuration,
            modules: [whole.names[2]: whole.pairs[2], whole.names[3]: whole.pairs[3]])
        let (vectors, activations) = try model.forward(batch, adapter: upper)
        let gradient = rankingLoss(vectors).gradient
        var found = AdapterGradients(zerosLike: upper)
        model.backward(gradient, activations: activations, into: &found)
        let reference = try model.forward(batch, adapter: silenced)
        #expect(reference.embeddings == vectors)
        var expected = AdapterGradients(zerosLike: silenced)
        model.backward(gradient, activations: reference.activations, into: &expected)
        #expect(found.pairs[0].a == expected.pairs[2].a && found.pairs[1].b == expected.pairs[3].b)
        #expect(found.sumOfSquares > 0)
    }

    @Test(
        "an adapter on any one module gets the gradient that a finite difference sees",
        arguments: [
            "attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense",
            "intermediate.dense", "output.dense",
        ], [0, 1])
    func everyModule(module: String, layer: Int) throws {
        let model = try TinyBERT.model()
        let batch = try TinyBERT.batch()
        let name = "encoder.layer.\(layer)." + module
        let shape = model.linearModules.first { $0.name == name }!
        let pair = randomPair(
            outputs: shape.outputWidth, inputs: shape.inputWidth, rank: 3, seed: 11)
        let adapter = try LowRankAdapter(
            configuration: AdapterConfiguration(rank: 3, alpha: 1.5, targets: .names([name])), modules: [name: pair])
        let options = TrainingOptions(dropout: 0.25, seed: 5, step: 2)
        for options in [TrainingOptions(), options] {
            let (vectors, activations) = try model.forward(batch, adapter: adapter, options: options)
            let weights = random(vectors.rows, vectors.columns, seed: 17)
            var gradients = AdapterGradients(zerosLike: adapter)
            model.backward(weights, activations: activations, into: &gradients)
            let directionA = random(pair.a.rows, pair.a.columns, seed: 21)
            let found = try slope { step in
                var other = adapter
                other.pairs[0].a = moved(pair.a, directionA, step)
                return inner(try model.embed(batch, adapter: other, options: options), weights)
            }
            #expect(mismatch(found, gradients.pairs[0].a, directionA) < 10 * finiteDifferenceTolerance)
            let directionB = random(pair.b.rows, pair.b.columns, seed: 22)
            let foundB = try slope { step in
                var other = adapter
                other.pairs[0].b = moved(pair.b, directionB, step)
                return inner(try model.embed(batch, adapter: other, options: options), weights)
            }
            #expect(mismatch(foundB, gradients.pairs[0].b, directionB) < 10 * finiteDifferenceTolerance)
        }
    }
}
