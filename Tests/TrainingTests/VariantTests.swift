import Corpora
import Encoders
import Files
import LowRank
import ModelFiles
import TestSupport
import Testing
import VectorMath

@testable import Training

@Suite("Variants of LoRA in a run")
struct VariantTests {
    /// Of a text's vector: another order of the same sums.
    static let rounding: Float = 2e-5

    private func settings(_ variant: TrainingSettings.Variant) -> TrainingSettings {
        var settings = Tiny.settings
        settings.variant = variant
        return settings
    }

    private func vectors(_ adapter: LowRankAdapter?) throws -> Matrix<Float> {
        try TextEncoder(model: Tiny.model(), adapter: adapter).encode(Tiny.tuples.map(\.anchor))
    }

    private func largestDifference(_ one: Matrix<Float>, _ other: Matrix<Float>) -> Float {
        zip(one.elements(), other.elements()).reduce(0) { max($0, abs($1.0 - $1.1)) }
    }

    @Test("what takes its start from the base begins as the base", arguments: [TrainingSettings.Variant.pissa, .olora])
    func beginsAsBase(variant: TrainingSettings.Variant) throws {
        var settings = settings(variant)
        settings.precision = .f32
        let trainer = try Tiny.trainer(settings)
        let start = trainer.initial.adapter
        let batch = TokenBatch(try trainer.encoder.model.tokenize(Tiny.tuples.map(\.anchor)))
        let packed = try #require(try trainer.packedEncoder)
        let found = try packed.forward(batch, adapter: packed.bind(start), options: TrainingOptions(), keeps: false)
        let base = try trainer.encoder.model.embed(batch)
        #expect(largestDifference(found.vectors, base) < Self.rounding)
        // The product is no small part of it.
        let bare = try packed.forward(
            batch, adapter: packed.bind(start.dialled(to: 0)), options: TrainingOptions(), keeps: false)
        #expect(largestDifference(bare.vectors, base) > 100 * Self.rounding)
    }

    @Test("what is written fits the untouched base", arguments: [TrainingSettings.Variant.pissa, .olora])
    func written(variant: TrainingSettings.Variant) throws {
        let folder = try TemporaryFolder()
        var settings = settings(variant)
        settings.precision = .f32
        let trainer = try Tiny.trainer(settings)
        let result = try trainer.train(into: folder.file("run"))
        let written = try LowRankAdapter(path: result.path)
        #expect(written.configuration.rank == 2 * settings.rank && written.configuration.alpha == 2 * settings.alpha)
        #expect(result.parameters == trainer.initial.trained.parameterCount)
        #expect(result.parameters == written.parameterCount / 2)
        #expect(try TrainingRun(path: result.path).record()["settings"]?["variant"]?.stringValue == variant.rawValue)
        // The lower halves are what the adapter began with: without the upper ones, the adapter is its opposite.
        let start = trainer.initial.adapter
        var end = start
        for index in start.pairs.indices {
            let rank = start.pairs[index].rank
            #expect(Matrix(copying: written.pairs[index].a[rows: rank..<2 * rank]) == start.pairs[index].a)
            end.pairs[index].a = Matrix(copying: written.pairs[index].a[rows: 0..<rank])
            end.pairs[index].b = Matrix(copying: written.pairs[index].b.view.columns(0..<rank))
        }
        let batch = TokenBatch(try trainer.encoder.model.tokenize(Tiny.tuples.map(\.anchor)))
        let packed = try #require(try trainer.packedEncoder)
        let trained = try packed.forward(batch, adapter: packed.bind(end), options: TrainingOptions(), keeps: false)
        #expect(largestDifference(trained.vectors, try vectors(written)) < Self.rounding)
        #expect(largestDifference(trained.vectors, try vectors(nil)) > 100 * Self.rounding)
    }

