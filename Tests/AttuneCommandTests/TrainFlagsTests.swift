import Foundation
import TestSupport
import Testing

/// What `attune train` takes on the command line and from a file, and what it leaves in the record.
@Suite("Flags of train")
struct TrainFlagsTests {
    static let model = DaysWorkTests.model

    /// A tool whose folder has pairs to train on, and some to evaluate on.
    private func tool(in folder: TemporaryFolder, dev: Bool = true) throws -> Tool {
        let tool = Tool(folder: folder.path)
        func pairs(_ count: Int) -> String {
            (0..<count).map { #"{"anchor": "the cat \#($0) sat", "positive": "where the dog \#($0) is fast"}"# }
                .joined(separator: "\n") + "\n"
        }
        try tool.write(pairs(32), to: "data/train.jsonl")
        if dev { try tool.write(pairs(8), to: "data/dev.jsonl") }
        return tool
    }

    private func train(_ tool: Tool, _ more: String..., run: String = "run") throws -> Tool.Outcome {
        let fixed = ["train", "-M", Self.model, "-d", "data", "-o", run, "--batch-size", "4", "--max-steps", "6"]
        return try tool.start(fixed + more).wait()
    }

    private func record(_ tool: Tool, run: String = "run") throws -> [String: Any] {
        try JSONSerialization.jsonObject(with: tool.read("\(run)/run.json")) as? [String: Any] ?? [:]
    }

    private func settings(_ tool: Tool, run: String = "run") throws -> [String: Any] {
        try record(tool, run: run)["settings"] as? [String: Any] ?? [:]
    }

    @Test("are all in the record, and the adapter says that it is rank-stabilised")
    func recorded() throws {
        let folder = try TemporaryFolder()
        let tool = try tool(in: folder)
        let outcome = try train(
            tool, "--method", "lora", "--variant", "rslora", "--loss", "mnrl", "--max-grad-norm", "0.5",
            "--eval-every", "2", "--patience", "3", "--rank", "4")
        #expect(outcome.status == 0, "\(outcome.errors)")
        let settings = try settings(tool)
        for (name, value) in ["method": "lora", "variant": "rslora", "loss": "mnrl", "metric": "ndcg@10"] {
            #expect(settings[name] as? String == value, "\(name)")
        }
        for (name, value) in ["max-grad-norm": 0.5, "eval-every": 2, "patience": 3, "rank": 4] {
            #expect(settings[name] as? Double == value, "\(name)")
        }
        let adapter = try JSONSerialization.jsonObject(with: tool.read("run/adapter_config.json")) as? [String: Any]
        #expect(adapter?["use_rslora"] as? Bool == true)
    }

    @Test("variants, exceptions and LoRA+ are in the record and in the adapter, from the command line and from a file")
    func variants() throws {
        let folder = try TemporaryFolder()
        let tool = try tool(in: folder)
        let outcome = try train(
            tool, "--variant", "pissa", "--pissa-iterations", "4", "--lr-ratio", "8", "--rank", "4",
            "--targets", "all-linear", "--layers-to-transform", "1", "--rank-pattern",
            "query=2,attention.output.dense=3",
            "--alpha-pattern", "value=6", "--quiet")
        #expect(outcome.status == 0, "\(outcome.errors)")
        let settings = try settings(tool)
        #expect(settings["variant"] as? String == "pissa" && settings["pissa-iterations"] as? Int == 4)
        #expect(settings["lr-ratio"] as? Double == 8 && settings["layers-to-transform"] as? [Int] == [1])
        #expect(settings["rank-pattern"] as? [String: Int] == ["query": 2, "attention.output.dense": 3])
        #expect(settings["alpha-pattern"] as? [String: Double] == ["value": 6])
        let adapter = try JSONSerialization.jsonObject(with: tool.read("run/adapter_config.json")) as? [String: Any]
        #expect(adapter?["r"] as? Int == 8 && adapter?["init_lora_weights"] as? Bool == true)
        #expect(adapter?["rank_pattern"] as? [String: Int] == ["query": 4, "attention.output.dense": 6])
        #expect(adapter?["layers_to_transform"] as? [Int] == [1])
        try tool.write(
            """
            {"variant": "pissa", "pissa-iterations": 4, "lr-ratio": 8, "rank": 4, "targets": "all-linear", "quiet": true,
             "layers-to-transform": [1], "rank-pattern": ["query=2", "attention.output.dense=3"], "alpha-pattern": "value=6"}
            """, to: "c.json")
        let file = try train(tool, "--config", "c.json", run: "file")
        #expect(file.status == 0, "\(file.errors)")
        #expect(try tool.read("file/adapter_model.safetensors") == tool.read("run/adapter_model.safetensors"))
        let checked = try tool.run("adapter", "check", "run", "-M", Self.model)
        #expect(checked.status == 0, "\(checked.errors)")
    }

    @Test("--eval-every measures the base, every so many steps and the end, and names the adapter that is kept")
    func evaluates() throws {
        let folder = try TemporaryFolder()
        let tool = try tool(in: folder)
        let outcome = try train(tool, "--eval-every", "4")
        #expect(outcome.status == 0, "\(outcome.errors)")
        let notes = outcome.errors.split(separator: "\n").filter { $0.hasPrefix("step ") }
        #expect(notes.map { $0.prefix(7) } == ["step 4:", "step 6:"])
        #expect(outcome.output.contains("ndcg@10 on dev: base 0."))
        let result = try record(tool)["result"] as? [String: Any]
        for moment in ["before", "best"] {
            let metrics = (result?[moment] as? [String: Any])?["metrics"] as? [String: Double] ?? [:]
            #expect(Set(metrics.keys) == ["ndcg@10", "mrr@10", "recall@10", "recall@100"])
            #expect(metrics.values.allSatisfy { (0...1).contains($0) })
        }
        let quiet = try train(tool, "--eval-every", "4", "--quiet", run: "quiet")
        #expect(quiet.status == 0 && quiet.errors.isEmpty, "\(quiet.errors)")
        #expect(
            try tool.read("quiet/adapter_model.safetensors") == tool.read("run/adapter_model.safetensors"))
    }

