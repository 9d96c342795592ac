public import Files

/// A sentence embedding model on disk: a folder of sentence-transformers, in its old or new layout, or a plain Hugging Face
/// folder, which gets mean pooling and a warning.
///
/// Opening it reads and checks the configuration; the weights are read by `weights()`.
public struct ModelFolder: Sendable {
    /// The folder.
    public let path: String

    /// The shape of the transformer.
    public let configuration: TransformerConfiguration

    /// How the vectors of a text's tokens become one.
    public let pooling: PoolingConfiguration

    /// Whether vectors are scaled to length 1.
    public let normalizes: Bool

    /// The longest text in tokens, special ones included; longer texts are cut.
    ///
    /// `max_seq_length` of `sentence_bert_config.json`, else `model_max_length` of `tokenizer_config.json`, at most the
    /// model's positions. What `tokenizer.json` says of truncation does not count: sentence-transformers overrides it too.
    public let maxLength: Int

    /// Texts to put before queries, documents and the like, by name.
    public let prompts: [String: String]

    /// The prompt that is used where the caller names none.
    public let defaultPromptName: String?

    /// How vectors of this model are to be compared: `cosine`, `dot`, `euclidean`, `manhattan`; nil where the model does not say.
    public let similarity: String?

    /// What follows pooling and normalisation; of most models nothing.
    public let tail: ModelTail

    /// The steps from texts to vectors; those of a plain Hugging Face folder are assumed.
    public let modules: [ModelModule]

    /// `model.safetensors`.
    public let weightsPath: String

    /// `tokenizer.json`.
    public let tokenizerPath: String

    /// What a user should know, a line each.
    public let warnings: [String]

    /// The numbers of one vector.
    public var dimension: Int { configuration.width * pooling.modes.count }

    /// Opens a model by its folder; see `ModelReference` for names.
    ///
    /// Modules, architectures, activations and options that are not implemented are refused by name.
    public init(path: String) throws(ModelFilesError) {
        guard FileSystem.isDirectory(path) else {
            throw .file(.cannotOpen(path: path, reason: FileSystem.exists(path) ? "it is no folder" : "no such folder"))
        }
        self.path = path
        func file(_ name: String) -> String { FileSystem.joined(path, name) }

        var warnings: [String] = []
        if FileSystem.exists(file("modules.json")) {
            modules = try ModelModule.list(path: file("modules.json"))
        } else {
            modules = [ModelModule(kind: .transformer, path: ""), ModelModule(kind: .pooling, path: "")]
            warnings.append("\(path) has no modules.json: assuming mean pooling over its tokens, not normalised")
        }
        let folder = modules[0].path.isEmpty ? path : file(modules[0].path)
        try ModelFolder.checkPresence(in: folder)
        configuration = try TransformerConfiguration(path: FileSystem.joined(folder, "config.json"))
        weightsPath = FileSystem.joined(folder, "model.safetensors")
        tokenizerPath = FileSystem.joined(folder, "tokenizer.json")

        let poolingPath = modules[1].path
        pooling =
            poolingPath.isEmpty
            ? PoolingConfiguration()
            : try PoolingConfiguration(
                path: FileSystem.joined(file(poolingPath), "config.json"), width: configuration.width)
        // Behind a Dense module it is a part of the tail.
        normalizes = modules.dropFirst(2).first?.kind == .normalize
        tail = try ModelTail(of: modules, folder: path)

        let settings = try SentenceSettings(modelFolder: path, transformerFolder: folder)
        try settings.checkLowercasing(tokenizerPath: tokenizerPath)
        let limit = settings.maxLength ?? configuration.maxPositions
        if limit > configuration.maxPositions {
            warnings.append(
                "\(path) asks for texts of \(limit) tokens, its positions end at \(configuration.maxPositions)")
        }
        maxLength = min(limit, configuration.maxPositions)
        (prompts, defaultPromptName) = (settings.prompts, settings.defaultPromptName)
        similarity = settings.similarity
        self.warnings = warnings
    }

    /// Says in one line what is missing, before anything less helpful does.
    private static func checkPresence(in folder: String) throws(ModelFilesError) {
        func has(_ name: String) -> Bool { FileSystem.exists(FileSystem.joined(folder, name)) }
        if !has("config.json"), has("adapter_config.json") {
            throw .malformed(path: folder, reason: "it holds an adapter, not a model: give it as the adapter")
        }
        guard has("config.json") else { throw .malformed(path: folder, reason: "no config.json: not a model's folder") }
        if !has("model.safetensors") {
            if has("model.safetensors.index.json") {
                throw .unsupported(path: folder, what: "a model whose weights are in several files")
            }
            if has("pytorch_model.bin") {
                throw .unsupported(
                    path: folder, what: "reading pytorch_model.bin, a pickle (save the model as safetensors),")
            }
            throw .malformed(path: folder, reason: "no model.safetensors: not a model's folder")
        }
        guard has("tokenizer.json") else {
            throw .malformed(path: folder, reason: "no tokenizer.json: save the model with its fast tokenizer")
        }
    }
}

extension ModelFolder {
    /// The name to write into adapters: the hub's name where the folder lies under `models/` of `$ATTUNE_HOME` or in the
    /// Hugging Face cache, else its absolute path.
    public var nameOrPath: String {
        ModelReference.hubName(ofFolder: path) ?? FileSystem.absolutePath(of: path)
    }

    /// The SHA-256 of the weights, remembered between runs for a file that did not change.
    public func weightsDigest(cache: DigestCache = .shared) throws(ModelFilesError) -> SHA256Digest {
        try ModelFilesError.wrapping { () throws(FilesError) in try cache.digest(ofFileAt: weightsPath) }
    }

    /// The SHA-256 of `tokenizer.json`.
    public func tokenizerDigest() throws(ModelFilesError) -> SHA256Digest {
        try ModelFilesError.wrapping { () throws(FilesError) in try SHA256Digest.of(fileAt: tokenizerPath) }
    }
}