    @Test("DoRA begins as the base, trains the lengths of rows, and is applied as it was trained")
    func stretched() throws {
        let folder = try TemporaryFolder()
        var settings = settings(.dora)
        settings.precision = .f32
        let trainer = try Tiny.trainer(settings)
        let start = trainer.initial.adapter
        let batch = TokenBatch(try trainer.encoder.model.tokenize(Tiny.tuples.map(\.anchor)))
        let packed = try #require(try trainer.packedEncoder)
        func trained(_ adapter: LowRankAdapter) throws -> Matrix<Float> {
            try packed.forward(batch, adapter: packed.bind(adapter), options: TrainingOptions(), keeps: false).vectors
        }
        #expect(largestDifference(try trained(start), try vectors(nil)) < Self.rounding)
        let result = try trainer.train(into: folder.file("run"))
        let written = try LowRankAdapter(path: result.path)
        #expect(written.configuration.useDoRA && written.pairs.allSatisfy { $0.magnitude != nil })
        #expect(result.parameters == written.parameterCount)
        for (one, other) in zip(start.pairs, written.pairs) { #expect(one.magnitude != other.magnitude) }
        #expect(largestDifference(try trained(written), try vectors(written)) < Self.rounding)
        #expect(largestDifference(try trained(written), try vectors(nil)) > 100 * Self.rounding)
    }

    @Test(
        "biases train along, are written as PEFT does, and are applied as they were trained",
        arguments: [AdapterBias.all, .loraOnly], [TrainingSettings.Variant.lora, .olora, .dora])
    func biases(bias: AdapterBias, variant: TrainingSettings.Variant) throws {
        let folder = try TemporaryFolder()
        var settings = settings(variant)
        settings.precision = .f32
        settings.bias = bias
        let trainer = try Tiny.trainer(settings)
        let result = try trainer.train(into: folder.file("run"))
        let written = try LowRankAdapter(path: result.path)
        #expect(written.configuration.bias == bias)
        let base = trainer.encoder.model.encoder.biases
        // PEFT's file of all biases has the pooler's too, as it is in the base.
        #expect(written.biases.count == (bias == .all ? base.count + 1 : written.names.count))
        #expect(
            written.biases["pooler.dense.bias"]
                == (bias == .all
                    ? try Tiny.model().tensors().tensor(named: "pooler.dense.bias")?.floats() : nil)
        )
        let moving = written.biases.filter { !$0.key.hasSuffix("key.bias") && !$0.key.hasPrefix("pooler") }
        #expect(moving.allSatisfy { $0.value != base[$0.key] })
        #expect(result.parameters == trainer.initial.trained.parameterCount)
        var without = written
        without.biases = [:]
        without.configuration.bias = .none
        #expect(largestDifference(try vectors(written), try vectors(without)) > 100 * Self.rounding)
        let record = try TrainingRun(path: result.path).record()["settings"]
        #expect(record?["bias"]?.stringValue == bias.rawValue)
    }

