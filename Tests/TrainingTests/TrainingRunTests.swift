import Files
import TestSupport
import Testing

@testable import Training

@Suite("The folder of a run")
struct TrainingRunTests {
    private func train(_ path: String, _ start: TrainingRun.Start) throws {
        var settings = Tiny.settings
        settings.epochs = 1
        _ = try Tiny.trainer(settings).train(into: path, start: start)
    }

    @Test("is made with the folders above it, and may be there when it is empty")
    func made() throws {
        let folder = try TemporaryFolder()
        try train(folder.file("a/b/run"), .new)
        #expect(try TrainingRun(path: folder.file("a/b/run")).state() == .finished)
        try FileSystem.makeDirectory(folder.file("empty"))
        try train(folder.file("empty"), .new)
        #expect(try TrainingRun(path: folder.file("empty")).state() == .finished)
    }

    @Test("says that it is running while it is")
    func running() throws {
        let folder = try TemporaryFolder()
        let run = TrainingRun(path: folder.file("run"))
        let recorder = Recorder()
        var states: [TrainingRun.State?] = []
        recorder.atStep = { _ in states.append(try? run.state()) }
        _ = try Tiny.trainer().train(into: run.path, observer: recorder)
        #expect(states == Array(repeating: .running, count: 9))
    }

    @Test("is not replaced unless that is asked for")
    func exists() throws {
        let folder = try TemporaryFolder()
        let run = TrainingRun(path: folder.file("run"))
        try train(run.path, .new)
        let tensors = try run.tensors
        let error = failure { try train(run.path, .new) }
        guard case .runExists(run.path) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(error?.description.contains("--force") == true)
        #expect(try run.tensors == tensors)
        try folder.write("left over", to: "run/checkpoints/step-99/state.json")
        try train(run.path, .replacing)
        #expect(try run.tensors == tensors)
        #expect(try FileSystem.names(in: run.checkpointsPath) == ["step-2"])
    }

    @Test("never replaces what is no run", arguments: [TrainingRun.Start.new, .replacing])
    func notARun(_ start: TrainingRun.Start) throws {
        let folder = try TemporaryFolder()
        try folder.write("precious", to: "home/letter.txt")
        let error = failure { try train(folder.file("home"), start) }
        guard case .notARun = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try folder.files == ["home/letter.txt"])
        #expect(failure { try train(folder.file("home/letter.txt"), start) } != nil)
        #expect(try readText(folder.file("home/letter.txt")) == "precious")
    }

    @Test("replaces nothing when the settings are refused")
    func refusedFirst() throws {
        let folder = try TemporaryFolder()
        try train(folder.file("run"), .new)
        let files = try folder.files
        var settings = Tiny.settings
        settings.batchSize = 0
        #expect(failure { _ = try Tiny.trainer(settings).train(into: folder.file("run"), start: .replacing) } != nil)
        #expect(try folder.files == files)
    }

    @Test("cannot be resumed where there is none, or when it has finished")
    func resuming() throws {
        let folder = try TemporaryFolder()
        let nothing = failure { try train(folder.file("run"), .resuming) }
        guard case .noRun = nothing else {
            Issue.record("\(String(describing: nothing))")
            return
        }
        #expect(try folder.files.isEmpty)
        try train(folder.file("run"), .new)
        let finished = failure { try train(folder.file("run"), .resuming) }
        guard case .runFinished = finished else {
            Issue.record("\(String(describing: finished))")
            return
        }
    }

    @Test(
        "cannot be resumed with a record that cannot be read",
        arguments: ["", "{", "[]", "{\"state\": 3}", "{\"state\": \"asleep\"}", "{\"state\": \"running\"}"])
    func badRecord(_ text: String) throws {
        let folder = try TemporaryFolder()
        try folder.write(text, to: "run/run.json")
        let error = try #require(failure { try train(folder.file("run"), .resuming) })
        #expect(!error.description.contains("\n"))
        #expect(try readText(folder.file("run/run.json")) == text)
    }

    @Test("is used by one process at a time", arguments: [TrainingRun.Start.resuming, .replacing])
    func locked(_ start: TrainingRun.Start) throws {
        let folder = try TemporaryFolder()
        let run = TrainingRun(path: folder.file("run"))
        let recorder = Recorder()
        var errors: [TrainingError?] = []
        recorder.atStep = { step in
            if step == 3 { errors.append(failure { _ = try Tiny.trainer().train(into: run.path, start: start) }) }
        }
        _ = try Tiny.trainer().train(into: run.path, observer: recorder)
        guard case .files(.locked) = errors.first ?? nil else {
            Issue.record("\(errors)")
            return
        }
        #expect(try run.metrics.count == 9)
        #expect(try run.state() == .finished)
    }
}
