import Foundation
import TestSupport
import Testing

/// Whatever is wrong: one clear line, the right exit code, nothing half-written.
@Suite("Bad input")
struct BadInputTests {
    static let model = DaysWorkTests.model

    private func expectRefusal(
        _ outcome: Tool.Outcome, naming words: String..., sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(outcome.status == 1, "\(outcome.errors)", sourceLocation: sourceLocation)
        #expect(outcome.output.isEmpty, sourceLocation: sourceLocation)
        let complaints = outcome.complaints.filter { !$0.hasPrefix("attune: warning") }
        #expect(complaints.count == 1, "\(outcome.errors)", sourceLocation: sourceLocation)
        for word in words {
            #expect(complaints.first?.contains(word) == true, "\(outcome.errors)", sourceLocation: sourceLocation)
        }
    }

    /// A copy of the tiny model that a test may spoil.
    private func copyModel(_ tool: Tool) throws -> String {
        let path = tool.folder + "/model"
        try FileManager.default.copyItem(atPath: Self.model, toPath: path)
        return path
    }

    @Test("wrong usage ends with 64", arguments: [["nonsense"], ["embed"], ["search"], ["train", "--rank", "x"]])
    func usage(arguments: [String]) throws {
        let folder = try TemporaryFolder()
        #expect(try Tool(folder: folder.path).start(arguments).wait().status == 64)
    }

    @Test("a truncated weights file is named, and leaves no output")
    func truncatedWeights() throws {
        let folder = try TemporaryFolder()
        let tool = Tool(folder: folder.path)
        let weights = try copyModel(tool) + "/model.safetensors"
        let bytes = try Data(contentsOf: URL(fileURLWithPath: weights))
        try bytes.prefix(bytes.count / 2).write(to: URL(fileURLWithPath: weights))
        expectRefusal(
            try tool.run("embed", "-M", "model", "-i", "-", "-o", "v.npy", input: "the cat\n"),
            naming: "model.safetensors")
        #expect(!tool.exists("v.npy"))
    }

    @Test("a tokenizer.json with an unknown component is refused by its name")
    func unknownComponent() throws {
        let folder = try TemporaryFolder()
        let tool = Tool(folder: folder.path)
        let path = try copyModel(tool) + "/tokenizer.json"
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try text.replacingOccurrences(of: "BertNormalizer", with: "WonderNormalizer")
            .write(toFile: path, atomically: true, encoding: .utf8)
        expectRefusal(
            try tool.run("embed", "-M", "model", "-i", "-", "-o", "v.npy", input: "the cat\n"),
            naming: "WonderNormalizer", "tokenizer.json")
    }

    @Test("a line that is not JSON is named by its file and number")
    func notJSON() throws {
        let folder = try TemporaryFolder()
        let tool = Tool(folder: folder.path)
        try tool.write("{\"_id\": \"a\", \"text\": \"x\"}\nnot json\n", to: "data/corpus.jsonl")
        try tool.write("{\"_id\": \"q\", \"text\": \"x\"}\n", to: "data/queries.jsonl")
        try tool.write("query-id\tcorpus-id\tscore\nq\ta\t1\n", to: "data/qrels/test.tsv")
        expectRefusal(try tool.run("eval", "-M", Self.model, "-d", "data"), naming: "corpus.jsonl:2")
    }

    @Test("a judgement that names no document is named by its file and number")
    func unknownDocument() throws {
        let folder = try TemporaryFolder()
        let tool = Tool(folder: folder.path)
        try tool.write("{\"_id\": \"a\", \"text\": \"x\"}\n", to: "data/corpus.jsonl")
        try tool.write("{\"_id\": \"q\", \"text\": \"x\"}\n", to: "data/queries.jsonl")
        try tool.write("query-id\tcorpus-id\tscore\nq\tmissing\t1\n", to: "data/qrels/test.tsv")
        expectRefusal(try tool.run("eval", "-M", Self.model, "-d", "data"), naming: "test.tsv:2", "missing")
    }

    @Test("an empty data set is refused, and no run folder appears")
    func emptyDataSet() throws {
        let folder = try TemporaryFolder()
        let tool = Tool(folder: folder.path)
        try tool.write("", to: "data/train.jsonl")
        expectRefusal(try tool.run("train", "-M", Self.model, "-d", "data", "-o", "run"), naming: "data")
        #expect(!tool.exists("run"))
    }