    @Test("a set of scored pairs is trained on, and evaluated by Spearman's correlation")
    func scoredPairs() throws {
        let folder = try TemporaryFolder()
        let tool = try tool(in: folder)
        let rows = (0..<16).map { "the cat \($0) sat\twhere the \($0 % 2 == 0 ? "cat" : "bank") is\t\($0 % 4)\n" }
        try tool.write("sentence1\tsentence2\tscore\n" + rows.joined(), to: "sts/train.tsv")
        try tool.write("sentence1\tsentence2\tscore\n" + rows.joined(), to: "sts/dev.tsv")
        func run(_ run: String, _ more: String...) throws -> Tool.Outcome {
            let fixed = ["train", "-M", Self.model, "-d", "sts", "-o", run, "--batch-size", "4", "--max-steps", "4"]
            return try tool.start(fixed + more).wait()
        }
        let outcome = try run("run", "--loss", "cosent", "--eval-every", "2", "--matryoshka", "32,16")
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("spearman on dev: base "))
        #expect(try settings(tool)["metric"] as? String == "spearman")
        #expect(try settings(tool)["matryoshka"] as? [Int] == [32, 16])
        let refused = try run("other", "--loss", "cosine")
        #expect(refused.status == 1 && refused.complaints.count == 1 && !tool.exists("other"))
        #expect(refused.errors.contains("sts does not fit the loss cosine"), "\(refused.errors)")
        let ranged = try run("ranged", "--loss", "cosine", "--score-range", "0,3", "--quiet")
        #expect(ranged.status == 0, "\(ranged.errors)")
    }

    @Test("several data sets are trained on in one run, from the command line and from a file")
    func severalSets() throws {
        let folder = try TemporaryFolder()
        let tool = try tool(in: folder)
        let labels = (0..<12).map { "the \($0) is \($0 % 3),l\($0 % 3)\n" }.joined()
        try tool.write("text,label\n" + labels, to: "labels/train.csv")
        let fixed = ["train", "-M", Self.model, "--batch-size", "4", "--max-steps", "6", "--quiet"]
        let line = try tool.start(
            fixed + ["-d", "data", "-d", "labels", "-o", "line", "--mixing", "round-robin", "--masks", "none"]
        ).wait()
        #expect(line.status == 0, "\(line.errors)")
        try tool.write(
            #"{"data": ["data", "labels"], "mixing": "round-robin", "masks": ["none"], "output": "file"}"#, to: "c.json"
        )
        let file = try tool.start(fixed + ["--config", "c.json"]).wait()
        #expect(file.status == 0, "\(file.errors)")
        #expect(try tool.read("file/adapter_model.safetensors") == tool.read("line/adapter_model.safetensors"))
        let alone = try tool.start(fixed + ["--config", "c.json", "-d", "data", "-o", "alone"]).wait()
        #expect(alone.status == 0, "\(alone.errors)")
        let data = try record(tool, run: "alone")["data"] as? [String: Any]
        #expect(data?["name"] as? String == "data")
    }

    @Test(
        "--report says what the run's page shows, and the end of the run says where it is",
        arguments: [
            (nil, true, true), ("full", true, true), ("brief", true, false), ("none", true, false), (nil, false, false),
        ] as [(String?, Bool, Bool)])
    func reports(extent: String?, dev: Bool, compares: Bool) throws {
        let folder = try TemporaryFolder()
        let tool = try tool(in: folder, dev: dev)
        let flags = extent.map { ["--report", $0] } ?? []
        let outcome = try tool.start(
            ["train", "-M", Self.model, "-d", "data", "-o", "run", "--max-steps", "2", "--quiet"] + flags
        ).wait()
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.contains("report: run/report.html") == (extent != "none"))
        #expect(tool.exists("run/report.html") == (extent != "none"))
        guard extent != "none" else { return }
        let page = String(decoding: try tool.read("run/report.html"), as: UTF8.self)
        #expect(page.contains("What it cost"))
        #expect(page.contains("Base against tuned") == compares)
    }

    @Test("--report full without a split to evaluate on is refused before anything is written")
    func nothingToReportOn() throws {
        let folder = try TemporaryFolder()
        let tool = try tool(in: folder, dev: false)
        let outcome = try train(tool, "--report", "full")
        #expect(outcome.status == 1 && outcome.errors.contains("dev"), "\(outcome.errors)")
        #expect(!tool.exists("run"))
    }

    @Test("--patience ends a training that no longer gets better")
    func patience() throws {
        let folder = try TemporaryFolder()
        let tool = try tool(in: folder)
        // Steps too small to move a ranking: no evaluation after the first is better than the first.
        let outcome = try train(tool, "--eval-every", "1", "--patience", "2", "--lr", "1e-12")
        #expect(outcome.status == 0, "\(outcome.errors)")
        let result = try record(tool)["result"] as? [String: Any]
        #expect(result?["steps"] as? Int == 3)
        #expect(result?["stopped_early"] as? Bool == true)
    }

    @Test("--max-grad-norm decides what is learned")
    func gradientNorm() throws {
        let folder = try TemporaryFolder()
        let tool = try tool(in: folder)
        for (run, norm) in [("a", "1"), ("b", "0"), ("c", "1e-9")] {
            let outcome = try train(tool, "--max-grad-norm", norm, run: run)
            #expect(outcome.status == 0, "\(outcome.errors)")
        }
        let adapters = try ["a", "b", "c"].map { try tool.read("\($0)/adapter_model.safetensors") }
        #expect(adapters[2] != adapters[0] && adapters[2] != adapters[1])
        let refused = try train(tool, "--max-grad-norm=-1", run: "d")
        #expect(refused.status == 1 && refused.complaints == ["attune: max-grad-norm is -1.0, expected 0 or more"])
    }

    @Test("a data set without a split to evaluate on is refused before anything is written")
    func nothingToEvaluateOn() throws {
        let folder = try TemporaryFolder()
        let tool = try tool(in: folder, dev: false)
        let outcome = try train(tool, "--eval-every", "2")
        #expect(outcome.status == 1)
        #expect(outcome.complaints == ["attune: data has no split \"dev\": it has train"])
        #expect(!tool.exists("run"))
    }

    @Test(
        "what is not there is wrong usage, and the answer lists what is",
        arguments: [
            (["--method", "head"], "'lora'"), (["--variant", "vera"], "'rslora', 'pissa'"),
            (["--loss", "triplets"], "online-contrastive"), (["--schedule", "steep"], "'cosine'"),
            (["--patience", "2"], "--eval-every"), (["--matryoshka", "64,x"], "--matryoshka: x"),
            (["--directions", "both"], "query-to-doc, doc-to-query"),
            (["--masks", "all"], "duplicates, positives, guide"),
            (["--rank-pattern", "query"], "--rank-pattern: query is not"),
            (["--rank-pattern", "query=x"], "and a rank"), (["--alpha-pattern", "a=1,a=2"], "a is there twice"),
            (["--layers-to-transform", "0,-1"], "-1 is no number of a block"),
            (["--score-range", "5,0"], "the lower first"), (["--mixing", "equal"], "'round-robin'"),
        ])
    func usage(arguments: [String], named: String) throws {
        let folder = try TemporaryFolder()
        let outcome = try Tool(folder: folder.path).start(["train", "-M", "m", "-d", "d", "-o", "r"] + arguments).wait()
        #expect(outcome.status == 64)
        #expect(outcome.errors.contains(named), "\(outcome.errors)")
    }
}

