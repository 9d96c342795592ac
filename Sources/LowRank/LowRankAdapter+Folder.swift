public import ModelFiles
public import VectorMath

extension LowRankAdapter {
    /// The adapter of a PEFT folder.
    public init(_ folder: AdapterFolder) throws(LowRankError) {
        let configuration = folder.configuration
        var modules: [String: LowRankPair] = [:]
        for (name, tensors) in folder.modules {
            let setting = try Self.setting(of: name, in: configuration)
            guard tensors.a.rows == setting.rank else {
                throw .shapeMismatch(
                    module: name, matrix: "lora_A", expected: [setting.rank, tensors.a.columns],
                    found: [tensors.a.rows, tensors.a.columns])
            }
            guard tensors.b.columns == setting.rank else {
                throw .shapeMismatch(
                    module: name, matrix: "lora_B", expected: [tensors.b.rows, setting.rank],
                    found: [tensors.b.rows, tensors.b.columns])
            }
            modules[name] = LowRankPair(a: tensors.a, b: tensors.b, scaling: setting.scaling)
        }
        try self.init(configuration: configuration, modules: modules)
    }

    /// The adapter of a PEFT folder at a path.
    public init(path: String) throws(LowRankError) {
        let folder: AdapterFolder
        do throws(ModelFilesError) {
            folder = try AdapterFolder(path: path)
        } catch {
            throw .files(error)
        }
        try self.init(folder)
    }

    /// The modules as `AdapterFolder.write` takes them.
    public var tensors: [String: (a: Matrix<Float>, b: Matrix<Float>)] {
        Dictionary(uniqueKeysWithValues: zip(names, pairs.map { (a: $0.a, b: $0.b) }))
    }

    /// Writes a PEFT folder, which stands in for the folder at `path` only once it is complete.
    ///
    /// A pair whose scaling is not what the configuration says (an adapter at another strength) is written with the
    /// difference multiplied into B, because PEFT computes the scaling from its configuration.
    public func write(to path: String) throws(LowRankError) {
        var tensors = self.tensors
        for (name, pair) in zip(names, pairs) {
            let configured = try Self.setting(of: name, in: configuration).scaling
            guard pair.scaling != configured else { continue }
            var b = pair.b
            scale(&b, by: pair.scaling / configured)
            tensors[name] = (a: pair.a, b: b)
        }
        do throws(ModelFilesError) {
            try AdapterFolder.write(to: path, configuration: configuration, modules: tensors)
        } catch {
            throw .files(error)
        }
    }
}
