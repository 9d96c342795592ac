import Foundation
import TestSupport
import Testing

/// Adapters of the tiny BERT, as PEFT wrote them, through the tool.
@Suite("attune adapter")
struct AdapterCommandTests {
    static let model = DaysWorkTests.model
    static let adapters = SharedData.fixtures + "/adapters/"
    static let (one, two, three) = (adapters + "one", adapters + "two", adapters + "three")
    let folder: TemporaryFolder
    let tool: Tool

    init() throws {
        folder = try TemporaryFolder()
        tool = Tool(folder: folder.path)
    }

    private func run(_ arguments: String..., status: Int32 = 0) throws -> Tool.Outcome {
        let outcome = try tool.start(["adapter"] + arguments).wait()
        #expect(outcome.status == status, "\(arguments): \(outcome.output)\(outcome.errors)")
        return outcome
    }

    private func json(_ arguments: String..., status: Int32 = 0) throws -> [String: Any] {
        let outcome = try tool.start(["adapter"] + arguments + ["--json"]).wait()
        #expect(outcome.status == status, "\(arguments): \(outcome.errors)")
        return try outcome.json()
    }

    /// Vectors of some texts, as bytes.
    private func vectors(_ model: [String]) throws -> [Float] {
        let out = "\(UUID().uuidString).fvecs"
        let outcome = try tool.start(
            ["embed", "-i", "-", "-o", out, "--precision", "f32", "--quiet"] + model,
            input: "the cat sat on the mat\nwhere is my money\nhow do i reset the password\n"
        ).wait()
        #expect(outcome.status == 0, "\(outcome.errors)")
        let bytes = try tool.read(out)
        // Each row is a width and so many floats.
        let width = 33
        let floats = bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
        return floats.indices.filter { $0 % width != 0 }.map { floats[$0] }
    }

    private static func cosine(_ a: [Float], _ b: [Float]) -> Float {
        let dot = zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
        return dot / (a.reduce(0) { $0 + $1 * $1 } * b.reduce(0) { $0 + $1 * $1 }).squareRoot()
    }

    @Test("info says what the adapter is and what it changes, beside the base where it is named")
    func info() throws {
        let alone = try json("info", Self.one)
        #expect(alone["rank"] as? Int == 4 && alone["alpha"] as? Double == 8 && alone["parameters"] as? Int == 768)
        #expect(alone["variant"] as? String == "lora" && alone["modules"] as? Int == 3)
        let layers = try #require(alone["layers"] as? [[String: Any]])
        #expect(layers.count == 3 && layers[0]["base_norm"] is NSNull)
        let withBase = try json("info", Self.one, "-M", Self.model)
        for layer in try #require(withBase["layers"] as? [[String: Any]]) {
            let (norm, base) = (try #require(layer["norm"] as? Double), try #require(layer["base_norm"] as? Double))
            #expect(abs((layer["share"] as? Double ?? 0) - norm / base) < 1e-12 && norm > 0)
            let rank = try #require(layer["entropy_rank"] as? Double)
            #expect((1...4).contains(rank) && (layer["singular_values"] as? [Double])?.count == 4)
        }
        // The stretch of DoRA's rows takes the base to know it.
        #expect(try json("info", Self.adapters + "dora")["norm"] is NSNull)
        #expect(try json("info", Self.adapters + "dora", "-M", Self.model)["norm"] as? Double ?? 0 > 0)
        let table = try run("info", Self.one, "-M", Self.model).output
        #expect(table.contains("encoder.layer.0.attention.self.value") && table.contains(" %"))
    }

