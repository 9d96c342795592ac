import Foundation
import TestSupport
import Testing

/// `attune adapter combine --search`.
@Suite("attune adapter combine --search")
struct CombineSearchTests {
    static let model = DaysWorkTests.model
    static let (one, two) = (AdapterCommandTests.one, AdapterCommandTests.two)
    let folder: TemporaryFolder
    let tool: Tool

    /// A tool with a retrieval set, scored pairs, and two adapters trained on pairs like the set's.
    init() throws {
        folder = try TemporaryFolder()
        tool = try DataMineTests.tool(in: folder)
        let scored = DataMineTests.subjects.enumerated().map { "the \($1)\tthe \($1) is fast\t\($0 % 4)\n" }.joined()
        try tool.write("sentence1\tsentence2\tscore\n" + scored, to: "scored/dev.tsv")
    }

    private func train(_ run: String, seed: Int) throws {
        let outcome = try tool.start([
            "train", "-M", Self.model, "-d", "pairs", "-o", run, "--batch-size", "5", "--max-steps", "30", "--rank",
            "2",
            "--lr", "1e-2", "--seed", "\(seed)", "--report", "none", "--quiet",
        ]).wait()
        #expect(outcome.status == 0, "\(outcome.errors)")
    }

    private func combine(_ adapters: [String], _ more: [String]) throws -> Tool.Outcome {
        try tool.start(["adapter", "combine"] + adapters + ["--search", "--precision", "f32"] + more).wait()
    }

    private func ndcg(_ adapter: String) throws -> Double {
        let outcome = try tool.start([
            "eval", "-M", Self.model, "-A", adapter, "-d", "set", "--split", "dev", "--precision", "f32", "--json",
        ]).wait()
        #expect(outcome.status == 0, "\(outcome.errors)")
        return try #require(try outcome.json()["ndcg@10"] as? Double)
    }

    @Test("writes the best combination, which evaluates to what it says; nothing beats it among what was tried")
    func searches() throws {
        try train("a", seed: 1)
        try train("b", seed: 2)
        let flags = ["-d", "set", "-d", "scored", "--data-weights", "3,1", "--evaluations", "14"]
        let outcome = try combine(["a", "b"], flags + ["--type", "cat", "-o", "out", "--json"])
        #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
        let json = try outcome.json()
        let search = try #require(json["search"] as? [String: Any])
        let points = try #require(search["points"] as? [[String: Any]])
        #expect((5...14).contains(points.count))
        #expect(points.prefix(3).map { $0["weights"] as? [Double] } == [[0, 0], [1, 0], [0, 1]])
        let scores = points.compactMap { $0["score"] as? Double }
        let written = try #require(json["written"] as? [String: Any])
        #expect(written["score"] as? Double == scores.max())
        let weights = try #require(json["weights"] as? [Double])
        #expect(weights == search["weights"] as? [Double] && weights != [0, 0])
        let domains = try #require(written["domains"] as? [[String: Double]])
        #expect(abs(try ndcg("out") - (domains[0]["ndcg@10"] ?? -1)) < 1e-9)
        #expect(outcome.errors.contains("3/14: weights 0,1: "), "\(outcome.errors)")
        #expect(json["check"] is NSNull && json["path"] as? String == "out")
        // The weights that were found give the same adapter when they are given.
        if !weights.contains(0) {
            let text = weights.map { "\($0)" }.joined(separator: ",")
            let again = try tool.run("adapter", "combine", "a", "b", "--type", "cat", "--weights", text, "-o", "again")
            #expect(again.status == 0, "\(again.errors)")
            #expect(try tool.read("again/adapter_model.safetensors") == tool.read("out/adapter_model.safetensors"))
        }

        // On a sample, and cut back to a rank: what is reported is the adapter as written, on all.
        let small = try combine(
            ["a", "b"], ["-d", "set", "--sample", "2", "--rank", "1", "--evaluations", "6", "-o", "small", "--json"])
        #expect(small.status == 0, "\(small.output)\(small.errors)")
        let report = try small.json()
        #expect(report["rank"] as? Int == 1 && report["type"] as? String == "svd")
        let whole = try #require((report["check"] as? [String: Any])?["points"] as? [[String: Any]])
        #expect((2...3).contains(whole.count))
        let domain = ((report["written"] as? [String: Any])?["domains"] as? [[String: Double]])?.first
        #expect(abs(try ndcg("small") - (domain?["ndcg@10"] ?? -1)) < 1e-9)

        let line = try combine(
            ["a"], ["-d", "set", "--evaluations", "4", "--max-weight", "1.5", "--quiet", "-o", "alone"])
        #expect(line.status == 0 && line.errors.isEmpty, "\(line.errors)")
        #expect(line.output.hasPrefix("alone: svd of 1 adapter, weights "), "\(line.output)")
        #expect(line.output.contains("\n  base: set ndcg@10 ") && line.output.contains("\n  best alone: a: "))
    }

