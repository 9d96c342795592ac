import Foundation
import TestSupport
import Testing

/// Mining within `attune train`, its anchor and its strength dial.
@Suite("Hard negatives and forgetting in train")
struct TrainForgettingTests {
    static let model = DaysWorkTests.model

    private func tool(in folder: TemporaryFolder) throws -> Tool {
        let tool = try DataMineTests.tool(in: folder)
        let scored = DataMineTests.subjects.enumerated().map { "the \($1)\tthe \($1) is fast\t\($0 % 4)\n" }.joined()
        try tool.write("sentence1\tsentence2\tscore\n" + scored, to: "scored/dev.tsv")
        try tool.write("text,label\nthe cat,a\nmy cat,a\nthe dog,b\nmy dog,b\n", to: "labels/train.csv")
        try tool.write("text,label\na cat,a\na dog,b\n", to: "labels/test.csv")
        try tool.write("the bank is new\n\nthe model is fast\n", to: "texts.txt")
        return tool
    }

    private func train(_ tool: Tool, _ more: [String], run: String = "run") throws -> Tool.Outcome {
        let fixed = ["train", "-M", Self.model, "-d", "set", "-o", run, "--batch-size", "4", "--max-steps", "6"]
        return try tool.start(fixed + ["--rank", "2", "--lr", "5e-3"] + more).wait()
    }

    private func record(_ tool: Tool, run: String = "run") throws -> [String: Any] {
        try JSONSerialization.jsonObject(with: tool.read("\(run)/run.json")) as? [String: Any] ?? [:]
    }

