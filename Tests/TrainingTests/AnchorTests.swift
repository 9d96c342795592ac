import Encoders
import Files
import LowRank
import TestSupport
import Testing
import VectorMath

@testable import Training

@Suite("Anchor against forgetting")
struct AnchorTests {
    static let texts = [
        "the bank is in new york", "a vector is fast", "how do i reset my password", "the mat is slow", "money",
        "the cat sat on the mat in the bank of new york and do run", "search the model",
    ]

    private func settings(weight: Double = 3, batch: Int = 4) -> TrainingSettings {
        var settings = Tiny.settings
        settings.anchor = AnchorSettings(weight: weight, batchSize: batch)
        settings.dropout = 0.1
        return settings
    }

    private func trainer(_ settings: TrainingSettings, texts: [String] = texts) throws -> Trainer {
        try Trainer(model: Tiny.model(), tuples: Tiny.tuples, settings: settings, anchorTexts: texts)
    }

    /// What is compared with other sums of the same numbers is in float32.
    private func exact(_ settings: TrainingSettings) throws -> Trainer {
        var settings = settings
        settings.precision = .f32
        return try trainer(settings)
    }

    /// An adapter that changes something: the fresh one has B = 0.
    private func movedAdapter(_ trainer: Trainer) -> LowRankAdapter {
        var adapter = trainer.initial.adapter
        var random = RandomGenerator(seed: 5)
        for index in adapter.pairs.indices {
            for row in 0..<adapter.pairs[index].b.rows {
                for column in 0..<adapter.pairs[index].b.columns {
                    adapter.pairs[index].b[row, column] = 0.2 * random.normal()
                }
            }
        }
        return adapter
    }

