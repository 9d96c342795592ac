/// A model's tensors by their plain names, whatever names the file gives them, each of the shape that the configuration asks for.
///
/// Old files put `bert.` before every name and call the gain and bias of a layer norm `gamma` and `beta`. What the encoder does
/// not use (the pooler, position ids, heads of other tasks) is left alone.
public struct ModelWeights: Sendable {
    /// The file that the tensors stand in.
    public let file: SafetensorsFile

    /// From the plain name to the file's.
    private let namesInFile: [String: String]

    /// - Throws: `missingTensor` or `wrongShape` for the first tensor that the configuration asks for and the file does not have.
    public init(file: SafetensorsFile, configuration: TransformerConfiguration) throws(ModelFilesError) {
        self.file = file
        var names: [String: String] = [:]
        for name in file.names {
            let plain = ModelWeights.plainName(of: name)
            if let other = names[plain] {
                throw .malformed(
                    path: file.path, reason: "tensors '\(other)' and '\(name)' are the same part of the model")
            }
            names[plain] = name
        }
        namesInFile = names
        for (name, shape) in configuration.tensorShapes { _ = try require(name, shape: shape) }
    }

    /// The plain names of all tensors, sorted.
    public var names: [String] { namesInFile.keys.sorted() }

    /// A tensor by its plain name; nil where the file has none.
    public func tensor(named name: String) -> Tensor? { namesInFile[name].flatMap { file.tensor($0) } }

    /// A tensor by its plain name that must be there, with this shape.
    public func require(_ name: String, shape: [Int]) throws(ModelFilesError) -> Tensor {
        guard let tensor = tensor(named: name) else { throw .missingTensor(path: file.path, name: name) }
        guard tensor.shape == shape else {
            throw .wrongShape(path: file.path, tensor: tensor.name, expected: shape, found: tensor.shape)
        }
        return tensor
    }

    /// The name of a tensor in today's files.
    static func plainName(of name: String) -> String {
        var plain = withoutPrefix(name)
        for (old, new) in [("LayerNorm.gamma", "LayerNorm.weight"), ("LayerNorm.beta", "LayerNorm.bias")]
        where plain.hasSuffix(old) {
            plain = plain.dropLast(old.count) + new
        }
        return plain
    }

    /// A module's or tensor's name without the name of the model that a task's head was put on.
    static func withoutPrefix(_ name: String) -> String {
        name.hasPrefix("bert.") ? String(name.dropFirst("bert.".count)) : name
    }
}

extension ModelFolder {
    /// The weights' file, mapped and checked.
    public func weights() throws(ModelFilesError) -> SafetensorsFile { try SafetensorsFile(path: weightsPath) }

    /// The weights by their plain names, every one that the configuration asks for being there.
    public func tensors() throws(ModelFilesError) -> ModelWeights {
        try ModelWeights(file: try weights(), configuration: configuration)
    }
}
