import Foundation
import TestSupport
import Testing

/// A day's work with the tool on a tiny model and documents of our own.
@Suite("A day's work")
struct DaysWorkTests {
    static let model = SharedData.fixtures + "/models/tiny-bert/model"
    static let training = ["--rank", "4", "--batch-size", "4", "--max-steps", "6", "--quiet"]

    /// Forty pages of one heading and a paragraph each, so that every split has some.
    static func writePages(_ tool: Tool) throws {
        for page in 0..<40 {
            try tool.write(
                """
                <html><head><title>Page \(page)</title></head><body><h1>How the cat number \(page) runs</h1>
                <p>The cat number \(page) sat on the mat and did run fast to the bank to search for money in new york. \
                Then the dog number \(page) sat down, slow and happy, where the model is.</p></body></html>
                """, to: "pages/page\(page).html")
        }
    }

    @Test("leads from documents to passages found, and each step prints what it promises")
    func documentsToSearch() throws {
        let folder = try TemporaryFolder()
        let tool = Tool(folder: folder.path)
        try Self.writePages(tool)

        let made = try tool.run("data", "from-docs", "pages", "-o", "data", "--test", "0.3", "--dev", "0.2", "--json")
        #expect(made.status == 0, "\(made.errors)")
        #expect(try made.json()["documents"] as? Int ?? 0 >= 40)

        let trained = try tool.start(["train", "-M", Self.model, "-d", "data", "-o", "run"] + Self.training).wait()
        #expect(trained.status == 0, "\(trained.errors)")
        for file in ["adapter_config.json", "adapter_model.safetensors", "run.json", "metrics.jsonl", "README.md"] {
            #expect(tool.exists("run/" + file), "\(file) is missing from the run")
        }

        let evaluated = try tool.run(
            "eval", "-A", "run", "-M", Self.model, "-d", "data", "--json", "--run-file", "run.trec")
        #expect(evaluated.status == 0, "\(evaluated.errors)")
        let metrics = try evaluated.json()
        #expect((0...1).contains(metrics["ndcg@10"] as? Double ?? -1))
        #expect(metrics["queries"] as? Int ?? 0 > 0)

        let compared = try tool.run("compare", "base", "run.trec", "-M", Self.model, "-d", "data", "--json")
        #expect(compared.status == 0 || compared.status == 2, "\(compared.errors)")
        let better = try compared.json()["secondIsBetter"] as? Bool
        #expect(better == (compared.status == 0))

        let built = try tool.run("index", "build", "index", "-M", Self.model, "-A", "run", "-d", "data")
        #expect(built.status == 0, "\(built.errors)")
        #expect(try tool.run("index", "verify", "index").status == 0)
        let info = try tool.run("index", "info", "index", "--json").json()
        #expect(info["passages"] as? Int == (try made.json()["documents"] as? Int))

        let found = try tool.run("search", "index", "the cat number 7 sat", "-k", "3", "--json")
        #expect(found.status == 0, "\(found.errors)")
        let hits = try found.json()["hits"] as? [[String: Any]] ?? []
        #expect(hits.count == 3)
        for hit in hits {
            // The citation names the very bytes of the page that the passage was cut from.
            let source = try #require(hit["source"] as? String)
            let (start, end) = (try #require(hit["start"] as? Int), try #require(hit["end"] as? Int))
            let bytes = try tool.read("pages/" + source)[start..<end]
            let text = try #require(hit["text"] as? String)
            let firstWords = text.split(separator: " ").prefix(4).joined(separator: " ")
            #expect(String(decoding: bytes, as: UTF8.self).contains(firstWords))
        }
    }

    @Test("an index of a data set holds each passage below its page's title, headings and term")
    func indexInContext() throws {
        let folder = try TemporaryFolder()
        let tool = Tool(folder: folder.path)
        let text = "The dog sat down, slow and happy, where the model is, and did run fast to the bank in new york."
        try tool.write(
            "<title>The cat</title><h1>The cat</h1><h2>Money</h2><p>\(text)</p>"
                + "<dl><dt>mat (text)</dt><dd>\(text) It is fast, and then it is slow, and so it goes.</dd></dl>",
            to: "pages/a.html")
        let made = try tool.run("data", "from-docs", "pages", "-o", "data", "--test", "0", "--dev", "0")
        #expect(made.status == 0, "\(made.errors)")
        let corpus = try String(decoding: tool.read("data/corpus.jsonl"), as: UTF8.self).split(separator: "\n")
        var passages: [(title: String, text: String)] = []
        for line in corpus {
            let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
            // A heading is what the passage is trained to be found by: it is no part of the data's text.
            #expect(object["title"] as? String == "")
            let metadata = object["metadata"] as? [String: Any] ?? [:]
            passages.append((metadata["title"] as? String ?? "", object["text"] as? String ?? ""))
        }
        #expect(passages.map(\.title) == ["The cat > Money", "The cat > Money > mat"])

        func scores(_ arguments: [String], _ input: String? = nil) throws -> [Double] {
            let name = "index-\(UUID().uuidString)"
            let built = try tool.start(["index", "build", name, "-M", Self.model] + arguments, input: input).wait()
            #expect(built.status == 0, "\(built.errors)")
            let found = try tool.run("search", name, "money", "--json").json()
            let hits = found["hits"] as? [[String: Any]] ?? []
            return hits.compactMap { $0["score"] as? Double }
        }
        let inContext = try scores(["-d", "data"])
        #expect(inContext.count == 2)
        func lines(_ text: ((title: String, text: String)) -> String) -> String {
            passages.map { text($0).replacingOccurrences(of: "\n", with: " ") + "\n" }.joined()
        }
        #expect(try scores(["-i", "-"], lines { $0.title + " " + $0.text }) == inContext)
        #expect(try scores(["-i", "-"], lines { $0.text }) != inContext)
    }

    @Test("writes the same adapter with one thread and with two, and when it is killed and resumed")
    func adapterIsReproducible() throws {
        let folder = try TemporaryFolder()
        let tool = Tool(folder: folder.path)
        let pairs = (0..<64).map { #"{"anchor": "the cat \#($0) sat", "positive": "where the dog \#($0) is fast"}"# }
        try tool.write(pairs.joined(separator: "\n") + "\n", to: "data/train.jsonl")

        func train(_ run: String, _ more: String...) throws -> Tool.Outcome {
            try tool.start(
                ["train", "-M", Self.model, "-d", "data", "-o", run, "--batch-size", "4", "--epochs", "4", "--quiet"]
                    + more
            ).wait()
        }
        for outcome in [try train("one", "--threads", "1"), try train("two", "--threads", "2")] {
            #expect(outcome.status == 0, "\(outcome.errors)")
        }
        let expected = try tool.read("one/adapter_model.safetensors")
        #expect(try tool.read("two/adapter_model.safetensors") == expected)

        let killed = try tool.start([
            "train", "-M", Self.model, "-d", "data", "-o", "killed", "--batch-size", "4", "--epochs", "4", "--quiet",
            "--checkpoint-every", "1",
        ])
        while !tool.exists("killed/checkpoints/step-3") && killed.process.isRunning { usleep(500) }
        kill(killed.process.processIdentifier, SIGKILL)
        _ = killed.wait()
        if !tool.exists("killed/adapter_model.safetensors") {
            let resumed = try train("killed", "--checkpoint-every", "1", "--resume")
            #expect(resumed.status == 0, "\(resumed.errors)")
        }
        #expect(try tool.read("killed/adapter_model.safetensors") == expected)
    }

    @Test("turns lines on stdin into vectors on stdout, and names their space beside a file")
    func embed() throws {
        let folder = try TemporaryFolder()
        let tool = Tool(folder: folder.path)
        let texts = "the cat\n\nthe dog\n"
        let file = try tool.run("embed", "-M", Self.model, "-i", "-", "-o", "v.npy", "--json", input: texts)
        #expect(file.status == 0, "\(file.errors)")
        #expect(try file.json()["texts"] as? Int == 3)
        let card = try JSONSerialization.jsonObject(with: tool.read("v.npy.json")) as? [String: Any]
        #expect(try card?["space"] as? String == file.json()["space"] as? String)
        #expect(try tool.read("v.npy").starts(with: [0x93] + Array("NUMPY".utf8)))
        #expect(try tool.run("embed", "-M", Self.model, "-i", "-", "-o", "v.npy", input: texts).status == 1)
        #expect(try tool.run("embed", "-M", Self.model, "-i", "-", "-o", "v.fvecs", input: texts).status == 0)
    }

    @Test("imports pairs and splits them without a query in two splits")
    func importAndSplit() throws {
        let folder = try TemporaryFolder()
        let tool = Tool(folder: folder.path)
        try tool.write(
            "anchor\tpositive\n" + (0..<50).map { "question \($0)\tanswer \($0)\n" }.joined(), to: "pairs.tsv")
        #expect(try tool.run("data", "import", "pairs.tsv", "-o", "imported").status == 0)
        let cut = try tool.run("data", "split", "imported", "-o", "cut", "--test", "0.3", "--dev", "0.2", "--json")
        #expect(cut.status == 0, "\(cut.errors)")
        let splits = try cut.json()["splits"] as? [String: Int] ?? [:]
        #expect(splits.values.reduce(0, +) == 50)
        #expect(Set(splits.keys) == ["train", "dev", "test"])
    }
}
