import Encoders
import Files
import TestSupport
import Testing

@testable import Training

@Suite("TensorBoard event files")
struct EventFileTests {
    private func events(in folder: String) throws -> [EventReader.Event] {
        let names = try FileSystem.names(in: folder).filter { $0.hasPrefix("events.out.tfevents.") }
        #expect(names.count == 1)
        return try EventReader.read(try readFile(FileSystem.joined(folder, try #require(names.first))))
    }

    @Test("writes the bytes that the format asks for")
    func golden() throws {
        // tensorflow.train.Example-free, by hand: length 24 and its masked CRC, wall_time 2.0, file_version, the data's masked CRC.
        let header = EventFile.record(of: EventFile.header(at: 2))
        #expect(
            header.prefix(8) == [24, 0, 0, 0, 0, 0, 0, 0]
                && header[12..<21] == [0x09, 0, 0, 0, 0, 0, 0, 0, 0x40]
                && header[21..<23] == [0x1A, 13] && Array(header[23..<36]) == Array("brain.Event:2".utf8))
        let event = EventFile.event(step: 300, [("a/b", 0.5), ("c", -1)], at: 2).bytes
        let expected: [UInt8] =
            [0x09, 0, 0, 0, 0, 0, 0, 0, 0x40] + [0x10, 0xAC, 0x02] + [0x2A, 24]
            + [0x0A, 10, 0x0A, 3] + Array("a/b".utf8) + [0x15, 0, 0, 0, 0x3F]
            + [0x0A, 8, 0x0A, 1] + Array("c".utf8) + [0x15, 0, 0, 0x80, 0xBF]
        #expect(event == expected.replacingLength())
        let decoded = try EventReader.read(
            header + EventFile.record(of: EventFile.event(step: 300, [("a/b", 0.5), ("c", -1)], at: 2)))
        #expect(
            decoded == [
                EventReader.Event(wallTime: 2, fileVersion: "brain.Event:2"),
                EventReader.Event(wallTime: 2, step: 300, scalars: ["a/b": 0.5, "c": -1]),
            ])
    }

    @Test("holds every step of a run, and the evaluations")
    func wholeRun() throws {
        let folder = try TemporaryFolder()
        let recorder = Recorder()
        let path = try Tiny.trainer().train(
            into: folder.file("run"), observer: recorder, evaluator: Constant()
        ).path
        let events = try events(in: path)
        #expect(events.first?.fileVersion == "brain.Event:2")
        #expect(events.map(\.step) == [0, 0] + Array(1...9))
        #expect(events[1].scalars == ["eval/score": 0.5])
        for (event, step) in zip(events.dropFirst(2), recorder.steps) {
            #expect(event.scalars["train/loss"] == Float(step.loss))
            #expect(event.scalars["train/learning_rate"] == Float(step.learningRate))
            #expect(event.scalars["train/gradient_norm"] == Float(step.gradientNorm))
            #expect(event.wallTime > 1.6e9)
        }
        #expect(events.last?.scalars["eval/score"] == 0.5)
    }

    private struct Constant: DevelopmentEvaluator {
        let metric = "score"
        func evaluate(_ encoder: TextEncoder) -> [String: Double] { ["score": 0.5] }
    }

    @Test(
        "goes on after an interruption without a step twice, even behind a half-written record", arguments: [0, 1, 17])
    func resumes(tail: Int) throws {
        let folder = try TemporaryFolder()
        let whole = try events(in: try Tiny.trainer().train(into: folder.file("whole")).path)
        let path = folder.file("run")
        let recorder = Recorder()
        var stops = false
        recorder.atStep = { if $0 == 5 { stops = true } }
        _ = failure { _ = try Tiny.trainer().train(into: path, observer: recorder, isCancelled: { stops }) }
        // As if the process had been killed later: the checkpoint of step 5 is gone, a record is half-written.
        try FileSystem.remove(path + "/checkpoints/step-5")
        let name = path + "/" + (try #require(try FileSystem.names(in: path).first { $0.hasPrefix("events.") }))
        let before = try readFile(name)
        try writeFile(before + [UInt8](repeating: 7, count: tail), to: name)
        _ = try Tiny.trainer().train(into: path, start: .resuming)
        let resumed = try events(in: path)
        #expect(resumed.map(\.step) == whole.map(\.step))
        let timed = "train/pairs_per_second"
        #expect(
            resumed.map { $0.scalars.filter { $0.key != timed } } == whole.map { $0.scalars.filter { $0.key != timed } }
        )
        // What was there keeps its time.
        #expect(
            try EventReader.read(before).dropFirst().prefix(4).map(\.wallTime)
                == resumed.dropFirst().prefix(4).map(\.wallTime))
    }

    @Test("keeps the records before the first damaged one", arguments: [0, 9, 13, 40, 60])
    func damage(place: Int) throws {
        let folder = try TemporaryFolder()
        let file = try EventFile.open(in: folder.path, afterSteps: 0)
        for step in 1...3 { try file.append(step: step, [("train/loss", Double(step))]) }
        let name = folder.file(try #require(try FileSystem.names(in: folder.path).first))
        var bytes = try readFile(name)
        bytes[bytes.count - 1 - place] ^= 0x20
        try writeFile(bytes, to: name)
        _ = try EventFile.open(in: folder.path, afterSteps: 3)
        let steps = try events(in: folder.path).map(\.step)
        #expect(steps == [0, 1, 2] || steps == [0, 1])
    }

    @Test("leaves out what is no finite number")
    func notFinite() throws {
        let folder = try TemporaryFolder()
        let file = try EventFile.open(in: folder.path, afterSteps: 0)
        try file.append(step: 1, [("a", .nan), ("b", 1), ("c", .infinity), ("d", 1e300)])
        try file.append(step: 2, [("a", .nan)])
        #expect(try events(in: folder.path).map(\.scalars) == [[:], ["b": 1]])
    }
}

extension [UInt8] {
    /// The bytes with the length of the summary, at place 13, as it is.
    fileprivate func replacingLength() -> [UInt8] {
        var bytes = self
        bytes[13] = UInt8(count - 14)
        return bytes
    }
}
