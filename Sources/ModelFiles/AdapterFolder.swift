internal import Files
internal import VectorMath

/// A LoRA adapter on disk, in PEFT's layout: `adapter_config.json` and `adapter_model.safetensors`.
///
/// Reading is strict: a tensor too many, one too few or one of another shape than the configuration says is an error.
public struct AdapterFolder: Sendable {
    /// The file of the settings.
    public static let configurationFile = "adapter_config.json"

    /// The file of the matrices.
    public static let tensorsFile = "adapter_model.safetensors"

    /// The folder.
    public let path: String

    /// The settings.
    public let configuration: AdapterConfiguration

    /// The file of the matrices, mapped.
    public let tensors: SafetensorsFile

    /// By the layer's name, such as `encoder.layer.0.attention.self.query`.
    public let modules: [String: AdapterMatrices]

    /// The biases that were trained along, by their names in the model, such as
    /// `encoder.layer.0.attention.self.query.bias`.
    public let biases: [String: [Float]]

    /// Opens and checks an adapter.
    public init(path: String) throws(ModelFilesError) {
        let settings = FileSystem.joined(path, AdapterFolder.configurationFile)
        let weights = FileSystem.joined(path, AdapterFolder.tensorsFile)
        guard FileSystem.exists(settings) else {
            throw .malformed(path: path, reason: "no \(AdapterFolder.configurationFile): not an adapter's folder")
        }
        if !FileSystem.exists(weights), FileSystem.exists(FileSystem.joined(path, "adapter_model.bin")) {
            throw .unsupported(
                path: path, what: "reading adapter_model.bin, a pickle (save the adapter as safetensors),")
        }
        self.path = path
        configuration = try AdapterConfiguration(path: settings)
        tensors = try SafetensorsFile(path: weights)
        let reader = AdapterReader(file: tensors, configuration: configuration, settings: settings)
        (modules, biases) = try reader.read()
    }
}

extension AdapterFolder {
    /// Writes an adapter as a folder of its own; it appears complete or not at all.
    public static func write(
        to path: String, configuration: AdapterConfiguration, modules: [String: AdapterMatrices],
        biases: [String: [Float]] = [:], force: Bool = false
    ) throws(ModelFilesError) {
        let folder = try ModelFilesError.wrapping { () throws(FilesError) in
            try AtomicFolder(replacing: path, force: force)
        }
        try write(into: folder.temporaryPath, configuration: configuration, modules: modules, biases: biases)
        try ModelFilesError.wrapping { () throws(FilesError) in try folder.commit() }
    }

    /// Writes an adapter's two files into a folder that exists, such as that of a training run: first the tensors, then the
    /// configuration, each complete or not at all.
    public static func write(
        into folder: String, configuration: AdapterConfiguration, modules: [String: AdapterMatrices],
        biases: [String: [Float]] = [:]
    ) throws(ModelFilesError) {
        var writer = SafetensorsWriter()
        for (module, matrices) in modules {
            precondition(configuration.targets(module), "\(module) is no target of the adapter")
            precondition(
                matrices.a.rows == configuration.rank(of: module) && matrices.b.columns == matrices.a.rows,
                "\(module) has rank \(matrices.a.rows), its configuration says \(configuration.rank(of: module))")
            precondition(
                (matrices.magnitude != nil) == configuration.useDoRA,
                "\(module) and its configuration disagree on magnitudes")
            writer.add(AdapterTensorName.a(module: module).name, matrix: matrices.a.view)
            writer.add(AdapterTensorName.b(module: module).name, matrix: matrices.b.view)
            if let magnitude = matrices.magnitude {
                let name = AdapterTensorName.magnitude(module: module).name
                writer.add(name, shape: [magnitude.count], floats: magnitude)
            }
        }
        precondition(biases.isEmpty == (configuration.bias == .none), "the configuration disagrees on biases")
        for (name, values) in biases {
            let wrapped = modules[AdapterTensorName.module(ofBias: name)] != nil
            writer.add(
                AdapterTensorName.bias(name: name, wrapped: wrapped).name, shape: [values.count], floats: values)
        }
        try writer.write(to: FileSystem.joined(folder, tensorsFile))
        let json = configuration.json.serialized(pretty: true) + "\n"
        try ModelFilesError.wrapping { () throws(FilesError) in
            try writeFile(json, to: FileSystem.joined(folder, configurationFile))
        }
    }
}
