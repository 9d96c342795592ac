import Foundation
import TestSupport
import Testing

@Suite("Heads and bridges on the command line")
struct HeadCommandsTests {
    static let model = SharedData.fixtures + "/models/tiny-bert/model"

    /// Pairs for training and held-out ones.
    private static func writePairs(_ tool: Tool) throws {
        let words = ["cat", "dog", "bank", "card", "money", "model", "vector", "search", "password", "mat"]
        func pairs(_ range: Range<Int>) -> String {
            range.map { i in
                let (a, b) = (words[i % 10], words[(i / 10) % 10])
                return
                    "{\"anchor\": \"where is the \(a) \(b)\", \"positive\": \"the \(a) sat on the \(b) in new york\"}\n"
            }.joined()
        }
        try tool.write(pairs(0..<80), to: "data/train.jsonl")
        try tool.write(pairs(80..<100), to: "data/dev.jsonl")
    }

    private func vectors(_ tool: Tool, _ name: String, _ arguments: [String]) throws -> Data {
        let made = try tool.start(["embed", "-i", "-", "-o", name] + arguments, input: "where is the cat\n").wait()
        #expect(made.status == 0, "\(made.errors)")
        return try tool.read(name)
    }

    @Test("a head is trained, moves queries alone, and is found, compared, searched with and exported")
    func head() throws {
        let folder = try TemporaryFolder()
        let tool = Tool(folder: folder.path)
        try Self.writePairs(tool)
        let trained = try tool.run(
            "train", "-M", Self.model, "-d", "data", "-o", "run", "--method", "query-head", "--head", "linear",
            "--batch-size", "8", "--epochs", "6", "--lr", "0.01", "--json")
        #expect(trained.status == 0, "\(trained.errors)")
        let result = try trained.json()["result"] as? [String: Any]
        #expect(result?["seconds"] as? Double ?? -1 > 0 && result?["embedding_seconds"] as? Double ?? -1 > 0)
        for file in ["head_config.json", "head.safetensors", "run.json", "metrics.jsonl", "README.md"] {
            #expect(tool.exists("run/" + file), "\(file) is missing from the run")
        }

        let base = ["-M", Self.model]
        #expect(
            try vectors(tool, "a.npy", base + ["--document"]) == vectors(tool, "b.npy", ["-A", "run", "--document"]))
        #expect(try vectors(tool, "c.npy", base + ["--query"]) != vectors(tool, "d.npy", ["-A", "run", "--query"]))

        let evaluated = try tool.run("eval", "-A", "run", "-d", "data", "--split", "dev", "--json")
        #expect(evaluated.status == 0, "\(evaluated.errors)")
        #expect((0...1).contains(try evaluated.json()["ndcg@10"] as? Double ?? -1))
        let compared = try tool.run("compare", "base", "run", "-d", "data", "--split", "dev")
        #expect(compared.status == 0 || compared.status == 2, "\(compared.errors)")

        // Documents are the base's: so is an index of them.
        let built = try tool.run("index", "build", "index", "-M", Self.model, "-i", "-", input: "the cat\nthe dog\n")
        #expect(built.status == 0, "\(built.errors)")
        let plain = try tool.run("search", "index", "where is the dog", "--json").json()["hits"] as? [[String: Any]]
        let headed = try tool.run("search", "index", "where is the dog", "-A", "run", "--json")
        #expect(headed.status == 0, "\(headed.errors)")
        let hits = try headed.json()["hits"] as? [[String: Any]]
        #expect(hits?.count == 2 && hits?.first?["score"] as? Double != plain?.first?["score"] as? Double)