    @Test("where the base is best it says so with exit code 2, and writes nothing")
    func baseIsBest() throws {
        #expect(try tool.run("adapter", "scale", Self.one, "--strength", "0", "-o", "nothing").status == 0)
        let flags = ["-M", Self.model, "-d", "set", "--canary", "scored", "--budget", "0", "-o", "out", "--quiet"]
        let outcome = try combine(["nothing", "nothing"], flags)
        #expect(outcome.status == 2 && outcome.errors.isEmpty, "\(outcome.errors)")
        #expect(outcome.output.hasPrefix("the base is best"), "\(outcome.output)")
        let json = try combine(["nothing", "nothing"], flags + ["--json"])
        #expect(json.status == 2 && !tool.exists("out"))
        let document = try json.json()
        #expect(document["path"] is NSNull && document["weights"] as? [Double] == [0, 0])
        #expect((document["reason"] as? String)?.hasPrefix("the base is best") == true)
        #expect(((document["search"] as? [String: Any])?["points"] as? [[String: Any]])?.count ?? 0 >= 4)
    }

    @Test("Ctrl-C ends a search with 130, and nothing is written")
    func interrupted() throws {
        let corpus = (0..<4000).map { #"{"_id": "d\#($0)", "text": "the cat \#($0) is on the mat in the bank"}"# }
        try tool.write(corpus.joined(separator: "\n") + "\n", to: "large/corpus.jsonl")
        try tool.write(#"{"_id": "q", "text": "where is my cat?"}"# + "\n", to: "large/queries.jsonl")
        try tool.write("query-id\tcorpus-id\tscore\nq\td7\t1\n", to: "large/qrels/dev.tsv")
        let running = try tool.start([
            "adapter", "combine", Self.one, Self.two, "--search", "-M", Self.model, "-d", "large", "-o", "out",
            "--evaluations", "100", "--type", "cat",
        ])
        func hasBegun() -> Bool {
            (try? String(contentsOfFile: running.errorsPath, encoding: .utf8))?.contains("2/100: ") == true
        }
        while !hasBegun(), running.process.isRunning { usleep(500) }
        kill(running.process.processIdentifier, SIGINT)
        let outcome = running.wait()
        #expect(outcome.status == 130 && outcome.output.isEmpty, "\(outcome.errors)")
        let left = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.contains("out") }
        #expect(left.isEmpty, "\(left)")
    }

    @Test(
        "flags that do not go together, and a search without data, are wrong usage",
        arguments: [
            ["--search"], ["--search", "-d", "set", "--weights", "1,1"], ["--search", "-d", "set", "--type", "ties"],
            ["--search", "-d", "set", "--type", "linear"], ["--search", "-d", "set", "--budget", "0.1"],
            ["--search", "-d", "set", "--canary-split", "dev"], ["--search", "-d", "set", "--sample", "0"],
            ["--search", "-d", "set", "--data-weights", "1,2"], ["-d", "set"], ["--canary", "scored"],
            ["--evaluations", "9"], ["--max-weight", "2"], ["--search", "-d", "set", "--type", "cat", "--rank", "2"],
            ["--search", "-d", "set"],
        ])
    func usage(flags: [String]) throws {
        // The last of these has no base: the adapters name none.
        let outcome = try tool.start(["adapter", "combine", Self.one, Self.two, "-o", "out"] + flags).wait()
        #expect(outcome.status == 64 && !tool.exists("out"), "\(outcome.errors)")
    }

    @Test(
        "what is wrong with the input is one line, before anything is evaluated",
        arguments: [
            ([one, two], ["-d", "nowhere"], "nowhere"), ([one, two], ["-d", "set", "--split", "x"], "no split \"x\""),
            ([one, two], ["-d", "set", "--canary", "nowhere"], "nowhere"),
            ([one, two], ["-d", "set", "--evaluations", "2"], "evaluations is 2"),
            ([one, two], ["-d", "set", "--canary", "scored", "--budget=-1"], "budget is -1.0"),
            ([one, two], ["-d", "set", "--max-weight", "0.5"], "the highest weight is 0.5"),
            ([one, two], ["-d", "set", "--data-weights", "0"], "the weight of set is 0.0"),
            ([one, AdapterCommandTests.adapters + "dora"], ["-d", "set"], "dora: combining works on products"),
        ])
    func badInput(adapters: [String], flags: [String], words: String) throws {
        let outcome = try combine(adapters, ["-M", Self.model, "-o", "out", "--quiet"] + flags)
        #expect(outcome.status == 1 && outcome.output.isEmpty && !tool.exists("out"))
        #expect(outcome.complaints.count == 1 && outcome.errors.contains(words), "\(outcome.errors)")
    }
}