/// Flags from a file, with `--config`.
@Suite("Flags in a file")
struct ConfigurationFileTests {
    private let pairs = (0..<16).map { "the cat \($0) sat\twhere the dog \($0) is fast\n" }.joined()

    private func tool(in folder: TemporaryFolder, _ configuration: String) throws -> Tool {
        let tool = Tool(folder: folder.path)
        try tool.write("anchor\tpositive\n" + pairs, to: "data/train.tsv")
        try tool.write(configuration, to: "c.json")
        return tool
    }

    private func settings(_ tool: Tool) throws -> [String: Any] {
        let record = try JSONSerialization.jsonObject(with: tool.read("run/run.json")) as? [String: Any]
        return record?["settings"] as? [String: Any] ?? [:]
    }

    @Test("train reads all that it needs from a file, and the command line wins over it")
    func commandLineWins() throws {
        let folder = try TemporaryFolder()
        let tool = try tool(
            in: folder,
            """
            {"model": "\(DaysWorkTests.model)", "data": "data", "output": "elsewhere", "rank": 4, "batch-size": 4,
             "lr": 1e-4, "variant": "rslora", "targets": ["query", "key"], "seed": "18446744073709551615",
             "max-steps": 2, "max-length": null, "quiet": true, "json": false, "warmup": 0}
            """)
        let outcome = try tool.run("train", "-o", "run", "--config", "c.json", "--rank", "2", "--lr=0.002")
        #expect(outcome.status == 0 && outcome.errors.isEmpty, "\(outcome.errors)")
        #expect(!tool.exists("elsewhere"))
        let settings = try settings(tool)
        for (name, value) in ["rank": 2, "batch-size": 4, "lr": 0.002, "max-steps": 2, "warmup": 0] {
            #expect(settings[name] as? Double == value, "\(name)")
        }
        #expect(settings["variant"] as? String == "rslora")
        #expect(settings["targets"] as? [String] == ["query", "key"])
        #expect(settings["seed"] as? String == "18446744073709551615")
        #expect(settings["max-length"] is NSNull)
    }

