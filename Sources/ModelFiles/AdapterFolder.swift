internal import Files
public import VectorMath

/// The two matrices of one adapted layer: y = W x + scaling · B A x.
public struct AdapterMatrices: Sendable {
    /// A, `[R, in]`.
    public var a: Matrix<Float>

    /// B, `[out, R]`.
    public var b: Matrix<Float>

    /// A pair of matrices whose inner dimensions agree.
    public init(a: Matrix<Float>, b: Matrix<Float>) {
        precondition(a.rows == b.columns, "A has \(a.rows) rows, B \(b.columns) columns")
        (self.a, self.b) = (a, b)
    }
}

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

    private static let prefix = "base_model.model."
    private static let suffixes = (a: ".lora_A.weight", b: ".lora_B.weight")

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
        modules = try AdapterFolder.modules(of: tensors, configuration, settings: settings)
    }

    private static func modules(
        of file: SafetensorsFile, _ configuration: AdapterConfiguration, settings: String
    ) throws(ModelFilesError) -> [String: AdapterMatrices] {
        var halves: [String: (a: Tensor?, b: Tensor?)] = [:]
        for name in file.names {
            guard let (module, isA) = part(named: name), configuration.targets(module) else {
                throw .unexpectedTensor(path: file.path, name: name)
            }
            let earlier = isA ? halves[module]?.a : halves[module]?.b
            guard earlier == nil else { throw .unexpectedTensor(path: file.path, name: name) }
            if isA {
                halves[module, default: (nil, nil)].a = file.tensor(name)
            } else {
                halves[module, default: (nil, nil)].b = file.tensor(name)
            }
        }
        var modules: [String: AdapterMatrices] = [:]
        for (module, half) in halves.sorted(by: { $0.key < $1.key }) {
            guard let a = half.a else { throw .missingTensor(path: file.path, name: prefix + module + suffixes.a) }
            guard let b = half.b else { throw .missingTensor(path: file.path, name: prefix + module + suffixes.b) }
            try configuration.checkAmbiguity(of: module, path: settings)
            let rank = configuration.rank(of: module)
            guard a.shape.count == 2, a.shape[0] == rank else {
                throw .wrongShape(path: file.path, tensor: a.name, expected: [rank, a.shape.last ?? 0], found: a.shape)
            }
            guard b.shape.count == 2, b.shape[1] == rank else {
                throw .wrongShape(
                    path: file.path, tensor: b.name, expected: [b.shape.first ?? 0, rank], found: b.shape)
            }
            modules[module] = AdapterMatrices(
                a: Matrix(rows: rank, columns: a.shape[1], elements: a.floats()),
                b: Matrix(rows: b.shape[0], columns: rank, elements: b.floats()))
        }
        try checkTargets(configuration, have: modules.keys.sorted(), path: file.path)
        return modules
    }

    /// The layer that a tensor belongs to, and which of its two matrices it is.
    private static func part(named name: String) -> (module: String, isA: Bool)? {
        guard name.hasPrefix(prefix) else { return nil }
        let rest = name.dropFirst(prefix.count)
        for (suffix, isA) in [(suffixes.a, true), (suffixes.b, false)] where rest.hasSuffix(suffix) {
            return (ModelWeights.withoutPrefix(String(rest.dropLast(suffix.count))), isA)
        }
        return nil
    }

    /// Every name among the targets must have a layer.
    private static func checkTargets(
        _ configuration: AdapterConfiguration, have modules: [String], path: String
    ) throws(ModelFilesError) {
        guard !modules.isEmpty else { throw .malformed(path: path, reason: "it holds no LoRA matrices") }
        guard case .names(let names) = configuration.targets else { return }
        for name in names where !modules.contains(where: { $0 == name || $0.hasSuffix("." + name) }) {
            throw .missingTensor(path: path, name: prefix + "….\(name)" + suffixes.a)
        }
    }
}

extension AdapterFolder {
    /// Writes an adapter as a folder of its own; it appears complete or not at all.
    public static func write(
        to path: String, configuration: AdapterConfiguration, modules: [String: AdapterMatrices], force: Bool = false
    ) throws(ModelFilesError) {
        let folder = try ModelFilesError.wrapping { () throws(FilesError) in
            try AtomicFolder(replacing: path, force: force)
        }
        try write(into: folder.temporaryPath, configuration: configuration, modules: modules)
        try ModelFilesError.wrapping { () throws(FilesError) in try folder.commit() }
    }

    /// Writes an adapter's two files into a folder that exists, such as that of a training run: first the tensors, then the
    /// configuration, each complete or not at all.
    public static func write(
        into folder: String, configuration: AdapterConfiguration, modules: [String: AdapterMatrices]
    ) throws(ModelFilesError) {
        var writer = SafetensorsWriter()
        for (module, matrices) in modules {
            precondition(configuration.targets(module), "\(module) is no target of the adapter")
            precondition(
                matrices.a.rows == configuration.rank(of: module) && matrices.b.columns == matrices.a.rows,
                "\(module) has rank \(matrices.a.rows), its configuration says \(configuration.rank(of: module))")
            writer.add(prefix + module + suffixes.a, matrix: matrices.a.view)
            writer.add(prefix + module + suffixes.b, matrix: matrices.b.view)
        }
        try writer.write(to: FileSystem.joined(folder, tensorsFile))
        let json = configuration.json.serialized(pretty: true) + "\n"
        try ModelFilesError.wrapping { () throws(FilesError) in
            try writeFile(json, to: FileSystem.joined(folder, configurationFile))
        }
    }
}
