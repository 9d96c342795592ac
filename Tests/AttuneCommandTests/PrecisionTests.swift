import Foundation
import TestSupport
import Testing

/// Precisions on the command line, on a tiny model.
@Suite("Precision")
struct PrecisionTests {
    static let model = DaysWorkTests.model

    @Test("is said where it was chosen, and every one of them embeds")
    func choice() throws {
        let folder = try TemporaryFolder()
        let tool = Tool(folder: folder.path)
        try tool.write("the cat sat\nthe dog ran\n", to: "texts.txt")
        for precision in ["f32", "bf16", "int8"] {
            let run = try tool.run(
                "embed", "-M", Self.model, "-i", "texts.txt", "-o", "\(precision).npy", "--precision", precision)
            #expect(run.status == 0 && !run.errors.contains("precision "), "\(run.errors)")
            #expect(tool.exists("\(precision).npy"))
        }
        let chosen = try tool.run("embed", "-M", Self.model, "-i", "texts.txt", "-o", "chosen.npy")
        #expect(chosen.status == 0 && chosen.errors.contains("precision "), "\(chosen.errors)")
        let wrong = try tool.run("embed", "-M", Self.model, "-i", "texts.txt", "-o", "w.npy", "--precision", "f16")
        #expect(wrong.status == 64 && wrong.errors.contains("int8"), "\(wrong.errors)")
        let trained = try tool.run("train", "-M", Self.model, "-d", "none", "-o", "run", "--precision", "int8")
        #expect(trained.status == 64, "\(trained.errors)")
    }

    @Test("is calibrated on data of one's own, and the record decides from then on")
    func calibration() throws {
        let folder = try TemporaryFolder()
        let tool = Tool(folder: folder.path)
        let model = folder.path + "/model"
        try FileManager.default.copyItem(atPath: Self.model, toPath: model)
        let pairs = (0..<12).map { "the cat sat \($0)\tthe dog ran \($0 * 7 % 12)\t0.\($0 * 5 % 10)" }
        try tool.write((["sentence1\tsentence2\tscore"] + pairs).joined(separator: "\n") + "\n", to: "pairs/dev.tsv")

        let calibrated = try tool.run("model", "calibrate", model, "-d", "pairs", "--json", "--quiet")
        #expect(calibrated.status == 0, "\(calibrated.errors)")
        let record = try calibrated.json()
        let measurement = try #require((record["measurements"] as? [[String: Any]])?.first)
        #expect(measurement["metric"] as? String == "spearman" && measurement["count"] as? Int == 12)
        #expect(Set((measurement["values"] as? [String: Double] ?? [:]).keys) == ["f32", "bf16", "int8"])
        #expect(tool.exists("model/attune-calibration.json"))
        let choice = try #require(record["choice"] as? String)

        try tool.write("the cat sat\n", to: "texts.txt")
        let embedded = try tool.run("embed", "-M", model, "-i", "texts.txt", "-o", "a.npy")
        #expect(embedded.errors.contains("precision \(choice)"), "\(embedded.errors)")

        try tool.write("{}", to: "model/attune-calibration.json")
        let broken = try tool.run("embed", "-M", model, "-i", "texts.txt", "-o", "b.npy")
        #expect(broken.status == 1 && broken.errors.contains("attune-calibration.json"), "\(broken.errors)")

        let none = try tool.run("model", "calibrate", model)
        #expect(none.status == 64, "\(none.errors)")
    }
}
