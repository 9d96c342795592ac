import Files
import ModelFiles
import TestSupport
import Testing
import VectorMath

@Suite("Adapter folders")
struct AdapterFolderTests {
    let folder: TemporaryFolder
    private let reference = SharedData.tinyBERT + "/peft_adapter"
    private let prefix = "base_model.model."

    init() throws { folder = try TemporaryFolder() }

    /// An adapter folder made of the reference's settings with some changed, and of its tensors.
    private func write(
        _ changes: [String: JSONValue?] = [:],
        tensors: ((inout SafetensorsWriter, SafetensorsFile) throws -> Void)? = nil
    ) throws -> String {
        var settings = try #require(try JSONValue.read(reference + "/adapter_config.json").objectValue)
        for (key, value) in changes { settings[key] = value }
        try folder.write(JSONValue.object(settings).serialized(), to: "adapter/adapter_config.json")
        let file = try SafetensorsFile(path: reference + "/adapter_model.safetensors")
        var writer = SafetensorsWriter()
        if let tensors {
            try tensors(&writer, file)
        } else {
            for name in file.names { writer.add(try #require(file.tensor(name))) }
        }
        try writer.write(to: folder.file("adapter/adapter_model.safetensors"))
        return folder.file("adapter")
    }

    @Test("reads what PEFT wrote")
    func readsPEFT() throws {
        let adapter = try AdapterFolder(path: reference)
        #expect(adapter.configuration.rank == 4)
        #expect(adapter.configuration.alpha == 8)
        #expect(adapter.configuration.dropout == 0)
        #expect(adapter.configuration.targets == .names(["query", "value"]))
        #expect(adapter.configuration.baseModel == nil)
        #expect(
            adapter.modules.keys.sorted()
                == [0, 1].flatMap { layer in
                    ["query", "value"].map { "encoder.layer.\(layer).attention.self.\($0)" }
                })
        let golden = try SafetensorsFile(path: SharedData.tinyBERT + "/grads_lora.safetensors")
        for (name, matrices) in adapter.modules {
            #expect(matrices.a.elements() == golden.tensor(name + ".A")?.floats())
            #expect(matrices.b.elements() == golden.tensor(name + ".B")?.floats())
        }
    }

    @Test("writes back what PEFT wrote, the tensors byte for byte and the settings with sorted layers")
    func writesPEFT() throws {
        let adapter = try AdapterFolder(path: reference)
        let path = folder.file("copy")
        try AdapterFolder.write(to: path, configuration: adapter.configuration, modules: adapter.modules)
        #expect(try readFile(path + "/adapter_model.safetensors") == readFile(reference + "/adapter_model.safetensors"))
        var expected = try #require(try JSONValue.read(reference + "/adapter_config.json").objectValue)
        expected["target_modules"] = ["query", "value"]
        #expect(try JSONValue.read(path + "/adapter_config.json") == .object(expected))
        #expect(throws: ModelFilesError.file(.alreadyExists(path: path))) {
            try AdapterFolder.write(to: path, configuration: adapter.configuration, modules: adapter.modules)
        }
    }

    @Test("writes into a folder that exists, and what it writes it reads")
    func writesIntoFolder() throws {
        var configuration = AdapterConfiguration(
            rank: 2, alpha: 3.5, dropout: 0.1, targets: .names(["layer.1.output.dense", "query"]), useRSLoRA: true,
            rankPattern: ["output.dense": 3], alphaPattern: ["query": 4], baseModel: "org/name")
        configuration.unknown = ["note": ["kept": true]]
        let modules = [
            "encoder.layer.0.attention.self.query": AdapterMatrices(
                a: Matrix(rows: 2, columns: 8, elements: (0..<16).map { Float($0) }), b: Matrix(rows: 8, columns: 2)),
            "encoder.layer.1.output.dense": AdapterMatrices(
                a: Matrix(rows: 3, columns: 16), b: Matrix(rows: 8, columns: 3)),
        ]
        try folder.write("{}", to: "run/run.json")
        try AdapterFolder.write(into: folder.file("run"), configuration: configuration, modules: modules)
        #expect(try folder.files == ["run/adapter_config.json", "run/adapter_model.safetensors", "run/run.json"])
        let adapter = try AdapterFolder(path: folder.file("run"))
        #expect(adapter.configuration.rank(of: "encoder.layer.1.output.dense") == 3)
        #expect(adapter.modules.mapValues { $0.a.elements() } == modules.mapValues { $0.a.elements() })
        var read = adapter.configuration
        #expect(read.unknown["note"] == ["kept": true])
        #expect(read.unknown["task_type"] == "FEATURE_EXTRACTION")
        read.unknown = configuration.unknown
        #expect(read == configuration)
    }

    @Test("reads adapters of models with a task's head, whose layers stand under bert.")
    func readsPrefixedNames() throws {
        let path = try write { writer, file in
            for name in file.names {
                writer.add(try #require(file.tensor(name)), as: prefix + "bert." + name.dropFirst(prefix.count))
            }
        }
        #expect(
            try AdapterFolder(path: path).modules.keys.sorted() == AdapterFolder(path: reference).modules.keys.sorted())
    }