    @Test("--mine and --mine-every mine among the corpus as the run goes, and say so")
    func mines() throws {
        let folder = try TemporaryFolder()
        let tool = try tool(in: folder)
        let flags = ["--mine", "2", "--mine-every", "2", "--mine-no-margin", "--mine-sampling", "random"]
        let outcome = try train(tool, flags)
        #expect(outcome.status == 0, "\(outcome.errors)")
        let notes = outcome.errors.split(separator: "\n").filter { $0.contains("negatives for") }
        #expect(notes.map { $0.prefix(7) } == ["step 0:", "step 2:", "step 4:"])
        #expect(notes.allSatisfy { $0.contains("16 negatives for 8 queries among 10 passages") })
        let mining = try record(tool)["mining"] as? [[String: Any]] ?? []
        #expect(mining.map { $0["step"] as? Int } == [0, 2, 4])
        #expect(mining.allSatisfy { $0["documents"] as? Int == 10 })

        #expect(try train(tool, flags + ["--threads", "1", "--quiet"], run: "one").status == 0)
        #expect(
            try tool.read("one/adapter_model.safetensors") == tool.read("run/adapter_model.safetensors"))
        #expect(try train(tool, [], run: "plain").status == 0)
        #expect(
            try tool.read("plain/adapter_model.safetensors") != tool.read("run/adapter_model.safetensors"))
    }

    @Test("--dial works on scored pairs, by the correlations of both sets")
    func dialOnPairs() throws {
        let folder = try TemporaryFolder()
        let tool = try tool(in: folder)
        let rows = (0..<12).map { "the cat \($0)\tthe bank \($0 % 5)\t\($0 % 4)\n" }.joined()
        try tool.write("sentence1\tsentence2\tscore\n" + rows, to: "sts/train.tsv")
        try tool.write("sentence1\tsentence2\tscore\n" + rows, to: "sts/dev.tsv")
        let outcome = try tool.start([
            "train", "-M", Self.model, "-d", "sts", "-o", "sts-run", "--loss", "cosent", "--batch-size", "4",
            "--max-steps", "4", "--dial", "--dial-steps", "2", "--canary", "scored",
        ]).wait()
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.errors.contains("strength 0.500: dev spearman "), "\(outcome.errors)")
        let result = try record(tool, run: "sts-run")["result"] as? [String: Any]
        let dial = result?["dial"] as? [String: Any]
        #expect(dial?["domain_metric"] as? String == "spearman" && dial?["canary_metric"] as? String == "spearman")
        let page = String(decoding: try tool.read("sts-run/report.html"), as: UTF8.self)
        #expect(page.contains("Strength of the adapter") && !page.contains("Queries won and lost"))
    }

    @Test("--mine with two data sets, or with one of no tuples, is refused in a line before anything is written")
    func unfit() throws {
        let folder = try TemporaryFolder()
        let tool = try tool(in: folder)
        let two = try train(tool, ["-d", "set", "--mine", "2"])
        #expect(two.status == 1 && two.complaints.count == 1 && !tool.exists("run"))
        #expect(two.errors.contains("this one has 2 data sets"), "\(two.errors)")
        let labels = try tool.start([
            "train", "-M", Self.model, "-d", "labels", "-o", "run", "--batch-size", "4", "--mine", "2",
        ]).wait()
        #expect(labels.status == 1 && labels.errors.contains("labels holds texts with labels"), "\(labels.errors)")
    }

    @Test("a run that mines is killed, resumed, and ends with the same bytes")
    func killed() throws {
        let folder = try TemporaryFolder()
        let tool = try tool(in: folder)
        let flags = [
            "--mine", "2", "--mine-every", "4", "--mine-no-margin", "--anchor", "2", "--anchor-texts", "set",
            "--max-steps", "60", "--checkpoint-every", "3", "--quiet",
        ]
        #expect(try train(tool, flags, run: "whole").status == 0)
        let running = try tool.start(
            ["train", "-M", Self.model, "-d", "set", "-o", "run", "--batch-size", "4", "--rank", "2", "--lr", "5e-3"]
                + flags)
        while !tool.exists("run/checkpoints/step-6"), running.process.isRunning { usleep(500) }
        kill(running.process.processIdentifier, SIGKILL)
        _ = running.wait()
        let resumed = try train(tool, flags + ["--resume"])
        // It may have been done before it was killed.
        #expect(resumed.status == 0 || resumed.errors.contains("has finished"), "\(resumed.errors)")
        #expect(
            try tool.read("run/adapter_model.safetensors") == tool.read("whole/adapter_model.safetensors"))
        let histories = try ["run", "whole"].map { try record(tool, run: $0)["mining"] as? [[String: Any]] ?? [] }
        #expect(histories[0].map { $0["step"] as? Int } == histories[1].map { $0["step"] as? Int })
        #expect(histories[1].count == 15)
    }

    @Test(
        "--anchor holds on to texts a line, a data set's documents, or a table's texts",
        arguments: [("texts.txt", 2), ("set", 10), ("pairs", 10), ("labels/train.csv", 4), ("scored", 20)])
    func anchor(texts: String, count: Int) throws {
        let folder = try TemporaryFolder()
        let tool = try tool(in: folder)
        let outcome = try train(tool, ["--anchor", "5", "--anchor-texts", texts, "--anchor-batch", "3", "--quiet"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        let record = try record(tool)
        let settings = record["settings"] as? [String: Any]
        #expect(settings?["anchor"] as? Double == 5 && settings?["anchor-batch"] as? Int == 3)
        #expect((record["data"] as? [String: Any])?["anchor_texts"] as? Int == count)
    }

    @Test(
        "--dial sweeps the strength against a canary of any kind, and writes the adapter that it chose",
        arguments: [("scored", "spearman"), ("labels", "ndcg@10"), ("set", "ndcg@10")])
    func dial(canary: String, metric: String) throws {
        let folder = try TemporaryFolder()
        let tool = try tool(in: folder)
        let outcome = try train(
            tool, ["--dial", "--canary", canary, "--dial-budget", "0.05", "--dial-steps", "4"])
        #expect(outcome.status == 0, "\(outcome.errors)")
        let result = try record(tool)["result"] as? [String: Any]
        let dial = result?["dial"] as? [String: Any] ?? [:]
        #expect(dial["domain_metric"] as? String == "ndcg@10" && dial["canary_metric"] as? String == metric)
        let points = dial["points"] as? [[String: Any]] ?? []
        #expect(points.map { $0["scale"] as? Double } == [0, 0.25, 0.5, 0.75, 1])
        let scale = try #require(dial["scale"] as? Double)
        let adapter = try JSONSerialization.jsonObject(with: tool.read("run/adapter_config.json")) as? [String: Any]
        #expect(adapter?["lora_alpha"] as? Double == 32 * scale)
        #expect(
            outcome.errors.split(separator: "\n").count { $0.hasPrefix("strength 0.") || $0.hasPrefix("strength 1.") }
                == 5)
        #expect(outcome.errors.contains("canary \(metric) "))
        #expect(outcome.output.contains("the canary's \(metric) loses"), "\(outcome.output)")

        // What it says of the point that it chose is what the written adapter does.
        let evaluated = try tool.run(
            "eval", "-A", "run", "-M", Self.model, "-d", "set", "--split", "dev", "--json",
            "--precision", "f32")
        let chosen = points.first { $0["scale"] as? Double == scale }?["domain"] as? [String: Double]
        let found = try #require(try evaluated.json()["ndcg@10"] as? Double)
        #expect(abs(found - (chosen?["ndcg@10"] ?? -1)) < 1e-9)
    }

    @Test(
        "what is wrong is one line before anything is written",
        arguments: [
            (["--mine", "0"], ["mine is 0"]), (["--mine", "3", "--mine-range-max", "2"], ["mine-range-max is 2"]),
            (["--anchor", "0", "--anchor-texts", "texts.txt"], ["anchor is 0.0"]),
            (["--anchor", "1", "--anchor-texts", "none.txt"], ["none.txt"]),
            (["--dial", "--canary", "nowhere"], ["nowhere"]),
            (["--dial", "--canary", "scored", "--canary-split", "x"], ["scored has no split \"x\""]),
            (["--dial", "--canary", "scored", "--dial-budget=-1"], ["dial-budget is -1.0"]),
        ])
    func wrong(arguments: [String], named: [String]) throws {
        let folder = try TemporaryFolder()
        let tool = try tool(in: folder)
        let outcome = try train(tool, arguments)
        #expect(outcome.status == 1 && outcome.output.isEmpty)
        #expect(outcome.complaints.count == 1, "\(outcome.errors)")
        for word in named { #expect(outcome.errors.contains(word), "\(outcome.errors)") }
        #expect(!tool.exists("run"))
    }

    @Test(
        "flags that need each other say so",
        arguments: [
            ["--mine-every", "3"], ["--anchor", "1"], ["--anchor-texts", "x"], ["--dial"], ["--canary", "x"],
            ["--mine", "2", "--mine-no-margin", "--mine-absolute-margin", "0.1"],
        ])
    func usage(arguments: [String]) throws {
        let folder = try TemporaryFolder()
        #expect(try train(Tool(folder: folder.path), arguments).status == 64)
    }
}