    @Test("a collection is replaced only with --force, and a folder that is none not even then")
    func existing() throws {
        let folder = try TemporaryFolder()
        let tool = Tool(folder: folder.path)
        let arguments = ["index", "build", "index", "-M", Self.model, "-i", "-"]
        func build(_ more: [String], _ texts: String) throws -> Tool.Outcome {
            try tool.start(arguments + more, input: texts).wait()
        }
        #expect(try build([], "the cat\n").status == 0)
        expectRefusal(try build([], "the cat\nthe dog\n"), naming: "index")
        #expect(try tool.run("index", "info", "index", "--json").json()["passages"] as? Int == 1)
        let replaced = try build(["--force"], "the cat\nthe dog\n")
        #expect(replaced.status == 0, "\(replaced.errors)")
        #expect(try tool.run("index", "info", "index", "--json").json()["passages"] as? Int == 2)

        try tool.write("mine", to: "notes/keep.txt")
        expectRefusal(
            try tool.start(["index", "build", "notes", "-M", Self.model, "-i", "-", "--force"], input: "the cat\n")
                .wait(), naming: "notes")
        #expect(tool.exists("notes/keep.txt"))
    }

    @Test("a query of another space is refused with both identities")
    func otherSpace() throws {
        let folder = try TemporaryFolder()
        let tool = Tool(folder: folder.path)
        let built = try tool.run("index", "build", "index", "-M", Self.model, "-i", "-", input: "the cat\nthe dog\n")
        #expect(built.status == 0, "\(built.errors)")
        let adapter = SharedData.fixtures + "/models/tiny-bert/peft_adapter"
        expectRefusal(
            try tool.run("search", "index", "the cat", "-M", Self.model, "-A", adapter), naming: "space", "index")
    }

    @Test("a damaged index is found out, and built anew from the database")
    func damagedIndex() throws {
        let folder = try TemporaryFolder()
        let tool = Tool(folder: folder.path)
        #expect(
            try tool.run("index", "build", "index", "-M", Self.model, "-i", "-", input: "the cat\nthe dog\n").status
                == 0)
        let path = folder.path + "/index/vectors.index"
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        bytes[bytes.count - 100] ^= 1
        try bytes.write(to: URL(fileURLWithPath: path))
        let verified = try tool.run("index", "verify", "index")
        #expect(verified.status == 2, "\(verified.errors)")
        #expect(verified.output.contains("vectors.index is damaged"))
        #expect(try tool.run("index", "verify", "index").status == 0)
    }

    @Test(
        "a full disk is one line, and leaves nothing", .enabled(if: FileManager.default.fileExists(atPath: "/dev/full"))
    )
    func fullDisk() throws {
        let folder = try TemporaryFolder()
        let tool = Tool(folder: folder.path)
        let outcome = try tool.run(
            "embed", "-M", Self.model, "-i", "-", "-o", "-", "--quiet", input: "the cat\n", environment: [:])
        #expect(outcome.status == 0)
        try FileManager.default.createSymbolicLink(atPath: folder.path + "/full.npy", withDestinationPath: "/dev/full")
        expectRefusal(
            try tool.run("embed", "-M", Self.model, "-i", "-", "-o", "full.npy", "--force", input: "the cat\n"),
            naming: "full.npy")
    }

    @Test("Ctrl-C ends a training with 130, and it resumes to the same adapter")
    func interrupted() throws {
        let folder = try TemporaryFolder()
        let tool = Tool(folder: folder.path)
        let pairs = (0..<64).map { #"{"anchor": "the cat \#($0) sat", "positive": "where the dog \#($0) is fast"}"# }
        try tool.write(pairs.joined(separator: "\n") + "\n", to: "data/train.jsonl")
        let arguments = ["train", "-M", Self.model, "-d", "data", "--batch-size", "4", "--epochs", "40", "--quiet"]
        let running = try tool.start(arguments + ["-o", "run"])
        func steps() -> Int { (try? tool.read("run/metrics.jsonl"))?.count { $0 == UInt8(ascii: "\n") } ?? 0 }
        while steps() < 2 && running.process.isRunning { usleep(500) }
        kill(running.process.processIdentifier, SIGINT)
        let outcome = running.wait()
        #expect(outcome.status == 130, "\(outcome.errors)")
        #expect(!tool.exists("run/adapter_model.safetensors"))

        #expect(try tool.start(arguments + ["-o", "run", "--resume"]).wait().status == 0)
        #expect(try tool.start(arguments + ["-o", "whole"]).wait().status == 0)
        #expect(try tool.read("run/adapter_model.safetensors") == tool.read("whole/adapter_model.safetensors"))
    }
}