    @Test("modules are chosen by a regular expression, as in PEFT's configuration")
    func pattern() throws {
        let folder = try TemporaryFolder()
        var settings = Tiny.settings
        settings.targetPattern = #".*\.1\.(attention\.self\.key|output\.dense)"#
        settings.maxSteps = 2
        let adapter = try AdapterFolder(path: Tiny.trainer(settings).train(into: folder.file("run")).path)
        #expect(
            Set(adapter.modules.keys) == ["encoder.layer.1.attention.self.key", "encoder.layer.1.output.dense"])
        #expect(adapter.configuration.targets == .pattern(settings.targetPattern!))
    }

    @Test("the strength of DoRA cannot be dialled, and that is said before the run")
    func noDial() throws {
        struct Nothing: DevelopmentEvaluator {
            var metric: String { "none" }
            func evaluate(_ encoder: TextEncoder) throws -> [String: Double] { ["none": 0] }
        }
        let folder = try TemporaryFolder()
        let dial = try StrengthDial(domain: Nothing(), canary: Nothing())
        let error = failure {
            _ = try Tiny.trainer(settings(.dora)).train(into: folder.file("run"), evaluator: Nothing(), dial: dial)
        }
        #expect(error?.description.hasPrefix("dial is set") == true, "\(String(describing: error))")
        #expect(!FileSystem.exists(folder.file("run")))
        let base = try TextEncoder(model: Tiny.model())
        let start = try Tiny.trainer(settings(.dora)).initial.adapter
        #expect(
            failure { _ = try dial.sweep(start, base: base) }?.description.contains("the magnitudes of DoRA") == true)
    }

    @Test("LoRA+ trains B faster, and A as before")
    func ratio() throws {
        func adapter(_ ratio: Double) throws -> LowRankAdapter {
            let folder = try TemporaryFolder()
            var settings = Tiny.settings
            settings.maxSteps = 1
            settings.warmup = 0
            settings.learningRateRatio = ratio
            return try LowRankAdapter(path: Tiny.trainer(settings).train(into: folder.file("run")).path)
        }
        let (plain, fast) = (try adapter(1), try adapter(4))
        for (one, other) in zip(plain.pairs, fast.pairs) {
            #expect(one.a == other.a)
            var scaled = one.b
            scale(&scaled, by: 4)
            // B begins as zero: the first step is its learning rate times a direction.
            #expect(largestDifference(scaled, other.b) < 1e-6 && largestDifference(one.b, other.b) > 1e-3)
        }
    }

    @Test("exceptions and chosen blocks are in PEFT's configuration and in the record")
    func exceptions() throws {
        let folder = try TemporaryFolder()
        var settings = Tiny.settings
        settings.targets = ["all-linear"]
        settings.layersToTransform = [1]
        settings.rankPattern = ["query": 2, "layer.1.output.dense": 3]
        settings.alphaPattern = ["value": 5]
        settings.maxSteps = 2
        let result = try Tiny.trainer(settings).train(into: folder.file("run"))
        let adapter = try AdapterFolder(path: result.path)
        #expect(adapter.modules.count == 6 && adapter.modules.keys.allSatisfy { $0.hasPrefix("encoder.layer.1.") })
        #expect(adapter.modules["encoder.layer.1.attention.self.query"]?.a.rows == 2)
        #expect(adapter.modules["encoder.layer.1.output.dense"]?.a.rows == 3)
        #expect(adapter.modules["encoder.layer.1.attention.output.dense"]?.a.rows == 4)
        #expect(adapter.configuration.scaling(of: "encoder.layer.1.attention.self.value") == 5.0 / 4)
        #expect(adapter.configuration.layersToTransform == [1])
        let recorded = try TrainingRun(path: result.path).record()["settings"]
        #expect(recorded?["rank-pattern"]?["query"]?.intValue == 2)
        #expect(recorded?["alpha-pattern"]?["value"]?.intValue == 5)
        #expect(recorded?["layers-to-transform"] == [1])
        #expect(recorded?["lr-ratio"] == .null)
    }

    static let refused: [(message: String, change: @Sendable (inout TrainingSettings) -> Void)] = [
        ("lr-ratio is 0.0", { $0.learningRateRatio = 0 }),
        ("lr-ratio is nan", { $0.learningRateRatio = .nan }),
        ("lr-ratio is 2.0", { ($0.method, $0.learningRateRatio) = (.full, 2) }),
        ("variant is pissa", { ($0.method, $0.variant) = (.lastLayers, .pissa) }),
        ("pissa-iterations is 4", { $0.pissaIterations = 4 }),
        ("pissa-iterations is -1", { ($0.variant, $0.pissaIterations) = (.pissa, -1) }),
        ("rank-pattern is query=0", { $0.rankPattern = ["query": 0] }),
        ("alpha-pattern is query=nan", { $0.alphaPattern = ["query": .nan] }),
        ("layers-to-transform is [-1]", { $0.layersToTransform = [-1] }),
        ("rank-pattern is key, expected the end", { $0.rankPattern = ["key": 2] }),
        ("alpha-pattern is layer.9.*, expected the end", { $0.alphaPattern = ["layer.9.*": 2] }),
        (
            "rank-pattern is layer.0.*query and query for encoder.layer.0",
            { $0.rankPattern = ["query": 2, "layer.0.*query": 3] }
        ),
        ("adapter target pattern \"[\"", { $0.rankPattern = ["[": 2] }),
        ("adapter target \"layer 7\"", { $0.layersToTransform = [7] }),
        ("bias is all, expected none", { ($0.method, $0.bias) = (.full, .all) }),
        ("target-pattern is query, expected nothing", { ($0.targetPattern, $0.targets) = ("query", ["key"]) }),
        ("adapter target \"nothing\"", { $0.targetPattern = "nothing" }),
        ("adapter target pattern \"[\"", { $0.targetPattern = "[" }),
        ("rank 40 of module encoder.layer.0.attention.self.query", { $0.rankPattern = ["query": 40] }),
    ]

    @Test("what makes no sense is refused by its name", arguments: refused.indices)
    func refusals(index: Int) throws {
        var settings = Tiny.settings
        Self.refused[index].change(&settings)
        let error = try #require(failure { _ = try Tiny.trainer(settings) })
        #expect(error.description.contains(Self.refused[index].message), "\(error)")
    }

    @Test(
        "a run that was interrupted gives the bits of one that was not",
        arguments: ["pissa", "olora", "loraplus", "dora", "bias"])
    func resume(name: String) throws {
        let folder = try TemporaryFolder()
        var settings = Tiny.settings
        switch name {
        case "loraplus": settings.learningRateRatio = 8
        case "bias": settings.bias = .all
        case "pissa": (settings.variant, settings.pissaIterations) = (.pissa, 3)
        default: settings.variant = try #require(TrainingSettings.Variant(rawValue: name))
        }
        settings.dropout = 0.1
        let whole = TrainingRun(path: try Tiny.trainer(settings).train(into: folder.file("whole")).path)
        let run = TrainingRun(path: folder.file("run"))
        let recorder = Recorder()
        var stops = false
        recorder.atStep = { if $0 == 5 { stops = true } }
        let error = failure {
            _ = try Tiny.trainer(settings).train(into: run.path, observer: recorder, isCancelled: { stops })
        }
        guard case .interrupted(5, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        var other = settings
        other.learningRateRatio *= 2
        let refused = failure { _ = try Tiny.trainer(other).train(into: run.path, start: .resuming) }
        guard case .resumeMismatch(_, "the setting lr-ratio", _, _) = refused else {
            Issue.record("\(String(describing: refused))")
            return
        }
        _ = try ThreadPool.withWidth(1) { try Tiny.trainer(settings).train(into: run.path, start: .resuming) }
        #expect(try run.tensors == whole.tensors)
        #expect(try run.metrics == whole.metrics)
    }

    @Test(
        "an anchor measures from the base, not from what is left of it",
        arguments: [TrainingSettings.Variant.pissa, .dora])
    func anchor(variant: TrainingSettings.Variant) throws {
        var settings = settings(variant)
        settings.precision = .f32
        settings.anchor = AnchorSettings(weight: 1, batchSize: 4)
        let trainer = try Trainer(
            model: Tiny.model(), tuples: Tiny.tuples, settings: settings, anchorTexts: ["the cat", "a dog", "money"])
        let packed = try #require(try trainer.packedEncoder)
        var term = try #require(trainer.anchor)
        let start = trainer.initial.adapter
        var gradients = AdapterGradients(zerosLike: start)
        let value = try term.add(
            adapter: start, start: start, encoder: packed, options: TrainingOptions(step: 1), into: &gradients,
            isCancelled: { false })
        #expect(abs(try #require(value)) < 1e-6)
    }
}
