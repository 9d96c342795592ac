import Files
import ModelFiles
import TestSupport
import Testing
import VectorMath

/// DoRA's magnitudes, trained biases and excluded modules, as PEFT wrote them (`fixtures/adapters/record.py`).
@Suite("Adapter folders with more than products")
struct AdapterExtrasTests {
    let folder: TemporaryFolder
    private let recorded = SharedData.fixtures + "/adapters/"
    private let prefix = "base_model.model."

    init() throws { folder = try TemporaryFolder() }

    /// A copy of a recorded adapter with other tensors.
    private func changed(
        _ name: String, settings changes: [String: JSONValue] = [:], rename: (String) -> String?
    ) throws -> String {
        var settings = try #require(try JSONValue.read(recorded + name + "/adapter_config.json").objectValue)
        settings.merge(changes) { $1 }
        try folder.write(JSONValue.object(settings).serialized(), to: "\(name)/adapter_config.json")
        let file = try SafetensorsFile(path: recorded + name + "/adapter_model.safetensors")
        var writer = SafetensorsWriter()
        for name in file.names {
            if let other = rename(name) { writer.add(try #require(file.tensor(name)), as: other) }
        }
        try writer.write(to: folder.file("\(name)/adapter_model.safetensors"))
        return folder.file(name)
    }

    @Test(
        "are written back as PEFT wrote them, byte for byte",
        arguments: ["one", "two", "three", "dora", "bias_all", "bias_lora_only", "patterns", "pissa", "olora"])
    func roundTrip(name: String) throws {
        let adapter = try AdapterFolder(path: recorded + name)
        let path = folder.file(name)
        try AdapterFolder.write(
            to: path, configuration: adapter.configuration, modules: adapter.modules, biases: adapter.biases)
        #expect(
            try readFile(path + "/adapter_model.safetensors")
                == readFile(recorded + name + "/adapter_model.safetensors"))
        var expected = try #require(try JSONValue.read(recorded + name + "/adapter_config.json").objectValue)
        if name == "patterns" {
            // One pattern or a list of it, and the order of layers: the same to PEFT.
            expected["layers_pattern"] = ["layer"]
            expected["layers_to_transform"] = [0, 1]
        }
        #expect(try JSONValue.read(path + "/adapter_config.json") == .object(expected))
    }

    @Test("DoRA's magnitudes belong to their layers")
    func readsMagnitudes() throws {
        let adapter = try AdapterFolder(path: recorded + "dora")
        #expect(adapter.configuration.useDoRA && adapter.modules.count == 3)
        for (name, matrices) in adapter.modules {
            #expect(matrices.magnitude?.count == (name.contains("intermediate") ? 64 : 32))
        }
    }

    @Test("a magnitude too few, too many or of another length is an error that names it")
    func checksMagnitudes() throws {
        let module = "encoder.layer.1.attention.self.query"
        let name = prefix + module + ".lora_magnitude_vector"
        let missing = try changed("dora") { $0 == name ? nil : $0 }
        #expect(
            errorMessage { try AdapterFolder(path: missing) }
                == "\(missing)/adapter_model.safetensors: tensor '\(name)' is missing")
        let unasked = try changed("dora", settings: ["use_dora": false]) { $0 }
        #expect(
            errorMessage { try AdapterFolder(path: unasked) }?.contains("lora_magnitude_vector' has no place") == true)
        let other = prefix + "encoder.layer.0.intermediate.dense.lora_magnitude_vector"
        let swapped = try changed("dora") { $0 == name ? other : $0 == other ? name : $0 }
        #expect(errorMessage { try AdapterFolder(path: swapped) }?.contains("has shape [32], [64] expected") == true)
    }

    @Test(
        "trained biases are kept by their names in the model",
        arguments: [("bias_all", 18), ("bias_lora_only", 2)])
    func readsBiases(name: String, count: Int) throws {
        let adapter = try AdapterFolder(path: recorded + name)
        #expect(adapter.biases.count == count)
        #expect(adapter.biases["encoder.layer.0.attention.self.query.bias"]?.count == 32)
        #expect(adapter.biases.keys.allSatisfy { !$0.contains("base_layer") })
    }

    @Test("a bias where none is expected is an error that names it, and so are none where they are")
    func checksBiases() throws {
        for (settings, name) in [
            ("none", "bias_all"), ("lora_only", "bias_all"), ("none", "bias_lora_only"),
        ] {
            let path = try changed(name, settings: ["bias": .string(settings)]) { $0 }
            #expect(errorMessage { try AdapterFolder(path: path) }?.contains(".bias' has no place") == true)
        }
        let bare = try changed("bias_all") { $0.hasSuffix(".bias") ? nil : $0 }
        #expect(
            errorMessage { try AdapterFolder(path: bare) }
                == "\(bare)/adapter_model.safetensors: it holds no biases, but 'bias' is 'all'")
        let unwrapped = try changed("bias_lora_only") { $0.replacing(".base_layer", with: "") }
        #expect(errorMessage { try AdapterFolder(path: unwrapped) }?.contains("query.bias' has no place") == true)
        let ofMatrix = try changed("bias_all") { $0.replacing("key.bias", with: "query.lora_B.bias") }
        #expect(errorMessage { try AdapterFolder(path: ofMatrix) }?.contains("lora_B.bias' has no place") == true)
    }

    @Test(
        "excluded modules are no targets, by name and by pattern",
        arguments: [
            (AdapterTargets.names(["query"]), ["a.key"], ["a.query", "query"]),
            (.names(["layer.1.query"]), ["layer.0.query"], ["layer.1.query", "x.layer.1.query"]),
            (.pattern(#".*layer\.1\..*"#), ["layer.0.key", "layer.1"], ["x.layer.1.key"]),
        ])
    func exclusions(exclusions: AdapterTargets, changed: [String], others: [String]) {
        for targets in [AdapterTargets.allLinear, .pattern(".*"), .names(changed + others)] {
            let configuration = AdapterConfiguration(rank: 1, alpha: 1, targets: targets, exclusions: exclusions)
            for module in changed { #expect(configuration.targets(module), "\(module)") }
            for module in others { #expect(!configuration.targets(module), "\(module)") }
        }
    }
}
