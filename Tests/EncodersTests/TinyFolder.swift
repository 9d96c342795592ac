import Files
import TestSupport

extension TinyBERT {
    /// A copy of the tiny model's folder with other settings.
    static func folder(settings: JSONValue? = nil, pooling: JSONValue? = nil) throws -> TemporaryFolder {
        let folder = try TemporaryFolder()
        try FileSystem.makeDirectory(folder.path + "/1_Pooling")
        for name in [
            "config.json", "model.safetensors", "modules.json", "sentence_bert_config.json", "tokenizer.json",
            "tokenizer_config.json", "1_Pooling/config.json",
        ] {
            try writeFile(try readFile(path + "/" + name), to: folder.path + "/" + name)
        }
        if let settings {
            try writeFile(settings.serialized(pretty: true), to: folder.path + "/config_sentence_transformers.json")
        }
        if let pooling { try writeFile(pooling.serialized(pretty: true), to: folder.path + "/1_Pooling/config.json") }
        return folder
    }
}