        let exported = try tool.run("adapter", "export-head", "run", "-o", "headed")
        #expect(exported.status == 0, "\(exported.errors)")
        #expect(tool.exists("headed/3_Router/router_config.json"))
        #expect(
            try vectors(tool, "e.npy", ["-M", "headed", "--query"]) == vectors(tool, "f.npy", ["-A", "run", "--query"]))
        #expect(try tool.run("search", "index", "the cat", "-M", "headed").status == 0)
        #expect(try tool.run("adapter", "export-head", "run", "-o", "headed").status == 1)

        let again = try tool.run("train", "-M", Self.model, "-d", "data", "-o", "run", "--method", "query-head")
        #expect(again.status == 1 && again.complaints.first?.contains("--force") == true)
    }

    @Test(
        "flags that a head has no use for are wrong usage",
        arguments: [
            ["--resume"], ["--loss", "triplet"], ["--mine", "3"], ["--eval-every", "5"], ["--accumulate", "2"],
            ["--dial"],
        ])
    func usage(flags: [String]) throws {
        let folder = try TemporaryFolder()
        let tool = Tool(folder: folder.path)
        let outcome = try tool.start(
            ["train", "-M", "m", "-d", "d", "-o", "r", "--method", "query-head"] + flags
        ).wait()
        #expect(outcome.status == 64 && outcome.errors.contains(flags[0]), "\(outcome.errors)")
    }

    @Test("a bridge lets a new adapter's queries ask the old index, and says what to expect")
    func bridge() throws {
        let folder = try TemporaryFolder()
        let tool = Tool(folder: folder.path)
        try Self.writePairs(tool)
        let trained = try tool.run(
            "train", "-M", Self.model, "-d", "data", "-o", "tuned", "--rank", "4", "--batch-size", "8", "--max-steps",
            "6")
        #expect(trained.status == 0, "\(trained.errors)")
        let outcome = try tool.run("adapter", "bridge", Self.model, "tuned", "-d", "data", "-o", "bridge", "--json")
        #expect(outcome.status == 0, "\(outcome.errors)")
        let queries = try outcome.json()["queries"] as? [String: Any]
        let expected = queries?["expected"] as? [String: Any]
        #expect((0.3...1).contains(expected?["recall@10"] as? Double ?? -1))
        #expect(tool.exists("bridge/head_config.json") && tool.exists("bridge/documents/head_config.json"))

        let index = try tool.run("index", "build", "old", "-M", Self.model, "-i", "-", input: "the cat\nthe dog\n")
        #expect(index.status == 0, "\(index.errors)")
        #expect(try tool.run("search", "old", "where is the cat", "-A", "tuned", "-M", Self.model).status == 1)
        let found = try tool.run("search", "old", "where is the cat", "-A", "bridge", "-M", Self.model)
        #expect(found.status == 0, "\(found.errors)")
        let evaluated = try tool.run("eval", "-A", "bridge", "-d", "data", "--split", "dev", "--json")
        #expect(evaluated.status == 0, "\(evaluated.errors)")

        let embedded = try tool.run("embed", "-A", "bridge", "--document", "-i", "-", "-o", "x.npy", input: "the cat\n")
        #expect(embedded.status == 1)
        #expect(embedded.complaints.first?.contains("queries are mapped into space") == true)
        let stored = try tool.run(
            "embed", "-A", "bridge/documents", "-M", Self.model, "-i", "-", "-o", "x.npy", input: "a\n")
        #expect(stored.status == 1)
        #expect(try tool.run("adapter", "export-head", "bridge", "-o", "m").status == 1)
        let same = try tool.run("adapter", "bridge", Self.model, Self.model, "-d", "data", "-o", "b")
        #expect(same.status == 1 && same.complaints.first?.contains("same space") == true)
        #expect(try tool.run("adapter", "bridge", Self.model, "tuned", "-o", "b").status == 64)

        let texts = (0..<90).map { "the cat number \($0) sat on the mat \($0 * 7)\n" }.joined()
        let lines = try tool.run("adapter", "bridge", Self.model, "tuned", "-i", "-", "-o", "b", input: texts)
        #expect(lines.status == 0 && lines.output.contains("expected recall@10"), "\(lines.errors)")
    }
}
