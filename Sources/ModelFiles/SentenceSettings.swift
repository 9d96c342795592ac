internal import Files

/// What sentence-transformers keeps beside a model's own configuration.
struct SentenceSettings {
    let maxLength: Int?
    let lowercases: Bool
    let prompts: [String: String]
    let defaultPromptName: String?
    let similarity: String?

    private let settingsPath: String

    /// The names that the file of the transformer module had over the years; the first that exists counts.
    static let fileNames =
        ["sentence_bert_config.json"]
        + [
            "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet",
        ].map { "sentence_\($0)_config.json" }

    /// A tokenizer's limit from here on means that it has none.
    private static let noLimit = 1_000_000_000.0

    init(modelFolder: String, transformerFolder: String) throws(ModelFilesError) {
        func file(_ name: String) -> String { FileSystem.joined(transformerFolder, name) }
        settingsPath =
            SentenceSettings.fileNames.map(file).first { FileSystem.exists($0) } ?? file(SentenceSettings.fileNames[0])
        let settings = try JSONObject.optional(path: settingsPath)
        let tokenizer = try JSONObject.optional(path: file("tokenizer_config.json"))
        if let limit = try settings.count("max_seq_length") {
            maxLength = limit
        } else if let limit = try tokenizer.number("model_max_length"), limit < SentenceSettings.noLimit {
            guard limit >= 1 else {
                throw .malformed(path: tokenizer.path, reason: "'model_max_length' is \(limit)")
            }
            maxLength = Int(limit)
        } else {
            maxLength = nil
        }
        lowercases = try settings.boolean("do_lower_case") ?? false
        if let task = try settings.string("transformer_task"), task != "feature-extraction" {
            throw .unsupported(path: settingsPath, what: "transformer_task '\(task)'")
        }
        if let output = try settings.string("module_output_name"), output != "token_embeddings" {
            throw .unsupported(path: settingsPath, what: "module_output_name '\(output)'")
        }
        if let output = settings["modality_config"]?["text"]?["method_output_name"], output != "last_hidden_state" {
            throw .unsupported(path: settingsPath, what: "method_output_name \(output.serialized())")
        }
        for key in ["processing_kwargs", "query_length", "document_length", "query_expansion"] {
            if let value = settings[key], value != [:] { throw .unsupported(path: settingsPath, what: "'\(key)'") }
        }

        let model = try JSONObject.optional(path: FileSystem.joined(modelFolder, "config_sentence_transformers.json"))
        if let type = try model.string("model_type"), type != "SentenceTransformer" {
            throw .unsupported(path: model.path, what: "model_type '\(type)'")
        }
        if let dimension = try model.integer("truncate_dim") {
            throw .unsupported(path: model.path, what: "'truncate_dim': \(dimension)")
        }
        similarity = try model.string("similarity_fn_name")
        prompts = try SentenceSettings.prompts(of: model)
        defaultPromptName = try model.string("default_prompt_name")
        if let name = defaultPromptName, prompts[name] == nil {
            throw .malformed(
                path: model.path, reason: "'default_prompt_name' is '\(name)', which is none of its prompts")
        }
    }

    private static func prompts(of model: JSONObject) throws(ModelFilesError) -> [String: String] {
        guard let value = model["prompts"] else { return [:] }
        let object = try JSONObject(value, path: model.path)
        var prompts: [String: String] = [:]
        for name in object.members.keys { prompts[name] = try object.string(name) ?? "" }
        return prompts
    }

    /// `do_lower_case` changes nothing where the tokenizer lower-cases anyway, which is the rule; elsewhere it is refused.
    func checkLowercasing(tokenizerPath: String) throws(ModelFilesError) {
        guard lowercases else { return }
        let tokenizer = try JSONObject(path: tokenizerPath)
        guard let normalizer = tokenizer["normalizer"], SentenceSettings.lowercases(normalizer) else {
            throw .unsupported(
                path: settingsPath, what: "'do_lower_case': true with a tokenizer that keeps upper case")
        }
    }

    private static func lowercases(_ normalizer: JSONValue) -> Bool {
        switch normalizer["type"]?.stringValue {
        case "Lowercase": true
        case "BertNormalizer": normalizer["lowercase"]?.boolValue ?? true
        case "Sequence": normalizer["normalizers"]?.arrayValue?.contains(where: lowercases) ?? false
        default: false
        }
    }
}
