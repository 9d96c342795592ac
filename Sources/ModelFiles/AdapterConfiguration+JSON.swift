public import Files

extension AdapterConfiguration {
    /// The keys that have a property of their own.
    private static let ownKeys: Set<String> = [
        "alpha_pattern", "base_model_name_or_path", "bias", "exclude_modules", "fan_in_fan_out", "layers_pattern",
        "layers_to_transform", "lora_alpha", "lora_dropout", "peft_type", "r", "rank_pattern", "target_modules",
        "use_dora", "use_rslora",
    ]

    /// Keys that change what an adapter computes. Null, false and empty values are their defaults.
    private static let refusedKeys = [
        "alora_invocation_tokens", "arrow_config", "fan_in_fan_out", "kasa_config", "layer_replication", "lora_bias",
        "megatron_config", "modules_to_save", "monteclora_config", "target_parameters", "trainable_token_indices",
        "use_bdlora", "use_qalora", "velora_config",
    ]

    /// Initialisations that leave the base model as it is. The others move part of it into the adapter, whose file alone then
    /// means something else.
    private static let harmlessInitializations: Set<String> = ["gaussian", "orthogonal", "eva"]

    /// Reads an `adapter_config.json`.
    public init(path: String) throws(ModelFilesError) {
        let object = try JSONObject(path: path)
        try AdapterConfiguration.refuse(object)
        rank = try object.required("r", try object.count("r", limit: 1 << 16))
        alpha = try object.required("lora_alpha", try object.number("lora_alpha"))
        dropout = try object.number("lora_dropout") ?? 0
        guard (0..<1).contains(dropout) else {
            throw .malformed(path: path, reason: "'lora_dropout' is \(dropout), a number from 0 to below 1 expected")
        }
        targets = try AdapterConfiguration.targets(object)
        exclusions = try AdapterConfiguration.exclusions(object)
        bias = try AdapterConfiguration.bias(object)
        useRSLoRA = try object.boolean("use_rslora") ?? false
        useDoRA = try object.boolean("use_dora") ?? false
        (rankPattern, alphaPattern) = ([:], [:])
        let ranks = try JSONObject(object["rank_pattern"] ?? [:], path: path)
        for pattern in ranks.members.keys {
            rankPattern[pattern] = try ranks.required(pattern, try ranks.count(pattern, limit: 1 << 16))
        }
        let alphas = try JSONObject(object["alpha_pattern"] ?? [:], path: path)
        for pattern in alphas.members.keys {
            alphaPattern[pattern] = try alphas.required(pattern, try alphas.number(pattern))
        }
        layersToTransform = try AdapterConfiguration.layers(object)
        switch object["layers_pattern"] {
        case .string(let pattern)?: layersPattern = pattern.isEmpty ? [] : [pattern]
        case _?: layersPattern = try object.strings("layers_pattern") ?? []
        case nil: layersPattern = []
        }
        baseModel = try object.string("base_model_name_or_path")
        unknown = object.members.filter { !AdapterConfiguration.ownKeys.contains($0.key) }
        try checkPatterns(path: path)
    }

    private static func refuse(_ object: JSONObject) throws(ModelFilesError) {
        let type = try object.required("peft_type", try object.string("peft_type"))
        guard type == "LORA" else {
            throw .unsupported(path: object.path, what: "peft_type '\(type)' (only 'LORA' is)")
        }
        for key in refusedKeys {
            guard let value = object[key], value != false, value != [], value != [:] else { continue }
            throw .unsupported(path: object.path, what: "'\(key)': \(value.serialized())")
        }
        if let name = object["init_lora_weights"]?.stringValue, !harmlessInitializations.contains(name) {
            throw .unsupported(
                path: object.path, what: "'init_lora_weights': \"\(name)\" (save it converted to plain LoRA)")
        }
    }

    private static func targets(_ object: JSONObject) throws(ModelFilesError) -> AdapterTargets {
        let value = try object.required("target_modules", object["target_modules"])
        if let text = value.stringValue { return text.lowercased() == "all-linear" ? .allLinear : .pattern(text) }
        guard let names = try object.strings("target_modules"), !names.isEmpty else {
            throw .malformed(path: object.path, reason: "'target_modules' names no layer")
        }
        return .names(names.sorted())
    }

    private static func exclusions(_ object: JSONObject) throws(ModelFilesError) -> AdapterTargets? {
        if let text = object["exclude_modules"]?.stringValue { return text.isEmpty ? nil : .pattern(text) }
        guard let names = try object.strings("exclude_modules"), !names.isEmpty else { return nil }
        return .names(names.sorted())
    }

    private static func bias(_ object: JSONObject) throws(ModelFilesError) -> AdapterBias {
        guard let name = try object.string("bias") else { return .none }
        guard let bias = AdapterBias(rawValue: name) else {
            let known = AdapterBias.allCases.map { "'\($0.rawValue)'" }.joined(separator: ", ")
            throw .malformed(path: object.path, reason: "'bias' is '\(name)', one of \(known) expected")
        }
        return bias
    }

    private static func layers(_ object: JSONObject) throws(ModelFilesError) -> [Int]? {
        guard let value = object["layers_to_transform"] else { return nil }
        if let layer = value.intValue { return [layer] }
        guard let elements = value.arrayValue else {
            throw .malformed(path: object.path, reason: "'layers_to_transform' is \(value.kind), numbers expected")
        }
        let layers = elements.compactMap(\.intValue)
        guard layers.count == elements.count, layers.allSatisfy({ $0 >= 0 }) else {
            throw .malformed(path: object.path, reason: "'layers_to_transform' is no list of block numbers")
        }
        return layers.isEmpty ? nil : layers.sorted()
    }

    /// The file's content: every key that PEFT needs, and those that were read.
    public var json: JSONValue {
        var members = unknown
        members["alpha_pattern"] = .object(alphaPattern.mapValues(AdapterConfiguration.json))
        members["base_model_name_or_path"] = baseModel.map { .string($0) } ?? .null
        members["bias"] = .string(bias.rawValue)
        members["exclude_modules"] = exclusions.map(AdapterConfiguration.json) ?? .null
        members["fan_in_fan_out"] = false
        members["layers_pattern"] = layersPattern.isEmpty ? .null : .array(layersPattern.map { .string($0) })
        members["layers_to_transform"] = layersToTransform.map { .array($0.map { .integer(Int64($0)) }) } ?? .null
        members["lora_alpha"] = AdapterConfiguration.json(alpha)
        members["lora_dropout"] = AdapterConfiguration.json(dropout)
        members["peft_type"] = "LORA"
        members["r"] = .integer(Int64(rank))
        members["rank_pattern"] = .object(rankPattern.mapValues { .integer(Int64($0)) })
        members["target_modules"] = AdapterConfiguration.json(targets)
        members["use_dora"] = .bool(useDoRA)
        members["use_rslora"] = .bool(useRSLoRA)
        let defaults: [String: JSONValue] = [
            "inference_mode": true, "init_lora_weights": true, "modules_to_save": nil,
            "task_type": "FEATURE_EXTRACTION",
        ]
        return .object(members.merging(defaults) { own, _ in own })
    }

    private static func json(_ targets: AdapterTargets) -> JSONValue {
        switch targets {
        case .names(let names): .array(names.sorted().map { .string($0) })
        case .pattern(let pattern): .string(pattern)
        case .allLinear: "all-linear"
        }
    }

    /// Whole numbers are written as such, as PEFT's own settings are.
    private static func json(_ value: Double) -> JSONValue {
        Int64(exactly: value).map { .integer($0) } ?? .number(value)
    }
}
