import Foundation
import TestSupport
import Testing

/// A collection that is made for a recall, from the command line.
@Suite("index build for a recall")
struct IndexRecallTests {
    static let texts = "the cat sat\nthe dog ran\nmoney in the bank\n"

    private func build(_ tool: Tool, _ flags: [String]) throws -> Tool.Outcome {
        try tool.start(
            ["index", "build", "index", "-M", DaysWorkTests.model, "-i", "-"] + flags, input: Self.texts
        ).wait()
    }

    @Test(
        "keeps the recall, and searches by what it is told to",
        arguments: zip(["graph", "partitions"], ["a graph", "partitions"]))
    func asked(structure: String, phrase: String) throws {
        let folder = try TemporaryFolder()
        let tool = Tool(folder: folder.path)
        let built = try build(tool, ["--recall", "0.9", "--structure", structure, "--json"])
        #expect(built.status == 0, "\(built.errors)")
        #expect(try built.json()["structure"] as? String == structure)
        let info = try tool.run("index", "info", "index", "--json").json()
        #expect(info["structure"] as? String == structure)
        #expect(info["target_recall"] as? Double == 0.9)
        #expect((info["guarantee"] as? [String: Any])?["kind"] as? String == "approximate")
        #expect(info["bytes_per_vector"] as? Int ?? 0 > 0)
        #expect(try tool.run("index", "verify", "index").status == 0)

        let found = try tool.run("search", "index", "the dog ran", "--json").json()
        let hits = found["hits"] as? [[String: Any]] ?? []
        #expect(hits.count == 3 && hits.first?["text"] as? String == "the dog ran")
        #expect(found["structure"] as? String == structure)
        #expect((found["guarantee"] as? [String: Any])?["kind"] as? String == "approximate")
        let explained = try tool.run("search", "index", "the dog ran", "--explain")
        #expect(
            explained.output.hasSuffix("searched 3 passages, by \(phrase): approximate, recall not measured\n"),
            "\(explained.output)")
    }

    @Test("searches a small collection exactly, recall or not", arguments: [[], ["--recall", "0.9"]])
    func small(flags: [String]) throws {
        let folder = try TemporaryFolder()
        let tool = Tool(folder: folder.path)
        #expect(try build(tool, flags).status == 0)
        let info = try tool.run("index", "info", "index", "--json").json()
        #expect(info["structure"] as? String == "exact")
        #expect((info["guarantee"] as? [String: Any])?["kind"] as? String == "exact")
        let explained = try tool.run("search", "index", "the dog ran", "--explain")
        #expect(explained.output.hasSuffix("searched 3 passages, all of them: exact\n"), "\(explained.output)")
    }

    @Test(
        "refuses a recall that there cannot be, and a structure that there is not",
        arguments: [["--recall", "0"], ["--recall", "1"], ["--recall", "nan"], ["--structure", "tree"]])
    func wrongUsage(flags: [String]) throws {
        let folder = try TemporaryFolder()
        let tool = Tool(folder: folder.path)
        let outcome = try build(tool, flags)
        #expect(outcome.status == 64)
        #expect(outcome.errors.contains(flags[0]), "\(outcome.errors)")
        #expect(!tool.exists("index"))
    }
}
