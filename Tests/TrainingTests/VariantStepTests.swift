import Encoders
import LowRank
import ModelFiles
import TestSupport
import Testing
import VectorMath

@testable import Training

@Suite("Variants beside PEFT")
struct VariantStepTests {
    /// Of the length of a weight's change, by which it may differ from PEFT's.
    static let changeError = 1e-4
    /// Of a loss: both sides compute in float32.
    static let lossError = 2e-5
    static let names = [
        "lora", "rslora", "loraplus", "pissa", "olora", "patterns", "dora", "bias-lora-only", "bias-all",
    ]

    /// The loss that was recorded, and its gradient by the vectors: anchors first, then their positives.
    private func loss(_ vectors: Matrix<Float>) -> LossValue {
        let half = vectors.rows / 2
        let rows = TupleRows(
            anchors: Array(0..<half), positives: Array(half..<2 * half), negatives: (0..<half).map { _ in [] })
        return MultipleNegativesRankingLoss(scale: 20).evaluate(
            EmbeddingBatch(embeddings: vectors.view, rows: .tuples(rows)))
    }

    /// Two steps from the recorded start, as a run takes them.
    private func train(
        _ variant: RecordedVariants.Variant, _ batch: TokenBatch
    ) throws -> (trainer: Trainer, start: LowRankAdapter, end: LowRankAdapter, losses: [Double]) {
        let settings = try variant.trainingSettings()
        let trainer = try Tiny.trainer(settings)
        let start = try variant.start(trainer.initial.adapter)
        let encoder = TrainingEncoder(
            settings.variant.takesFromBase ? try trainer.encoder.model.subtracting(start) : trainer.encoder.model,
            precision: .f32)
        var trained = Trained.adapter(start)
        var optimizer = AdamW(
            for: trained.matrices, decays: trained.decays, rates: trained.rates(ratio: settings.learningRateRatio),
            constants: AdamW.Constants(weightDecay: settings.weightDecay))
        var losses: [Double] = []
        for _ in variant.losses {
            let adapter = try #require(trained.adapter)
            let (vectors, activations) = try encoder.forward(
                batch, adapter: encoder.bind(adapter), options: TrainingOptions(), keeps: true)
            let value = loss(vectors)
            losses.append(value.loss)
            var gradients = AdapterGradients(zerosLike: adapter)
            encoder.backward(value.gradients, activations: activations, into: &gradients)
            optimizer.step(
                &trained.matrices, gradients: gradients.matrices, learningRate: settings.learningRate)
        }
        return (trainer, start, try #require(trained.adapter), losses)
    }

    /// |found - expected| as a part of |expected|.
    private func distance(_ found: Matrix<Float>, _ expected: Matrix<Float>) -> Double {
        var difference = found
        add(expected.view, to: &difference, scale: -1)
        return (sumOfSquares(difference.view) / sumOfSquares(expected.view)).squareRoot()
    }

    @Test("the recording is there, and every variant of it is tested")
    func complete() throws {
        #expect(Set(try RecordedVariants().names).isSuperset(of: Self.names))
    }

    @Test("train the same modules with the same scalings", arguments: names)
    func modules(name: String) throws {
        let variant = try RecordedVariants().variant(name)
        let fresh = try Tiny.trainer(variant.trainingSettings()).initial.adapter
        #expect(fresh.names == variant.modules)
        for (name, pair) in zip(fresh.names, fresh.pairs) {
            #expect(abs(Double(pair.scaling) / (try #require(variant.scalings[name])) - 1) < 1e-6)
            #expect(pair.rank == (try variant.matrix(name, "A0")).rows)
        }
    }

    @Test("begin with PEFT's products where they begin with a part of the base", arguments: ["pissa", "olora"])
    func starts(name: String) throws {
        let variant = try RecordedVariants().variant(name)
        let fresh = try Tiny.trainer(variant.trainingSettings()).initial.adapter
        let recorded = try variant.start(fresh)
        for (found, expected) in zip(fresh.pairs, recorded.pairs) {
            #expect(distance(found.deltaWeight(), expected.deltaWeight()) < Self.changeError)
        }
    }

    @Test("change every weight in two steps as PEFT does", arguments: names)
    func twoSteps(name: String) throws {
        let recorded = try RecordedVariants()
        let variant = try recorded.variant(name)
        let (trainer, start, end, losses) = try train(variant, recorded.batch)
        for (found, expected) in zip(losses, variant.losses) { #expect(abs(found - expected) < Self.lossError) }
        #expect(losses[1] < losses[0])
        let final = trainer.settings.variant.takesFromBase ? try end.converted(from: start) : end
        for (name, pair) in zip(final.names, final.pairs) {
            let weight = try #require(trainer.encoder.model.encoder.weight(of: name))
            var change = Matrix(copying: weight)
            pair.merge(into: &change)
            add(weight, to: &change, scale: -1)
            if pair.magnitude == nil { change = pair.deltaWeight() }
            let error = distance(change, try variant.matrix(name, "change"))
            #expect(error < Self.changeError, "\(name): \(error)")
            guard let magnitude = pair.magnitude else { continue }
            let moved = distance(Matrix(rowsOf: [magnitude]), Matrix(rowsOf: [try variant.values(name, "m2")]))
            #expect(moved < Self.changeError, "\(name): \(moved)")
        }
    }

    @Test("change the biases that train along as PEFT does", arguments: ["bias-lora-only", "bias-all"])
    func biases(name: String) throws {
        let recorded = try RecordedVariants()
        let variant = try recorded.variant(name)
        let (trainer, start, end, _) = try train(variant, recorded.batch)
        #expect(end.configuration.bias == trainer.settings.bias)
        let base = trainer.encoder.model.encoder.biases
        #expect(start.biases.allSatisfy { base[$0.key] == $0.value })
        #expect(Set(end.biases.keys) == (name == "bias-all" ? Set(base.keys) : Set(end.names.map { $0 + ".bias" })))
        // The keys' have no effect: their gradients are rounding errors, which Adam makes steps of all the same.
        for (key, values) in end.biases where !key.hasSuffix("key.bias") {
            let change = Matrix(rowsOf: [zip(values, base[key]!).map { $0 - $1 }])
            let error = distance(change, Matrix(rowsOf: [try variant.bias(key)]))
            #expect(error < Self.changeError, "\(key): \(error)")
        }
    }

    @Test("DoRA's gradients of both halves and of the magnitudes are PEFT's")
    func gradients() throws {
        let recorded = try RecordedVariants()
        let variant = try recorded.variant("dora")
        let trainer = try Tiny.trainer(variant.trainingSettings())
        let adapter = try variant.start(trainer.initial.adapter)
        let encoder = try #require(try trainer.packedEncoder)
        let (vectors, activations) = try encoder.forward(
            recorded.batch, adapter: encoder.bind(adapter), options: TrainingOptions(), keeps: true)
        var gradients = AdapterGradients(zerosLike: adapter)
        encoder.backward(loss(vectors).gradients, activations: activations, into: &gradients)
        for (name, gradient) in zip(gradients.names, gradients.pairs) {
            let magnitude = Matrix(rowsOf: [try #require(gradient.magnitude)])
            for (found, expected) in [
                (gradient.a, try variant.matrix(name, "dA")), (gradient.b, try variant.matrix(name, "dB")),
                (magnitude, Matrix(rowsOf: [try variant.values(name, "dm")])),
            ] {
                let error = distance(found, expected)
                #expect(error < Self.changeError, "\(name): \(error)")
            }
        }
    }
}