    private func evaluate(
        _ trainer: Trainer, _ adapter: LowRankAdapter, step: Int = 1
    ) throws -> (value: Double, gradients: AdapterGradients) {
        var gradients = AdapterGradients(zerosLike: adapter)
        var term = try #require(trainer.anchor)
        let value = try term.add(
            adapter: adapter, encoder: try trainer.step(memoryBudget: 0).encoder, options: TrainingOptions(step: step),
            into: &gradients,
            isCancelled: { false })
        return (try #require(value), gradients)
    }

    // MARK: Value and gradient

    @Test("is nothing for the base model, and the weighted mean of 1 - cosine for another")
    func value() throws {
        let trainer = try exact(settings(batch: Self.texts.count))
        #expect(abs(try evaluate(trainer, trainer.initial.adapter).value) < 1e-5)
        let adapter = movedAdapter(trainer)
        let base = try trainer.encoder.encodeDocuments(Self.texts)
        let tuned = try trainer.encoder.adapted(by: adapter).encodeDocuments(Self.texts)
        var sum = 0.0
        for row in 0..<base.rows {
            let (a, b) = (base.row(row).map(Double.init), tuned.row(row).map(Double.init))
            func dot(_ x: [Double], _ y: [Double]) -> Double { zip(x, y).reduce(0) { $0 + $1.0 * $1.1 } }
            sum += 1 - dot(a, b) / (dot(a, a) * dot(b, b)).squareRoot()
        }
        let expected = 3 * sum / Double(base.rows)
        #expect(expected > 0.01)
        #expect(abs(try evaluate(trainer, adapter).value - expected) < 1e-4 * expected + 1e-5)
    }

    static let finiteDifference = Tolerance(absolute: 1e-4, relative: 0.02)

    @Test("has the gradient that finite differences show, in every module", arguments: [1, 2])
    func gradient(step: Int) throws {
        let trainer = try exact(settings())
        let adapter = movedAdapter(trainer)
        let gradients = try evaluate(trainer, adapter, step: step).gradients
        for index in adapter.pairs.indices {
            // Along the gradient of one matrix the derivative is its length.
            for isA in [true, false] {
                let gradient = isA ? gradients.pairs[index].a : gradients.pairs[index].b
                let length = sumOfSquares(gradient.view).squareRoot()
                #expect(length > 1e-4)
                func value(_ distance: Double) throws -> Double {
                    var moved = adapter
                    let factor = Float(distance / length)
                    if isA {
                        add(gradient.view, to: &moved.pairs[index].a, scale: factor)
                    } else {
                        add(gradient.view, to: &moved.pairs[index].b, scale: factor)
                    }
                    return try evaluate(trainer, moved, step: step).value
                }
                let reach = 1e-2
                let slope = (try value(reach) - value(-reach)) / (2 * reach)
                #expect(Self.finiteDifference.accepts(slope, length), "\(adapter.names[index]) \(slope) \(length)")
            }
        }
    }

    @Test(
        "is nothing to the bit for an adapter that changes nothing, in either precision",
        arguments: [Precision.f32, .bf16])
    func unchanged(precision: Precision) throws {
        var settings = settings(batch: 3)
        settings.precision = precision
        let trainer = try trainer(settings)
        for step in 1...5 {
            #expect(abs(try evaluate(trainer, trainer.initial.adapter, step: step).value) < 1e-6)
        }
    }

    @Test(
        "the base embedding of a text does not depend on its batch, in either precision",
        arguments: [Precision.f32, .bf16])
    func independent(precision: Precision) throws {
        var settings = settings()
        settings.precision = precision
        let trainer = try trainer(settings)
        let step = try trainer.step(memoryBudget: 0)
        let adapter = try step.encoder.bind(trainer.initial.adapter)
        let tokens = try trainer.encoder.model.tokenize(Self.texts, maxLength: 40)
        func vectors(_ texts: [Int]) throws -> [[Float]] {
            let vectors = try step.encoder.forward(
                TokenBatch(texts.map { tokens[$0] }), adapter: adapter, options: TrainingOptions(), keeps: false
            ).vectors
            return (0..<vectors.rows).map { vectors.row($0) }
        }
        let all = try vectors(Array(tokens.indices))
        for text in tokens.indices {
            #expect(try vectors([text]) == [all[text]])
            #expect(try vectors([0, text]).last == all[text])
        }
    }

    @Test("does not change with the size of the micro-batches")
    func microBatches() throws {
        var small = settings(batch: 7)
        small.microBatchTokens = 1
        let one = try exact(small)
        small.microBatchTokens = 4096
        let all = try exact(small)
        let adapter = movedAdapter(one)
        let (a, b) = (try evaluate(one, adapter), try evaluate(all, adapter))
        #expect(abs(a.value - b.value) < 1e-6)
        for (x, y) in zip(a.gradients.pairs, b.gradients.pairs) {
            #expect(
                difference(x.a.elements(), y.a.elements(), within: Tolerance(absolute: 1e-6, relative: 1e-4)) == nil)
        }
    }

    @Test("rows of any length, and rows of zeros, give finite gradients")
    func degenerate() {
        let embeddings = Matrix<Float>(rowsOf: [[3, 4], [0, 0], [0, 2]])
        let target = Matrix<Float>(rowsOf: [[0.6, 0.8], [1, 0], [1, 0]])
        let (value, gradient) = AnchorTerm.distance(of: embeddings, from: target, weight: 0.5)
        #expect(abs(value - 0.5 * (0 + 1 + 1)) < 1e-6)
        #expect(gradient.elements().allSatisfy { $0.isFinite })
        #expect(difference(gradient.row(2), [-0.25, 0], within: Tolerance(absolute: 1e-6)) == nil)
    }

    // MARK: In a run

    /// The mean cosine of tuned and base embeddings of the texts.
    private func nearness(_ trainer: Trainer, _ path: String) throws -> Double {
        let tuned = try trainer.encoder.adapted(by: LowRankAdapter(path: path)).encodeDocuments(Self.texts)
        let base = try trainer.encoder.encodeDocuments(Self.texts)
        return rowDots(tuned.view, base.view).reduce(0, +) / Double(base.rows)
    }

