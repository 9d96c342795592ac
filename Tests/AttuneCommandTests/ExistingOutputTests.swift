import Foundation
import TestSupport
import Testing

/// What stands under an output's name is replaced with `--force` only, and whoever forgot it hears so at once.
@Suite("Outputs that are there already")
struct ExistingOutputTests {
    /// The model's name is wrong on purpose: the refusal comes before anything is read.
    private static let missing = "no/such/model"

    @Test(
        "are refused before the work begins",
        arguments: [
            (["embed", "-M", missing, "-i", "-", "-o", "out.npy"], "out.npy"),
            (["embed", "-M", missing, "-i", "-", "-o", "v.npy"], "v.npy.json"),
            (["index", "build", "out", "-M", missing, "-i", "-"], "out"),
            (["data", "from-docs", "no-such-folder", "-o", "out"], "out"),
            (["data", "import", "no-such-file.tsv", "-o", "out"], "out"),
            (["data", "split", "no-such-data", "-o", "out"], "out"),
            (["eval", "-M", missing, "-d", "no-such-data", "--run-file", "out.trec"], "out.trec"),
            (["eval", "-M", missing, "-d", "no-such-data", "--per-query", "out.jsonl"], "out.jsonl"),
            (["train", "-M", missing, "-d", "no-such-data", "-o", "out"], "out"),
        ])
    func refused(arguments: [String], output: String) throws {
        let folder = try TemporaryFolder()
        let tool = Tool(folder: folder.path)
        for file in ["out/keep.txt", "out.npy", "v.npy.json", "out.trec", "out.jsonl"] {
            try tool.write("mine", to: file)
        }
        let outcome = try tool.start(arguments, input: "").wait()
        #expect(outcome.status == 1)
        #expect(outcome.complaints.count == 1 && outcome.errors.contains("exists"), "\(outcome.errors)")
        #expect(outcome.complaints.first?.hasPrefix("attune: \(output) ") == true, "\(outcome.errors)")
        #expect(try tool.read("out/keep.txt") == Data("mine".utf8))
        // With --force, or on stdout, the work begins, and fails on what is wrong with the input.
        if arguments[0] != "train" {
            let forced = try tool.start(arguments + ["--force"], input: "").wait()
            #expect(forced.status == 1 && !forced.errors.contains("exists"), "\(forced.errors)")
        }
    }

    @Test("--force replaces vectors, their side-car and what eval writes")
    func replaced() throws {
        let folder = try TemporaryFolder()
        let tool = Tool(folder: folder.path)
        let embed = ["embed", "-M", DaysWorkTests.model, "-i", "-", "-o", "v.npy"]
        #expect(try tool.start(embed, input: "the cat\n").wait().status == 0)
        let first = (try tool.read("v.npy"), try tool.read("v.npy.json"))
        #expect(try tool.start(embed, input: "the cat\nthe dog\n").wait().status == 1)
        #expect(try tool.read("v.npy") == first.0 && tool.read("v.npy.json") == first.1)
        #expect(try tool.start(embed + ["--force"], input: "the cat\nthe dog\n").wait().status == 0)
        #expect(try tool.read("v.npy") != first.0 && tool.read("v.npy.json") != first.1)

        try tool.write("{\"_id\": \"a\", \"text\": \"the cat\"}\n", to: "data/corpus.jsonl")
        try tool.write("{\"_id\": \"q\", \"text\": \"cat\"}\n", to: "data/queries.jsonl")
        try tool.write("query-id\tcorpus-id\tscore\nq\ta\t1\n", to: "data/qrels/test.tsv")
        let eval = ["eval", "-M", DaysWorkTests.model, "-d", "data", "--run-file", "r", "--per-query", "p"]
        #expect(try tool.start(eval).wait().status == 0)
        let again = try tool.start(eval).wait()
        #expect(again.status == 1 && again.output.isEmpty, "\(again.errors)")
        #expect(try tool.start(eval + ["--force"]).wait().status == 0)
    }
}
