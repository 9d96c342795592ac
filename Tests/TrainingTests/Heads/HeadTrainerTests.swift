import Corpora
import Encoders
import Files
import LowRank
import ModelFiles
import TestSupport
import Testing
import VectorMath

@testable import Training

@Suite("A run of a head on queries")
struct HeadTrainerTests {
    private static var settings: HeadTrainingSettings {
        var settings = HeadTrainingSettings()
        settings.kind = .lowRank
        settings.rank = 4
        settings.batchSize = 8
        settings.epochs = 3
        return settings
    }

    private func trainer(
        _ settings: HeadTrainingSettings = settings, tuples: [TrainingTuple] = Tiny.tuples, adapter: String? = nil
    ) throws -> HeadTrainer {
        try HeadTrainer(
            model: Tiny.model(), baseName: "example/tiny-bert", adapter: adapter, tuples: tuples,
            dataName: "tiny pairs", settings: settings, precision: .f32)
    }

    @Test("leaves a head that an encoder carries, a record, a line a step and a card")
    func folder() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("run")
        let recorder = Recorder()
        let result = try trainer().train(into: path, cache: nil, observer: recorder)
        #expect(
            try folder.files.sorted()
                == ["README.md", "head.safetensors", "head_config.json", "metrics.jsonl", "run.json"].map {
                    "run/" + $0
                })
        let base = try TextEncoder(model: Tiny.model())
        let head = try HeadFolder(path: path)
        #expect(head.side == .query && head.source == base.space && head.target == base.space)
        #expect(head.baseModel == "example/tiny-bert" && head.adapter == nil)
        #expect(try base.with(head: head).space == base.space)

        let run = TrainingRun(path: path)
        #expect(try run.state() == .finished)
        let record = try run.record()
        #expect(record["settings"]?["method"]?.stringValue == "query-head")
        #expect(record["settings"]?["head"]?.stringValue == "low-rank")
        #expect(record["model"]?["space"]?.stringValue == base.space.digest)
        #expect(record["result"]?["head_sha256"]?.stringValue == head.head.digest)
        #expect(record["result"]?["parameters"]?.intValue == 4 * 32 * 2 + 32)
        #expect(result.parameters == 288 && result.steps == recorder.steps.count)
        #expect(try run.metrics.count == result.steps)
        let card = try readText(run.cardPath)
        #expect(card.contains("example/tiny-bert") && card.contains("tiny pairs"))
        #expect(card.contains("base_model: \"example/tiny-bert\""))
    }

    @Test("gives the same head on one thread and on two, with a cache and without")
    func sameBits() throws {
        let folder = try TemporaryFolder()
        let cache = VectorCache(folder: folder.file("cache"), byteLimit: 1 << 20)
        func train(_ name: String, _ threads: Int, _ cache: VectorCache?) throws -> [UInt8] {
            try ThreadPool.withWidth(threads) {
                _ = try trainer().train(into: folder.file(name), cache: cache)
                return try readFile(folder.file(name) + "/head.safetensors")
            }
        }
        let expected = try train("one", 1, nil)
        #expect(try train("two", 2, nil) == expected)
        #expect(try train("three", 2, cache) == expected && train("four", 2, cache) == expected)
    }

    @Test("sits on an adapter where it is told to, and names it")
    func onAdapter() throws {
        let folder = try TemporaryFolder()
        let adapter = SharedData.tinyBERT + "/peft_adapter"
        _ = try trainer(adapter: adapter).train(into: folder.file("run"), cache: nil)
        let head = try HeadFolder(path: folder.file("run"))
        let adapted = try TextEncoder(model: Tiny.model(), adapter: AdapterFolder(path: adapter))
        #expect(head.adapter == adapter && head.source == adapted.space)
        #expect(throws: EncodersError.self) { try TextEncoder(model: Tiny.model()).with(head: head) }
    }

    @Test("answers, duplicates and groups of the data are no negatives")
    func data() throws {
        let tuples = [
            TrainingTuple(anchor: "the cat", positive: "a mat", negatives: ["a bank"], group: "x"),
            TrainingTuple(anchor: "the dog", positive: "The cat sat.", group: "x"),
            TrainingTuple(anchor: "the cat", positive: "the money"),
            TrainingTuple(anchor: "to search", positive: "a mat"),
        ]
        let encoder = try TextEncoder(model: Tiny.model())
        let data = try HeadData(tuples, encoder: encoder, cache: nil, maxLength: 32, progress: nil)
        #expect(data.queries.rows == 3 && data.documents.rows == 4)
        #expect(data.rows.map(\.query) == [0, 1, 0, 2])
        #expect(data.rows.map(\.document) == [0, 1, 2, 0])
        #expect(data.rows.map(\.negatives) == [[3], [], [], []])
        // The cat's other answer and the group's; the group's; the cat's other answer; none.
        #expect(data.rows.map(\.masked) == [[1, 2], [0], [0], []])
        let vectors = try encoder.encodeDocuments(["a mat", "The cat sat.", "the money", "a bank"])
        #expect(largestDifference(data.documents.elements(), vectors.elements()) < 1e-6)
    }

    @Test("refuses settings that no run can be made with, by their flags")
    func refuses() {
        let changes: [(name: String, change: (inout HeadTrainingSettings) -> Void)] = [
            ("rank", { $0.rank = 0 }), ("head-hidden", { $0.hidden = 0 }), ("lr", { $0.learningRate = -1 }),
            ("head-start", { ($0.kind, $0.start) = (.twoLayer, .ridge) }),
            ("head-start", { ($0.heldOut, $0.start) = (0, .ridge) }), ("held-out", { $0.heldOut = 1 }),
            ("batch-size", { $0.batchSize = 1 }), ("epochs", { $0.epochs = 0 }), ("scale", { $0.scale = 0 }),
            ("patience", { $0.patience = 0 }), ("rank", { $0.rank = 33 }),
        ]
        for (name, change) in changes {
            var settings = Self.settings
            change(&settings)
            #expect(errorMessage { try trainer(settings) }?.hasPrefix(name + " is ") == true, "\(name)")
        }
    }

    @Test("refuses one pair, a folder that is there, and to resume; an interrupted run says so")
    func states() throws {
        #expect(
            errorMessage { try trainer(tuples: Array(Tiny.tuples.prefix(1))) }?.contains("expected at least 2") == true)
        let folder = try TemporaryFolder()
        let path = folder.file("run")
        #expect(
            errorMessage { try trainer().train(into: path, start: .resuming, cache: nil) }?.hasPrefix("resume is on")
                == true)
        #expect(
            errorMessage { try trainer().train(into: path, cache: nil, isCancelled: { true }) }
                == "interrupted after step 0, before there was anything to keep")
        #expect(try TrainingRun(path: path).state() == .interrupted)
        #expect(!HeadFolder.isPresent(in: path))
        #expect(errorMessage { try trainer().train(into: path, cache: nil) }?.contains("--force") == true)
        _ = try trainer().train(into: path, start: .replacing, cache: nil)
        #expect(try TrainingRun(path: path).state() == .finished)
    }

    @Test("a trainer of the encoder refuses the method and a model that has a head")
    func wrongTrainer() throws {
        var settings = Tiny.settings
        settings.method = .queryHead
        #expect(errorMessage { try Tiny.trainer(settings) }?.hasPrefix("method is query-head") == true)
        let folder = try TemporaryFolder()
        let head = EmbeddingHead(AffineMap(weight: normalMatrix(32, 32, seed: 1)))
        let model = try Tiny.model()
        try model.write(to: folder.file("m"), tail: head.tail(for: .query, normalizes: model.normalizes))
        let headed = try ModelFolder(path: folder.file("m"))
        #expect(
            errorMessage { try Trainer(model: headed, tuples: Tiny.tuples) }
                == "\(headed.path): training below a model's head is not implemented")
        #expect(errorMessage { try HeadTrainer(model: headed, tuples: Tiny.tuples) } != nil)
    }
}
