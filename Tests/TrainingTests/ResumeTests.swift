import Corpora
import Files
import ModelFiles
import TestSupport
import Testing
import VectorMath

@testable import Training

#if canImport(Glibc)
    import Glibc
#endif

@Suite("Resuming a run")
struct ResumeTests {
    /// A run that nothing interrupted.
    private func uninterrupted(_ settings: TrainingSettings, in folder: TemporaryFolder) throws -> TrainingRun {
        TrainingRun(path: try Tiny.trainer(settings).train(into: folder.file("whole")).path)
    }

    private func expectSame(_ resumed: TrainingRun, as whole: TrainingRun) throws {
        #expect(try resumed.tensors == whole.tensors)
        #expect(try resumed.metrics == whole.metrics)
        #expect(try resumed.state() == .finished)
        #expect(
            try resumed.record()["result"]?["adapter_sha256"] == whole.record()["result"]?["adapter_sha256"])
    }

    @Test("gives the bits of a run that was never interrupted", arguments: 0...9, [0, 2])
    func afterInterruption(step: Int, checkpointEvery: Int) throws {
        let folder = try TemporaryFolder()
        var settings = Tiny.settings
        settings.checkpointEvery = checkpointEvery
        settings.dropout = 0.1
        let whole = try uninterrupted(settings, in: folder)
        let run = TrainingRun(path: folder.file("run"))
        let recorder = Recorder()
        var stops = step == 0
        recorder.atStep = { if $0 == step { stops = true } }
        let error = failure {
            _ = try Tiny.trainer(settings).train(
                into: run.path, observer: recorder, isCancelled: { stops })
        }
        if step == 9 {
            // It was asked to stop when there was nothing left to do.
            #expect(error == nil)
            try expectSame(run, as: whole)
            return
        }
        guard case .interrupted(step, let checkpoint) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(checkpoint == (step == 0 ? nil : run.path + "/checkpoints/step-\(step)"))
        #expect(try run.state() == .interrupted)
        #expect(!FileSystem.exists(run.tensorsPath))
        _ = try Tiny.trainer(settings).train(into: run.path, start: .resuming)
        try expectSame(run, as: whole)
        #expect(try run.record()["resumed"]?.arrayValue?.count == 1)
    }

    @Test("gives the same bits when it is interrupted in the middle of steps, again and again")
    func interruptedOften() throws {
        let folder = try TemporaryFolder()
        let whole = try uninterrupted(Tiny.settings, in: folder)
        let run = TrainingRun(path: folder.file("run"))
        let trainer = try Tiny.trainer()
        var start = TrainingRun.Start.new
        var attempts = 0
        while true {
            attempts += 1
            try #require(attempts < 100)
            // Each attempt gets a little further than a step.
            var questions = 0
            let error = failure {
                _ = try trainer.train(into: run.path, start: start) {
                    questions += 1
                    return questions > 13 + attempts % 5
                }
            }
            guard let error else { break }
            guard case .interrupted = error else {
                Issue.record("\(error)")
                return
            }
            start = .resuming
        }
        #expect(attempts > 3)
        try expectSame(run, as: whole)
    }

    @Test("gives the same bits after its process was killed", arguments: [1, 2, 5, 8])
    func killed(step: Int) async throws {
        let folder = try TemporaryFolder()
        let whole = try uninterrupted(Tiny.settings, in: folder)
        let run = TrainingRun(path: folder.file("run"))
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = run.path as String, step = step as Int] in
            let recorder = Recorder()
            recorder.atStep = { if $0 == step { kill(getpid(), SIGKILL) } }
            _ = try Tiny.trainer().train(into: path, observer: recorder)
        }
        #expect(try run.state() == .running)
        let recorder = Recorder()
        _ = try Tiny.trainer().train(into: run.path, start: .resuming, observer: recorder)
        // Killed after the step and before its line and its checkpoint.
        #expect(recorder.steps.first?.step == (step - 1) / 2 * 2 + 1)
        #expect(recorder.warnings.isEmpty == (step > 2))
        try expectSame(run, as: whole)
    }

    @Test("goes on with any number of threads and any memory budget")
    func otherMachineSettings() throws {
        let folder = try TemporaryFolder()
        let whole = try uninterrupted(Tiny.settings, in: folder)
        let run = TrainingRun(path: folder.file("run"))
        interrupt(run, after: 4)
        var settings = Tiny.settings
        settings.memoryBudget = 0
        settings.checkpointEvery = 3
        _ = try ThreadPool.withWidth(1) { try Tiny.trainer(settings).train(into: run.path, start: .resuming) }
        try expectSame(run, as: whole)
    }

    @Test("keeps the newest two checkpoints")
    func keepsTwo() throws {
        let folder = try TemporaryFolder()
        let whole = try uninterrupted(Tiny.settings, in: folder)
        #expect(try FileSystem.names(in: whole.checkpointsPath) == ["step-6", "step-8"])
    }

    // MARK: Damage

    /// Runs until some steps are done, and stops as a user does.
    private func interrupt(_ run: TrainingRun, after step: Int, start: TrainingRun.Start = .new) {
        let recorder = Recorder()
        var stops = false
        recorder.atStep = { if $0 == step { stops = true } }
        let error = failure {
            _ = try Tiny.trainer().train(into: run.path, start: start, observer: recorder) { stops }
        }
        guard case .interrupted(step, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    private func flipBit(in path: String) throws {
        var bytes = try readFile(path)
        bytes[bytes.count / 2] ^= 1
        try writeFile(bytes, to: path)
    }

    static let damagedFiles = ["trained.safetensors", "optimizer.safetensors", "state.json", "checksums.json"]

    @Test("falls back to the checkpoint before a damaged one, and says so", arguments: damagedFiles, [true, false])
    func fallsBack(file: String, isCut: Bool) throws {
        let folder = try TemporaryFolder()
        let whole = try uninterrupted(Tiny.settings, in: folder)
        let run = TrainingRun(path: folder.file("run"))
        interrupt(run, after: 5)
        let path = run.checkpointsPath + "/step-5/" + file
        if isCut {
            try writeFile(Array(readFile(path).dropLast(3)), to: path)
        } else {
            try flipBit(in: path)
        }
        let recorder = Recorder()
        _ = try Tiny.trainer().train(into: run.path, start: .resuming, observer: recorder)
        #expect(recorder.steps.first?.step == 5)
        #expect(recorder.warnings.count == 1)
        #expect(recorder.warnings.first?.contains("step-5") == true)
        try expectSame(run, as: whole)
    }

    @Test("falls back when a file of the newest checkpoint is gone")
    func fallsBackWithoutFile() throws {
        let folder = try TemporaryFolder()
        let whole = try uninterrupted(Tiny.settings, in: folder)
        let run = TrainingRun(path: folder.file("run"))
        interrupt(run, after: 5)
        try FileSystem.remove(run.checkpointsPath + "/step-5/optimizer.safetensors")
        _ = try Tiny.trainer().train(into: run.path, start: .resuming)
        try expectSame(run, as: whole)
    }

    @Test("refuses when every checkpoint is damaged, and touches nothing")
    func allDamaged() throws {
        let folder = try TemporaryFolder()
        let run = TrainingRun(path: folder.file("run"))
        interrupt(run, after: 5)
        for name in try FileSystem.names(in: run.checkpointsPath) {
            try flipBit(in: run.checkpointsPath + "/" + name + "/trained.safetensors")
        }
        let before = try readFile(run.recordPath)
        let metrics = try readFile(run.metricsPath)
        let error = failure { _ = try Tiny.trainer().train(into: run.path, start: .resuming) }
        guard case .noValidCheckpoint(run.checkpointsPath, let reasons) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reasons.count == 2)
        #expect(try readFile(run.recordPath) == before)
        #expect(try readFile(run.metricsPath) == metrics)
    }

    @Test("goes on without lines of the log that were lost, and says so")
    func lostLog() throws {
        let folder = try TemporaryFolder()
        let whole = try uninterrupted(Tiny.settings, in: folder)
        let run = TrainingRun(path: folder.file("run"))
        interrupt(run, after: 5)
        try FileSystem.remove(run.metricsPath)
        let recorder = Recorder()
        _ = try Tiny.trainer().train(into: run.path, start: .resuming, observer: recorder)
        #expect(recorder.warnings.count == 1)
        #expect(try run.tensors == whole.tensors)
        #expect(try run.metrics == Array(whole.metrics.suffix(4)))
    }

    @Test("drops a line of the log that was cut short")
    func cutLog() throws {
        let folder = try TemporaryFolder()
        let whole = try uninterrupted(Tiny.settings, in: folder)
        let run = TrainingRun(path: folder.file("run"))
        interrupt(run, after: 4)
        try writeFile(readFile(run.metricsPath) + Array("{\"step\":5,\"lo".utf8), to: run.metricsPath)
        _ = try Tiny.trainer().train(into: run.path, start: .resuming)
        try expectSame(run, as: whole)
    }

    // MARK: Another run

    private func resumeError(_ run: TrainingRun, _ trainer: () throws -> Trainer) throws -> TrainingError {
        let files = try FileSystem.list(run.path)
        let record = try readFile(run.recordPath)
        let error = try #require(failure { _ = try trainer().train(into: run.path, start: .resuming) })
        #expect(try FileSystem.list(run.path) == files)
        #expect(try readFile(run.recordPath) == record)
        return error
    }

    @Test("refuses other data", arguments: [0, 3])
    func otherData(after step: Int) throws {
        let folder = try TemporaryFolder()
        let run = TrainingRun(path: folder.file("run"))
        if step > 0 {
            interrupt(run, after: step)
        } else {
            _ = failure { _ = try Tiny.trainer().train(into: run.path) { true } }
        }
        var tuples = Tiny.tuples
        tuples[3].positive += "!"
        let error = try resumeError(run) { try Tiny.trainer(tuples: tuples) }
        guard case .resumeMismatch(_, "the data's sha256", let recorded, let found) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(recorded != found)
        #expect(error.description.contains("cannot be resumed"))
    }

    @Test("refuses data in another order, and texts that were moved from one column to the other")
    func otherOrder() throws {
        let folder = try TemporaryFolder()
        let run = TrainingRun(path: folder.file("run"))
        interrupt(run, after: 3)
        var swapped = Tiny.tuples
        swapped.swapAt(0, 1)
        var moved = Tiny.tuples
        (moved[1].anchor, moved[1].positive) = (moved[1].positive, moved[1].anchor)
        for tuples in [swapped, moved] {
            let error = try resumeError(run) { try Tiny.trainer(tuples: tuples) }
            guard case .resumeMismatch(_, "the data's sha256", _, _) = error else {
                Issue.record("\(error)")
                continue
            }
        }
    }

    static let changes: [(name: String, change: @Sendable (inout TrainingSettings) -> Void)] = [
        ("lr", { $0.learningRate = 2e-2 }), ("rank", { $0.rank = 2 }), ("alpha", { $0.alpha = 4 }),
        ("seed", { $0.seed = 8 }), ("epochs", { $0.epochs = 4 }), ("batch-size", { $0.batchSize = 4 }),
        ("schedule", { $0.schedule = .cosine }), ("targets", { $0.targets = ["all-linear"] }),
        ("micro-batch-tokens", { $0.microBatchTokens = 50 }), ("scale", { $0.scale = 10 }),
        ("weight-decay", { $0.weightDecay = 0 }), ("variant", { $0.variant = .rslora }),
        ("max-steps", { $0.maxSteps = 20 }), ("dropout", { $0.dropout = 0.5 }), ("warmup", { $0.warmup = 0 }),
        ("max-grad-norm", { $0.maxGradientNorm = 0.05 }),
    ]

    @Test("refuses other settings, by their names", arguments: changes.indices)
    func otherSettings(_ index: Int) throws {
        let folder = try TemporaryFolder()
        let run = TrainingRun(path: folder.file("run"))
        interrupt(run, after: 3)
        var settings = Tiny.settings
        Self.changes[index].change(&settings)
        let error = try resumeError(run) { try Tiny.trainer(settings) }
        guard case .resumeMismatch(_, let what, _, _) = error else {
            Issue.record("\(error)")
            return
        }
        #expect(what == "the setting " + Self.changes[index].name)
    }

    @Test("refuses another base model, and takes the same one from another place")
    func otherModel() throws {
        let folder = try TemporaryFolder()
        let whole = try uninterrupted(Tiny.settings, in: folder)
        let run = TrainingRun(path: folder.file("run"))
        interrupt(run, after: 3)
        for name in try FileSystem.list(Tiny.modelPath) {
            try folder.write(readFile(Tiny.modelPath + "/" + name), to: "model/" + name)
        }
        func trainer() throws -> Trainer {
            try Trainer(
                model: ModelFolder(path: folder.file("model")), baseName: "example/tiny-bert", tuples: Tiny.tuples,
                dataName: "tiny pairs", settings: Tiny.settings)
        }
        let weights = folder.file("model/model.safetensors")
        var bytes = try readFile(weights)
        bytes[bytes.count - 2] ^= 1
        try writeFile(bytes, to: weights)
        let error = try resumeError(run, trainer)
        guard case .resumeMismatch(_, "the base model's space", _, _) = error else {
            Issue.record("\(error)")
            return
        }
        bytes[bytes.count - 2] ^= 1
        try writeFile(bytes, to: weights)
        _ = try trainer().train(into: run.path, start: .resuming)
        try expectSame(run, as: whole)
    }
}
