internal import Files

/// The files that make a model, as the hub and sentence-transformers name them. What else a repository holds (other
/// formats of the same weights, training data) is left there.
enum ModelLayout {
    static let weights = "model.safetensors"
    static let modules = "modules.json"

    /// Files without which there is no model, the weights apart.
    static let required = ["config.json", "tokenizer.json"]

    static let optional =
        [
            "config_sentence_transformers.json", "tokenizer_config.json", "special_tokens_map.json", "vocab.txt",
            "README.md",
        ] + SentenceSettings.fileNames

    /// The settings of the modules that have a folder of their own. Those of `Normalize` may be absent.
    static func moduleFiles(of modules: [ModelModule]) -> [(name: String, isRequired: Bool)] {
        modules.filter { $0.kind != .transformer && !$0.path.isEmpty }.flatMap { module in
            func file(_ name: String, isRequired: Bool = true) -> (name: String, isRequired: Bool) {
                (name: module.path + "/" + name, isRequired: isRequired)
            }
            switch module.kind {
            case .dense: return [file("config.json"), file(weights)]
            case .router: return [file(RouterConfiguration.file)]
            case .transformer, .pooling, .normalize:
                return [file("config.json", isRequired: module.kind == .pooling)]
            }
        }
    }

    /// The files of a Router's modules, whose configuration lies in `folder` already.
    static func routerFiles(
        of modules: [ModelModule], in folder: String
    ) throws(ModelFilesError) -> [(name: String, isRequired: Bool)] {
        guard let router = modules.first(where: { $0.kind == .router }) else { return [] }
        return try RouterConfiguration(folder: FileSystem.joined(folder, router.path)).files.map {
            (name: router.path + "/" + $0.name, isRequired: $0.isRequired)
        }
    }

    /// Whether a file of a model's folder is its weights, in any of the formats that repositories keep side by side, or belongs to the
    /// tools that fetched it.
    static func holdsWeights(_ name: String) -> Bool {
        if ["onnx/", "openvino/", ".git/", ".cache/"].contains(where: name.hasPrefix) { return true }
        let formats = [
            "safetensors", "bin", "pt", "pth", "ckpt", "h5", "msgpack", "ot", "onnx", "onnx_data", "gguf", "tflite",
        ]
        return formats.contains(FileSystem.fileExtension(of: name)) || name.hasSuffix(".safetensors.index.json")
            || name.hasSuffix(".bin.index.json")
    }
}
