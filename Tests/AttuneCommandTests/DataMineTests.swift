import Foundation
import TestSupport
import Testing

/// `attune data mine`, and what `attune train` makes of its result.
@Suite("Hard negatives from the command line")
struct DataMineTests {
    static let model = DaysWorkTests.model
    static let subjects = ["cat", "dog", "bank", "card", "money", "model", "vector", "search", "password", "mat"]

    /// A tool whose folder has a retrieval set of ten passages and a set of ten pairs.
    static func tool(in folder: TemporaryFolder) throws -> Tool {
        let tool = Tool(folder: folder.path)
        func lines(_ line: (Int, String) -> String) -> String {
            subjects.enumerated().map { line($0, $1) + "\n" }.joined()
        }
        try tool.write(
            lines { #"{"_id": "d\#($0)", "title": "", "text": "the \#($1) is on the mat"}"# }, to: "set/corpus.jsonl")
        try tool.write(lines { #"{"_id": "q\#($0)", "text": "where is my \#($1)?"}"# }, to: "set/queries.jsonl")
        let header = "query-id\tcorpus-id\tscore\n"
        try tool.write(header + (0..<8).map { "q\($0)\td\($0)\t1\n" }.joined(), to: "set/qrels/train.tsv")
        try tool.write(header + "q8\td8\t1\nq9\td9\t1\nq0\td1\t1\n", to: "set/qrels/dev.tsv")
        try tool.write(
            lines { #"{"anchor": "where is my \#($1)?", "positive": "the \#($1) is on the mat \#($0)"}"# },
            to: "pairs/train.jsonl")
        return tool
    }

    /// The judgements of a split by query.
    private func judgements(_ tool: Tool, _ path: String) throws -> [String: [String: String]] {
        var result: [String: [String: String]] = [:]
        for line in try String(decoding: tool.read(path), as: UTF8.self).split(separator: "\n").dropFirst() {
            let fields = line.split(separator: "\t").map(String.init)
            result[fields[0], default: [:]][fields[1]] = fields[2]
        }
        return result
    }

    /// The lines of a file: what JSON objects they hold, or the lines themselves.
    private func objects(_ tool: Tool, _ path: String) throws -> Set<AnyHashable> {
        let lines = try String(decoding: tool.read(path), as: UTF8.self).split(separator: "\n")
        return Set(
            lines.map { line in
                let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: String]
                return object.map { AnyHashable($0) } ?? AnyHashable(String(line))
            })
    }

    @Test("a retrieval set keeps its corpus, queries and other splits, and train learns from the negatives")
    func retrievalSet() throws {
        let folder = try TemporaryFolder()
        let tool = try Self.tool(in: folder)
        let mined = try tool.run(
            "data", "mine", "set", "-M", Self.model, "-o", "out", "--negatives", "3", "--no-margin", "--json")
        #expect(mined.status == 0, "\(mined.errors)")
        let report = try mined.json()
        for (name, value) in ["queries": 8, "documents": 10, "negatives": 24, "short_queries": 0] {
            #expect(report[name] as? Int == value, "\(name)")
        }
        #expect(report["path"] as? String == "out")
        let settings = report["settings"] as? [String: Any] ?? [:]
        #expect(settings["negatives"] as? Int == 3 && settings["relative-margin"] is NSNull)
        for file in ["corpus.jsonl", "queries.jsonl", "qrels/dev.tsv"] {
            #expect(try objects(tool, "set/" + file) == objects(tool, "out/" + file), "\(file)")
        }
        let train = try judgements(tool, "out/qrels/train.tsv")
        #expect(train.count == 8)
        for (query, documents) in train {
            #expect(documents["d" + query.dropFirst()] == "1")
            #expect(documents.values.count { $0 == "0" } == 3)
        }
        // The dev split says that it answers this query.
        #expect(train["q0"]?["d1"] == nil)

        func learn(_ data: String) throws -> [String: Any] {
            let outcome = try tool.run(
                "train", "-M", Self.model, "-d", data, "-o", "run-" + data, "--batch-size", "4", "--rank", "2",
                "--quiet",
                "--json")
            #expect(outcome.status == 0, "\(outcome.errors)")
            return try outcome.json()
        }
        let (plain, hard) = (try learn("set"), try learn("out"))
        let losses = [plain, hard].map { ($0["result"] as? [String: Any])?["loss"] as? Double ?? 0 }
        #expect(losses[1] > losses[0])
    }

    @Test("pairs get negatives of their own, and the same command writes the same bytes with one thread and with two")
    func pairs() throws {
        let folder = try TemporaryFolder()
        let tool = try Self.tool(in: folder)
        for threads in ["1", "2"] {
            let mined = try tool.run(
                "data", "mine", "pairs", "-M", Self.model, "-o", "out" + threads, "--negatives", "2", "--no-margin",
                "--sampling", "random", "--seed", "5", "--threads", threads, "--quiet")
            #expect(mined.status == 0 && mined.errors.isEmpty, "\(mined.errors)")
            #expect(mined.output.hasPrefix("out\(threads): 20 negatives for 10 queries among 10 passages"))
        }
        #expect(try tool.read("out1/train.jsonl") == tool.read("out2/train.jsonl"))
        for line in try String(decoding: tool.read("out1/train.jsonl"), as: UTF8.self).split(separator: "\n") {
            let row = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:]
            let negatives = row["negatives"] as? [String] ?? []
            #expect(Set(negatives).count == 2)
            #expect(!negatives.contains(row["positive"] as? String ?? ""))
        }
    }

    @Test("says how many queries have too few negatives, and which flag would give more")
    func short() throws {
        let folder = try TemporaryFolder()
        let tool = try Self.tool(in: folder)
        let mined = try tool.run(
            "data", "mine", "set", "-M", Self.model, "-o", "out", "--no-margin", "--range-min", "4", "--negatives", "9",
            "--range-max", "13")
        #expect(mined.status == 0, "\(mined.errors)")
        #expect(
            mined.output.contains(
                "8 queries have fewer than 9: 8 because the window holds too few passages (--range-min, --range-max)"),
            "\(mined.output)")
    }

    @Test("mines with an adapter")
    func adapter() throws {
        let folder = try TemporaryFolder()
        let tool = try Self.tool(in: folder)
        let spaces = try [[], ["-A", SharedData.tinyBERT + "/peft_adapter"]].enumerated().map { number, more in
            let mined = try tool.start(
                ["data", "mine", "set", "-M", Self.model, "-o", "out\(number)", "--json"] + more
            ).wait()
            #expect(mined.status == 0, "\(mined.errors)")
            return try mined.json()["space"] as? String ?? ""
        }
        #expect(spaces[0] != spaces[1])
    }

    @Test(
        "what is wrong is one line, and leaves no output",
        arguments: [
            (["set", "--negatives", "0"], ["negatives is 0"]),
            (["set", "--range-min", "5", "--range-max", "7"], ["range-max is 7", "room for 5 negatives"]),
            (["set", "--max-score", "2"], ["max-score is 2.0"]),
            (["set", "--relative-margin=-1"], ["relative-margin is -1.0"]),
            (["set", "--split", "validation"], ["set has no split \"validation\"", "train, dev"]),
            (["nowhere"], ["nowhere"]), (["labels"], ["labels", "anchor and a positive"]),
            (["taught"], ["taught has a teacher's scores"]),
        ])
    func wrong(arguments: [String], named: [String]) throws {
        let folder = try TemporaryFolder()
        let tool = try Self.tool(in: folder)
        try tool.write("text,label\ncat,a\ndog,b\n", to: "labels/train.csv")
        try tool.write(
            "anchor,positive,negative,score\nmy cat,the cat,the dog,0.5\nmy dog,the dog,the cat,0.4\n",
            to: "taught/train.csv")
        let outcome = try tool.start(["data", "mine", "-M", Self.model, "-o", "out"] + arguments).wait()
        #expect(outcome.status == 1 && outcome.output.isEmpty)
        #expect(outcome.complaints.count == 1, "\(outcome.errors)")
        for word in named { #expect(outcome.errors.contains(word), "\(outcome.errors)") }
        #expect(!tool.exists("out"))
    }

    @Test("does not replace what is there without --force")
    func existing() throws {
        let folder = try TemporaryFolder()
        let tool = try Self.tool(in: folder)
        let nowhere = try tool.run("data", "mine", "set", "-M", Self.model, "-o", "none/out")
        #expect(nowhere.status == 1 && nowhere.errors == "attune: cannot write none/out: there is no folder none\n")
        try tool.write("mine", to: "out/notes.txt")
        let refused = try tool.run("data", "mine", "set", "-M", Self.model, "-o", "out")
        #expect(refused.status == 1 && refused.complaints.count == 1)
        #expect(try tool.run("data", "mine", "set", "-M", Self.model, "-o", "out", "--force").status == 0)
        #expect(tool.exists("out/corpus.jsonl") && !tool.exists("out/notes.txt"))
        #expect(
            try tool.run("data", "mine", "set", "-M", "m", "-o", "x", "--no-margin", "--absolute-margin", "0").status
                == 64)
    }
}