    @Test("merge writes a model that gives the adapter's vectors; unmerge proves it is the base and the adapter")
    func mergeAndUnmerge() throws {
        _ = try run("merge", Self.one, "-M", Self.model, "-o", "merged")
        let (adapted, merged) = (
            try vectors(["-M", Self.model, "-A", Self.one]), try vectors(["-M", "merged"])
        )
        #expect(Self.cosine(adapted, merged) > 0.999999)
        #expect(Self.cosine(try vectors(["-M", Self.model]), merged) < 0.9999)

        let proof = try json("unmerge", "merged", "-A", Self.one, "-M", Self.model, "-o", "base")
        #expect(proof["exact"] as? Bool == true && (proof["different"] as? [String])?.isEmpty == true)
        #expect(
            try tool.read("base/model.safetensors")
                == Data(contentsOf: URL(fileURLWithPath: Self.model + "/model.safetensors")))
        #expect(try vectors(["-M", "base"]) == vectors(["-M", Self.model]))

        let other = try json(
            "unmerge", "merged", "-A", Self.three, "-M", Self.model, "-o", "none", status: 2)
        #expect(other["exact"] as? Bool == false && (other["different"] as? [String])?.isEmpty == false)
        #expect(!tool.exists("none"))
        let line = try run("unmerge", "merged", "-A", Self.one, "-M", Self.model).output
        #expect(line.contains("bit for bit"))
        // At a strength of 0 it is the base.
        _ = try run("merge", Self.one, "-M", Self.model, "-o", "none", "--strength", "0")
        #expect(try tool.read("none/model.safetensors") == tool.read("base/model.safetensors"))
    }

    @Test(
        "what is more than products is used alone or merged, with the same vectors, and has no strength",
        arguments: ["dora", "bias_all"])
    func moreThanProducts(name: String) throws {
        _ = try run("merge", Self.adapters + name, "-M", Self.model, "-o", "merged")
        #expect(try vectors(["-M", "merged"]) != vectors(["-M", Self.model]))
        let (merged, beside) = (
            try vectors(["-M", "merged"]), try vectors(["-M", Self.model, "-A", Self.adapters + name])
        )
        #expect(difference(merged, beside, within: Tolerance(absolute: 1e-5)) == nil)
        for arguments in [
            ["scale", Self.adapters + name, "--strength", "0.5", "-o", "out"],
            ["combine", Self.adapters + name, Self.one, "-o", "out"],
            ["merge", Self.adapters + name, "-M", Self.model, "--strength", "0.5", "-o", "out"],
        ] {
            let outcome = try tool.start(["adapter"] + arguments).wait()
            #expect(outcome.status == 1 && outcome.complaints.count == 1, "\(outcome.errors)")
            #expect(!tool.exists("out"))
        }
    }

    @Test("scale writes an adapter at another strength, down to its opposite")
    func scale() throws {
        _ = try run("scale", Self.one, "--strength", "0.5", "-o", "half")
        let (full, half) = (try json("info", Self.one), try json("info", "half"))
        #expect(abs((half["norm"] as? Double ?? 0) / (full["norm"] as? Double ?? 1) - 0.5) < 1e-6)
        _ = try run("scale", Self.one, "--strength=-1", "-o", "opposite")
        _ = try run("combine", Self.one, "opposite", "--type", "cat", "--weights", "1,1", "-o", "nothing")
        let rounding = 1e-6 * (full["norm"] as? Double ?? 0)
        #expect(try json("info", "nothing")["norm"] as? Double ?? 1 < rounding)
    }

    @Test("combine makes one adapter of several, of every type")
    func combine() throws {
        let two = [Self.one, Self.two]
        for type in ["linear", "cat", "svd"] {
            let made = try tool.start(["adapter", "combine"] + two + ["--type", type, "-o", type, "--json"]).wait()
            #expect(made.status == 0, "\(made.errors)")
            #expect(try made.json()["rank"] as? Int == (type == "cat" ? 8 : 4))
        }
        for type in [
            "ties", "ties_svd", "dare_linear", "dare_linear_svd", "dare_ties", "dare_ties_svd", "magnitude_prune",
            "magnitude_prune_svd",
        ] {
            let command = ["adapter", "combine"] + two + ["--type", type, "--weights", "0.7,-0.3"]
            let made = try tool.start(command + ["--density", "0.5", "--seed", "3", "-o", type]).wait()
            #expect(made.status == 0 && tool.exists(type + "/adapter_model.safetensors"), "\(made.errors)")
            #expect(try tool.start(command + ["-o", "x"]).wait().status == 64)
        }
        let wrong = [
            ["--weights", "1"], ["--weights", "1,x"], ["--type", "cat", "--rank", "3"],
            ["--type", "svd", "--rank", "0"],
            ["--type", "svd", "--density", "0.5"], ["--type", "ties", "--density", "0"], ["--type", "nonsense"],
        ]
        for flags in wrong {
            #expect(
                try tool.start(["adapter", "combine"] + two + ["-o", "x"] + flags).wait().status == 64, "\(flags)")
        }
        // Ranks that do not agree are found when the adapters are read.
        let uneven = try tool.start(
            ["adapter", "combine", Self.one, Self.three, "--type", "linear", "-o", "x"])
            .wait()
        #expect(uneven.status == 1 && uneven.errors.contains("equal ranks") && !tool.exists("x"))
    }

    @Test("compress says what it loses, and that is the distance that can be measured")
    func compress() throws {
        let report = try json("compress", Self.one, "--rank", "2", "-o", "small")
        #expect(report["rank"] as? Int == 2)
        let error = try #require(report["error"] as? Double)
        // The difference of the two as an adapter of its own.
        _ = try run("scale", "small", "--strength=-1", "-o", "opposite")
        _ = try run(
            "combine", Self.one, "opposite", "--type", "cat", "--weights", "1,1", "-o", "difference")
        let measured = try #require(try json("info", "difference")["norm"] as? Double)
        #expect(abs(measured / error - 1) < 1e-5)
        let kept = try json("compress", Self.one, "--energy", "0.9", "-o", "other")
        #expect(kept["relative_error"] as? Double ?? 1 <= 0.1.squareRoot())
        #expect(try run("compress", Self.one, "--rank", "1", "-o", "one").output.contains("4 -> 1"))
        for flags in [[], ["--rank", "1", "--energy", "0.5"], ["--rank", "0"], ["--energy", "1.5"]] {
            #expect(
                try tool.start(["adapter", "compress", Self.one, "-o", "x"] + flags).wait().status == 64)
        }
    }

    @Test("distance says how far two adapters are from each other, layer by layer")
    func distance() throws {
        let same = try json("distance", Self.one, Self.one)
        #expect(same["difference"] as? Double == 0 || same["relative_difference"] as? Double ?? 1 < 1e-6)
        _ = try run("scale", Self.one, "--strength=-1", "-o", "opposite")
        let opposite = try json("distance", Self.one, "opposite")
        #expect(abs((opposite["relative_difference"] as? Double ?? 0) - 2) < 1e-6)
        // One is on query and a value, two on query and a key.
        let report = try json("distance", Self.one, Self.two)
        #expect(report["only_in_a"] as? [String] == ["encoder.layer.0.attention.self.value"])
        #expect(report["only_in_b"] as? [String] == ["encoder.layer.0.attention.self.key"])
        let layers = try #require(report["layers"] as? [[String: Any]])
        #expect(
            layers.map { $0["name"] as? String } == [
                "encoder.layer.0.attention.self.query", "encoder.layer.1.attention.self.query",
            ])
        for layer in layers {
            for side in ["column_angles", "row_angles"] {
                let angles = try #require(layer[side] as? [Double])
                #expect(angles.count == 4 && angles == angles.sorted() && angles[0] >= 0 && angles[3] <= .pi / 2 + 1e-6)
                #expect(angles[3] > 0.1)
            }
        }
        // The difference as an adapter of its own, measured by another command.
        _ = try run("scale", Self.two, "--strength=-1", "-o", "minus")
        _ = try run("combine", Self.one, "minus", "--type", "cat", "--weights", "1,1", "-o", "difference")
        let measured = try #require(try json("info", "difference")["norm"] as? Double)
        #expect(abs(measured / (report["difference"] as? Double ?? 0) - 1) < 1e-5)
        let norms = try #require(report["norms"] as? [Double])
        #expect(abs(norms[0] / (try json("info", Self.one)["norm"] as? Double ?? 0) - 1) < 1e-6)

        let table = try run("distance", Self.one, Self.two).output
        #expect(table.contains("norm of a") && table.contains("all layers: norms"))
        #expect(table.contains("encoder.layer.0.attention.self.key: only \(Self.two) changes it"))
        let refused = try run("distance", Self.one, Self.adapters + "dora", status: 1)
        #expect(refused.complaints.count == 1 && refused.errors.contains("DoRA") && refused.output.isEmpty)
    }

    @Test("check passes what fits, and names what does not with exit code 2")
    func check() throws {
        #expect(try json("check", Self.one, "-M", Self.model)["ok"] as? Bool == true)
        #expect(try run("check", Self.adapters + "dora", "-M", Self.model).output.contains("fits"))
        // Dialled down to nothing.
        _ = try run("scale", Self.one, "--strength", "0", "-o", "nothing")
        let nothing = try json("check", "nothing", "-M", Self.model, status: 2)
        let kinds = try #require(nothing["findings"] as? [[String: String]]).map { $0["kind"] }
        #expect(kinds == ["no-change", "no-change", "no-change"])
        // Layer 1 is targeted, but only layer 0 has matrices; and a model of another width.
        let copy = try copyAdapter("one") { $0["target_modules"] = ["query", "value", "key"] }
        let missing = try run("check", copy, "-M", Self.model, status: 1)
        #expect(missing.errors.contains("key"))
        let all = try copyAdapter("one") { $0["target_modules"] = ["query", "value"] }
        let lacking = try json("check", all, "-M", Self.model, status: 2)
        let messages = try #require(lacking["findings"] as? [[String: String]]).compactMap { $0["message"] }
        #expect(
            messages == [
                "encoder.layer.1.attention.self.value: the configuration targets it, but the adapter has no matrices for it"
            ])
    }

    /// A copy of a recorded adapter with other settings.
    private func copyAdapter(_ name: String, _ change: (inout [String: Any]) -> Void) throws -> String {
        let path = folder.path + "/\(UUID().uuidString)"
        try FileManager.default.copyItem(atPath: Self.adapters + name, toPath: path)
        let file = URL(fileURLWithPath: path + "/adapter_config.json")
        var settings = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any] ?? [:]
        change(&settings)
        try JSONSerialization.data(withJSONObject: settings).write(to: file)
        return path
    }

    @Test("a run's adapter is refused on other weights than it was trained on")
    func otherBase() throws {
        try DaysWorkTests.writePages(tool)
        #expect(try tool.run("data", "from-docs", "pages", "-o", "data").status == 0)
        let trained = try tool.start(
            ["train", "-M", Self.model, "-d", "data", "-o", "run"] + DaysWorkTests.training
        ).wait()
        #expect(trained.status == 0, "\(trained.errors)")
        #expect(try run("check", "run").output.contains("fits"))
        _ = try run("merge", "run", "-o", "merged")
        // The tuned model is not the base.
        let refused = try run("merge", "run", "-M", "merged", "-o", "twice", status: 1)
        #expect(refused.complaints.count == 1 && refused.errors.contains("SHA-256") && !tool.exists("twice"))
        let found = try json("check", "run", "-M", "merged", status: 2)
        #expect((found["findings"] as? [[String: String]])?.first?["kind"] == "other-base")
    }

    @Test("export writes a PEFT folder, a merged model, or an adapter in a sentence-transformers folder")
    func export() throws {
        _ = try run("export", Self.one, "--as", "peft", "-M", Self.model, "-o", "peft")
        let info = try json("info", "peft")
        #expect(info["base"] as? String == URL(fileURLWithPath: Self.model).resolvingSymlinksInPath().path)
        #expect(
            try tool.read("peft/adapter_model.safetensors")
                == Data(contentsOf: URL(fileURLWithPath: Self.one + "/adapter_model.safetensors")))
        _ = try run("export", Self.one, "--as", "merged", "-M", Self.model, "-o", "merged")
        _ = try run("merge", Self.one, "-M", Self.model, "-o", "again")
        #expect(try tool.read("merged/model.safetensors") == tool.read("again/model.safetensors"))
        _ = try run("export", Self.one, "--as", "sentence-transformers", "-M", Self.model, "-o", "st")
        for file in [
            "adapter_config.json", "adapter_model.safetensors", "tokenizer.json", "modules.json",
            "1_Pooling/config.json",
        ] {
            #expect(tool.exists("st/" + file), "\(file)")
        }
        #expect(!tool.exists("st/config.json") && !tool.exists("st/model.safetensors"))
        #expect(try vectors(["-A", "st"]) == vectors(["-M", Self.model, "-A", Self.one]))
    }

    @Test(
        "outputs that are there are refused before the work begins, and replaced with --force",
        arguments: [
            ["merge", one, "-M", model], ["scale", one, "--strength", "0.5"],
            ["combine", one, two], ["compress", one, "--rank", "1"],
            ["export", one, "--as", "peft"],
        ])
    func existingOutputs(arguments: [String]) throws {
        try tool.write("mine", to: "out/keep.txt")
        let refused = try tool.start(["adapter"] + arguments + ["-o", "out"]).wait()
        #expect(refused.status == 1 && refused.complaints.count == 1 && refused.errors.contains("exists"))
        #expect(try tool.read("out/keep.txt") == Data("mine".utf8))
        #expect(try tool.start(["adapter"] + arguments + ["-o", "out", "--force"]).wait().status == 0)
        #expect(!tool.exists("out/keep.txt"))
    }

    @Test(
        "bad input is one clear line and no output",
        arguments: [
            ["info", "nowhere"], ["distance", one, "nowhere"], ["merge", "nowhere", "-M", model, "-o", "out"],
            ["merge", one, "-M", "no/such/model", "-o", "out"],
            ["compress", model, "--rank", "1", "-o", "out"], ["check", one, "-M", two],
            ["unmerge", "nowhere", "-A", one, "-M", model],
            ["merge", one, "-M", model, "--strength", "inf", "-o", "out"],
            ["scale", one, "--strength", "1e3", "-o", "no/such/parent/out"],
            ["scale", one, "--strength", "3e38", "-o", "out"],
        ])
    func badInput(arguments: [String]) throws {
        let outcome = try tool.start(["adapter"] + arguments).wait()
        #expect(outcome.status == 1, "\(outcome.errors)")
        #expect(outcome.complaints.count == 1 && outcome.output.isEmpty, "\(outcome.errors)")
        #expect(!tool.exists("out"))
    }

    @Test(
        "without a base, what needs one says so as wrong usage",
        arguments: [
            ["merge", one, "-o", "out"], ["check", one],
            ["scale", one, "-o", "out"],
            ["scale", one, "--strength", "nan", "-o", "out"], ["export", one, "-o", "out"],
        ])
    func usage(arguments: [String]) throws {
        #expect(try tool.start(["adapter"] + arguments).wait().status == 64)
    }

    @Test("every subcommand has a help text")
    func help() throws {
        for name in ["info", "check", "merge", "unmerge", "scale", "combine", "compress", "export"] {
            let outcome = try run(name, "--help")
            #expect(outcome.output.contains("OVERVIEW") && outcome.output.contains("USAGE: attune adapter \(name)"))
        }
    }
}