    @Test("keeps the embeddings of its texts nearer the base model's, the more so the greater its weight")
    func holds() throws {
        let folder = try TemporaryFolder()
        var found: [Double] = []
        for (number, weight) in [0.0, 1, 30].enumerated() {
            let recorder = Recorder()
            var settings = settings(weight: weight, batch: 7)
            if weight == 0 { settings.anchor = nil }
            let trainer = try trainer(settings)
            _ = try trainer.train(into: folder.file("run\(number)"), observer: recorder)
            // The first step is the base model's, and the term nothing.
            let told = recorder.steps.compactMap(\.anchor)
            #expect(told.count == (weight == 0 ? 0 : 9))
            #expect(told.first.map { abs($0) < 1e-4 } ?? true && told.suffix(5).allSatisfy { $0 > 1e-4 }, "\(told)")
            let logged = try TrainingRun(path: folder.file("run\(number)")).metrics.compactMap {
                $0["anchor"]?.doubleValue
            }
            #expect(logged == told)
            found.append(try nearness(trainer, folder.file("run\(number)")))
        }
        #expect(found[0] < found[1] && found[1] < found[2], "\(found)")
    }

    @Test("gives the same bits with one thread and with two, and after an interruption", arguments: [1, 4, 7])
    func reproducible(step: Int) throws {
        let folder = try TemporaryFolder()
        let trainer = try trainer(settings())
        let digests = try [1, 2].map { width in
            try ThreadPool.withWidth(width) { try trainer.train(into: folder.file("run\(width)")).adapterDigest }
        }
        #expect(digests[0] == digests[1])
        let recorder = Recorder()
        var stops = false
        recorder.atStep = { if $0 == step { stops = true } }
        let path = folder.file("resumed")
        #expect(failure { _ = try trainer.train(into: path, observer: recorder) { stops } } != nil)
        #expect(try trainer.train(into: path, start: .resuming).adapterDigest == digests[0])
    }

    @Test("is interrupted in the middle of its own passes without a trace")
    func interrupted() throws {
        let folder = try TemporaryFolder()
        var settings = settings(batch: 7)
        settings.microBatchTokens = 12
        let trainer = try trainer(settings)
        let whole = try trainer.train(into: folder.file("whole")).adapterDigest
        for limit in [20, 33, 47] {
            var questions = 0
            let path = folder.file("run\(limit)")
            let error = failure {
                _ = try trainer.train(
                    into: path,
                    isCancelled: {
                        questions += 1
                        return questions > limit
                    })
            }
            #expect(error != nil)
            #expect(try trainer.train(into: path, start: .resuming).adapterDigest == whole)
        }
    }

    @Test("is part of what a run is made of")
    func identity() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("run")
        let recorder = Recorder()
        var stops = false
        recorder.atStep = { if $0 == 2 { stops = true } }
        _ = failure { _ = try trainer(settings()).train(into: path, observer: recorder) { stops } }
        let record = try TrainingRun(path: path).record()
        #expect(record["settings"]?["anchor"]?.doubleValue == 3 && record["settings"]?["anchor-batch"]?.intValue == 4)
        #expect(record["data"]?["anchor_texts"]?.intValue == Self.texts.count)
        func refusal(_ trainer: () throws -> Trainer) -> String? {
            failure { _ = try trainer().train(into: path, start: .resuming) }?.description
        }
        #expect(refusal { try trainer(settings(weight: 2)) }?.contains("the setting anchor was 3, is now 2") == true)
        #expect(refusal { try Tiny.trainer() }?.contains("cannot be resumed") == true)
        #expect(
            refusal { try trainer(settings(), texts: Self.texts + ["new"]) }?.contains("the data's anchor_") == true)
    }

    @Test("refuses a weight that is none, and to hold on to nothing")
    func refusals() throws {
        for weight in [0, -1, Double.nan, .infinity, 1e300] {
            #expect(failure { _ = try trainer(settings(weight: weight)) }?.description.hasPrefix("anchor is") == true)
        }
        #expect(failure { _ = try trainer(settings(batch: 0)) }?.description.hasPrefix("anchor-batch is 0") == true)
        #expect(
            failure { _ = try trainer(settings(), texts: ["", "  "]) }?.description
                == "anchor-texts is empty, expected at least one text that is not blank")
    }
}