    // MARK: Refusals

    @Test(
        "refuses by name every option that changes the computation",
        arguments: [
            ("peft_type", "IA3", "peft_type 'IA3' (only 'LORA' is)"), ("use_qalora", true, "'use_qalora': true"),
            ("fan_in_fan_out", true, "'fan_in_fan_out': true"), ("lora_bias", true, "'lora_bias': true"),
            ("use_bdlora", ["x": 1], "'use_bdlora': {\"x\":1}"),
            ("modules_to_save", ["pooler"], "'modules_to_save': [\"pooler\"]"),
            ("layer_replication", [[0, 1]], "'layer_replication': [[0,1]]"),
            ("alora_invocation_tokens", [1], "'alora_invocation_tokens': [1]"),
            ("trainable_token_indices", [5], "'trainable_token_indices': [5]"),
            ("target_parameters", ["w"], "'target_parameters': [\"w\"]"),
            ("megatron_config", ["a": 1], "'megatron_config': {\"a\":1}"),
            ("velora_config", ["a": 1], "'velora_config': {\"a\":1}"),
            ("kasa_config", ["a": 1], "'kasa_config': {\"a\":1}"),
            ("init_lora_weights", "pissa", "'init_lora_weights': \"pissa\" (save it converted to plain LoRA)"),
            ("init_lora_weights", "olora", "'init_lora_weights': \"olora\" (save it converted to plain LoRA)"),
        ] as [(String, JSONValue, String)])
    func refusesOptions(key: String, value: JSONValue, what: String) throws {
        let path = try write([key: value])
        #expect(
            errorMessage { try AdapterFolder(path: path) } == "\(path)/adapter_config.json: \(what) is not implemented")
    }

    @Test(
        "accepts defaults, however they are written",
        arguments: [
            ("use_dora", nil), ("modules_to_save", []), ("megatron_config", [:]), ("init_lora_weights", "gaussian"),
            ("init_lora_weights", false),
            ("layers_to_transform", []), ("rank_pattern", nil), ("loftq_config", [:]), ("unheard_of", [1, 2]),
        ] as [(String, JSONValue?)])
    func acceptsDefaults(key: String, value: JSONValue?) throws {
        let adapter = try AdapterFolder(path: write([key: value]))
        #expect(adapter.modules.count == 4)
        if key == "unheard_of" { #expect(adapter.configuration.json["unheard_of"] == value) }
    }

    @Test(
        "refuses settings that are wrong",
        arguments: [
            ("r", nil, "key 'r' is missing"), ("r", 0, "'r' is 0, a number from 1 to 65536 expected"),
            ("lora_alpha", nil, "key 'lora_alpha' is missing"),
            ("lora_alpha", "8", "'lora_alpha': a number expected, a string found"),
            ("lora_dropout", 1, "'lora_dropout' is 1.0, a number from 0 to below 1 expected"),
            ("target_modules", nil, "key 'target_modules' is missing"),
            ("target_modules", [], "'target_modules' names no layer"),
            ("target_modules", "(query", "'(query' is no regular expression"),
            ("rank_pattern", ["[": 3], "'[' is no regular expression"),
            ("exclude_modules", "[", "'[' is no regular expression"),
            ("exclude_modules", 3, "'exclude_modules': a list of strings expected, a number found"),
            ("bias", "some", "'bias' is 'some', one of 'none', 'all', 'lora_only' expected"),
            ("rank_pattern", ["query": "3"], "'query': a whole number expected, a string found"),
            ("layers_to_transform", "x", "'layers_to_transform' is a string, numbers expected"),
            ("layers_to_transform", [-1], "'layers_to_transform' is no list of block numbers"),
            (
                "alpha_pattern", ["query": 1, "self.query": 2],
                "'alpha_pattern' gives encoder.layer.0.attention.self.query 2 different values"
            ),
        ] as [(String, JSONValue?, String)])
    func refusesSettings(key: String, value: JSONValue?, reason: String) throws {
        let path = try write([key: value])
        #expect(errorMessage { try AdapterFolder(path: path) } == "\(path)/adapter_config.json: \(reason)")
    }

    @Test("a tensor too many or too few is an error that names it")
    func isStrict() throws {
        let name = prefix + "encoder.layer.1.attention.self.value.lora_B.weight"
        func message(_ tensors: @escaping (inout SafetensorsWriter, SafetensorsFile) throws -> Void) throws -> String? {
            let path = try write(tensors: tensors)
            return errorMessage { try AdapterFolder(path: path) }?.replacing(
                path + "/adapter_model.safetensors", with: "A")
        }
        func addAll(_ writer: inout SafetensorsWriter, _ file: SafetensorsFile, but skipped: String? = nil) throws {
            for name in file.names where name != skipped { writer.add(try #require(file.tensor(name))) }
        }
        #expect(try message { try addAll(&$0, $1, but: name) } == "A: tensor '\(name)' is missing")
        for extra in [
            "lora_magnitude_vector", "encoder.layer.0.attention.self.key.lora_A.weight", "pooler.dense.weight",
            "encoder.layer.0.attention.self.query.lora_B.bias",
            "bert.encoder.layer.0.attention.self.query.lora_A.weight",
        ].map({ prefix + $0 }) + ["encoder.layer.9.attention.self.query.lora_A.weight"] {
            #expect(
                try message {
                    try addAll(&$0, $1)
                    $0.add(extra, shape: [4, 32], floats: [Float](repeating: 0, count: 128))
                }?.hasSuffix("has no place in this model") == true, "\(extra)")
        }
        #expect(try message { _, _ in } == "A: it holds no LoRA matrices")
        #expect(
            try message { writer, file in
                for name in file.names where name.contains("query") { writer.add(try #require(file.tensor(name))) }
            } == "A: tensor '\(prefix)….value.lora_A.weight' is missing")
    }

    @Test("matrices of another rank than the settings say are refused")
    func checksShapes() throws {
        let path = try write(["r": 5])
        #expect(
            errorMessage { try AdapterFolder(path: path) }
                == "\(path)/adapter_model.safetensors: tensor '\(prefix)encoder.layer.0.attention.self.query.lora_A.weight' has shape [4, 32], [5, 32] expected"
        )
        let swapped = try write { writer, file in
            for name in file.names {
                let other =
                    name.contains("lora_A")
                    ? name.replacing("lora_A", with: "lora_B") : name.replacing("lora_B", with: "lora_A")
                writer.add(try #require(file.tensor(name)), as: other)
            }
        }
        #expect(throws: ModelFilesError.self) { try AdapterFolder(path: swapped) }
    }

    @Test("says what is missing in the folder")
    func reportsMissingFiles() throws {
        #expect(
            errorMessage { try AdapterFolder(path: folder.path) }
                == "\(folder.path): no adapter_config.json: not an adapter's folder")
        let path = try write()
        try FileSystem.remove(path + "/adapter_model.safetensors")
        #expect(
            errorMessage { try AdapterFolder(path: path) }?.hasPrefix("cannot open \(path)/adapter_model.safetensors")
                == true)
        try folder.write("", to: "adapter/adapter_model.bin")
        #expect(errorMessage { try AdapterFolder(path: path) }?.contains("a pickle") == true)
    }

    // MARK: Which layers

    @Test(
        "knows the layers that an adapter changes, as PEFT does",
        arguments: [
            (
                .names(["query"]), nil, [], ["encoder.layer.0.attention.self.query", "query"],
                ["encoder.layer.0.attention.self.subquery", "encoder.query.weight"]
            ),
            (
                .names(["output.dense"]), nil, [],
                ["encoder.layer.0.output.dense", "encoder.layer.0.attention.output.dense"],
                ["encoder.layer.0.intermediate.dense"]
            ),
            (
                .names(["query"]), [1, 12], [],
                ["encoder.layer.1.attention.self.query", "encoder.layer.12.attention.self.query", "query"],
                ["encoder.layer.0.attention.self.query", "layer.1.query", "a.query"]
            ),
            (
                .names(["query"]), [1], ["layer"], ["encoder.layer.1.attention.self.query", "layer.1.query"],
                ["encoder.block.1.query", "encoder.layer.2.query"]
            ),
            (
                .pattern(#".*layer\.[01]\..*(query|value)"#), nil, [],
                ["encoder.layer.0.self.query", "x.layer.1.value"],
                ["encoder.layer.2.self.query", "encoder.layer.0.query.x"]
            ),
            (.allLinear, nil, [], ["anything.at.all"], []),
        ] as [(AdapterTargets, [Int]?, [String], [String], [String])])
    func findsLayers(targets: AdapterTargets, layers: [Int]?, pattern: [String], changed: [String], others: [String]) {
        let configuration = AdapterConfiguration(
            rank: 4, alpha: 8, targets: targets, layersToTransform: layers, layersPattern: pattern)
        for module in changed { #expect(configuration.targets(module), "\(module)") }
        for module in others { #expect(!configuration.targets(module), "\(module)") }
    }

    @Test("gives each layer its rank, its alpha and its scaling")
    func givesScaling() {
        var configuration = AdapterConfiguration(
            rank: 4, alpha: 8, targets: .allLinear, rankPattern: ["query": 16, "^value": 2, #"layer\.1\..*key"#: 1],
            alphaPattern: ["query": 32])
        #expect(configuration.rank(of: "encoder.layer.0.attention.self.query") == 16)
        #expect(configuration.rank(of: "encoder.layer.0.attention.self.value") == 4)
        #expect(configuration.rank(of: "value") == 2)
        #expect(configuration.rank(of: "encoder.layer.1.attention.self.key") == 1)
        #expect(configuration.alpha(of: "encoder.layer.0.attention.self.query") == 32)
        #expect(configuration.scaling(of: "x.query") == 2)
        #expect(configuration.scaling(of: "x.dense") == 2)
        configuration.useRSLoRA = true
        #expect(configuration.scaling(of: "x.query") == 8)
        #expect(configuration.scaling(of: "x.dense") == 4)
    }
}