    @Test("the same flags in a file and on the command line train the same adapter")
    func sameResult() throws {
        let folder = try TemporaryFolder()
        let tool = try tool(in: folder, #"{"rank": 4, "batch-size": 4, "lr": 2e-3, "max-steps": 3, "seed": 7}"#)
        let fixed = ["train", "-M", DaysWorkTests.model, "-d", "data", "--quiet"]
        let file = try tool.start(fixed + ["-o", "file", "--config=c.json"]).wait()
        let line = try tool.start(
            fixed + ["-o", "line", "--rank", "4", "--batch-size", "4", "--lr", "2e-3", "--max-steps", "3"]
                + ["--seed", "7"]
        ).wait()
        #expect(file.status == 0 && line.status == 0, "\(file.errors)\(line.errors)")
        #expect(
            try tool.read("file/adapter_model.safetensors") == tool.read("line/adapter_model.safetensors"))
    }

    @Test(
        "a file that is wrong is one line that names the file and the key",
        arguments: [
            (#"{"rnak": 4}"#, ["'rnak'", "rank"]), (#"{"rank": "four"}"#, ["'rank'", "\"four\"", "a whole number"]),
            (#"{"rank": 1.5}"#, ["'rank'", "1.5", "a whole number"]), (#"{"lr": true}"#, ["'lr'", "a number"]),
            (#"{"variant": "vera"}"#, ["'variant'", "lora, rslora, pissa, olora, dora"]),
            (#"{"loss": "x"}"#, ["'loss'", "mnrl, cached-mnrl"]),
            (#"{"matryoshka": ["a"]}"#, ["'matryoshka'", "an array of numbers"]),
            (#"{"data": [1]}"#, ["'data'", "an array of texts"]),
            (#"{"resume": 1}"#, ["'resume'", "true or false"]), (#"{"seed": -1}"#, ["'seed'", "0 or more"]),
            (#"{"targets": ["query", 1]}"#, ["'targets'", "an array"]), (#"{"config": "c.json"}"#, ["'config'"]),
            (#"{"model": {}}"#, ["'model'", "an object", "a text"]), ("[16]", ["an array", "an object of flags"]),
            ("{rank: 16}", ["not valid JSON"]), ("", ["c.json"]),
        ])
    func wrong(configuration: String, named: [String]) throws {
        let folder = try TemporaryFolder()
        let tool = try tool(in: folder, configuration)
        let outcome = try tool.run(
            "train", "-M", DaysWorkTests.model, "-d", "data", "-o", "run", "--config", "c.json")
        #expect(outcome.status == 1)
        #expect(outcome.output.isEmpty && !tool.exists("run"))
        let lines = outcome.errors.split(separator: "\n")
        #expect(lines.count == 1)
        for word in named + ["c.json"] { #expect(lines.first?.contains(word) == true, "\(outcome.errors)") }
    }

    @Test("a file that is not there is named, and --config without a file is wrong usage")
    func missing() throws {
        let folder = try TemporaryFolder()
        let tool = Tool(folder: folder.path)
        let outcome = try tool.run("train", "-M", "m", "-d", "d", "-o", "r", "--config", "none.json")
        #expect(outcome.status == 1 && outcome.complaints.count == 1 && outcome.errors.contains("none.json"))
        #expect(try tool.run("train", "-M", "m", "-d", "d", "-o", "r", "--config").status == 64)
    }

    @Test("every flag that the help lists can stand in the file, and no other")
    func allFlags() throws {
        let folder = try TemporaryFolder()
        let tool = try tool(in: folder, #"{"none": 1}"#)
        let help = try tool.run("train", "--help").output
        let listed = Set(
            help.split(separator: "\n").compactMap { line -> Substring? in
                guard line.hasPrefix("  -"), let name = line.firstRange(of: "--") else { return nil }
                return line[name.upperBound...].prefix { $0.isLetter || $0 == "-" }
            }.map(String.init)
        ).subtracting(["config", "help", "version"])
        #expect(listed.contains("eval-every") && listed.contains("model"))
        let refusal = try tool.run("train", "--config", "c.json").complaints.first ?? ""
        let accepted = refusal.split(separator: "there are ").last?.split(separator: ", ").map(String.init) ?? []
        #expect(Set(accepted) == listed)
    }
}
