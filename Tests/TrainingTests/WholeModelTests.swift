import Encoders
import ModelFiles
import TestSupport
import Testing
import VectorMath

@testable import Training

@Suite("Training a model's own weights")
struct WholeModelTests {
    /// Of a learning rate that moves a tiny model in nine steps.
    private static func settings(_ method: TrainingSettings.Method) -> TrainingSettings {
        var settings = Tiny.settings
        settings.method = method
        settings.layers = 1
        settings.learningRate = 1e-3
        return settings
    }

    private func train(
        _ method: TrainingSettings.Method, threads: Int = 2, memoryBudget: Int = 1 << 30
    ) throws -> (folder: TemporaryFolder, result: TrainingResult, losses: [Double]) {
        var settings = Self.settings(method)
        settings.memoryBudget = memoryBudget
        let folder = try TemporaryFolder()
        let observer = Recorder()
        let result = try ThreadPool.withWidth(threads) {
            try Tiny.trainer(settings).train(into: folder.file("run"), observer: observer)
        }
        return (folder, result, observer.steps.map(\.loss))
    }

    @Test("lowers the loss and writes a model that encodes", arguments: [TrainingSettings.Method.full, .lastLayers])
    func trains(method: TrainingSettings.Method) throws {
        let (folder, result, losses) = try train(method)
        #expect(losses.count == result.steps)
        #expect(losses.suffix(3).reduce(0, +) < losses.prefix(3).reduce(0, +))
        let run = TrainingRun(path: folder.file("run"))
        #expect(ModelReference.modelOfRun(run.path) == run.modelPath)
        let tuned = try TextEncoder(model: ModelFolder(path: run.modelPath))
        let base = try TextEncoder(model: Tiny.model())
        #expect(try tuned.encode(["where is my card?"]) != base.encode(["where is my card?"]))
        #expect(tuned.space != base.space)
    }

    @Test("leaves the blocks below the last ones as they are")
    func lastLayers() throws {
        let (folder, result, _) = try train(.lastLayers)
        let base = try Tiny.model().tensors()
        let tuned = try ModelFolder(path: TrainingRun(path: folder.file("run")).modelPath).tensors()
        for name in base.names {
            let (before, after) = try (#require(base.tensor(named: name)), #require(tuned.tensor(named: name)))
            // A key's bias moves every score of a row alike: it has no gradient, but rounding.
            guard !name.hasSuffix("key.bias") else { continue }
            #expect((before.floats() != after.floats()) == name.hasPrefix("encoder.layer.1."), "\(name)")
        }
        #expect(result.parameters < 32 * 32 * 20)
    }

    @Test(
        "gives the same bits for any number of threads and any memory budget",
        arguments: [TrainingSettings.Method.full, .lastLayers])
    func sameBits(method: TrainingSettings.Method) throws {
        let digest = try train(method).result.adapterDigest
        #expect(try train(method, threads: 1).result.adapterDigest == digest)
        #expect(try train(method, memoryBudget: 0).result.adapterDigest == digest)
    }

    @Test(
        "goes on after an interruption as if there had been none",
        arguments: [TrainingSettings.Method.full, .lastLayers])
    func resumes(method: TrainingSettings.Method) throws {
        let expected = try train(method).result.adapterDigest
        let folder = try TemporaryFolder()
        let trainer = try Tiny.trainer(Self.settings(method))
        let observer = Recorder()
        #expect(throws: TrainingError.self) {
            try trainer.train(into: folder.file("run"), observer: observer) { observer.steps.count >= 4 }
        }
        let result = try trainer.train(into: folder.file("run"), start: .resuming)
        #expect(result.adapterDigest == expected)
    }

    @Test("refuses what only an adapter has")
    func refuses() throws {
        for change: (inout TrainingSettings) -> Void in [
            { $0.dropout = 0.1 }, { $0.precision = .bf16 }, { $0.layers = 3 }, { $0.layers = 0 },
        ] {
            var settings = Self.settings(.lastLayers)
            change(&settings)
            #expect(throws: TrainingError.self) { try Tiny.trainer(settings) }
        }
    }
}
