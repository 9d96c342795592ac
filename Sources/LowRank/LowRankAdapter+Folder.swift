public import ModelFiles
internal import VectorMath

extension LowRankAdapter {
    /// The adapter of a PEFT folder.
    public init(_ folder: AdapterFolder) throws(LowRankError) {
        var modules: [String: LowRankPair] = [:]
        for (name, tensors) in folder.modules {
            modules[name] = LowRankPair(
                a: tensors.a, b: tensors.b, scaling: Float(folder.configuration.scaling(of: name)),
                magnitude: tensors.magnitude)
        }
        try self.init(configuration: folder.configuration, modules: modules)
        biases = folder.biases
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
    ///
    /// The matrices of a pair whose scaling is not what the configuration says (an adapter at another strength) come with the
    /// difference multiplied into B, because PEFT computes the scaling from its configuration.
    public var matrices: [String: AdapterMatrices] {
        var matrices: [String: AdapterMatrices] = [:]
        for (name, pair) in zip(names, pairs) {
            var b = pair.b
            let configured = Float(configuration.scaling(of: name))
            if pair.scaling != configured { scale(&b, by: configured == 0 ? 0 : pair.scaling / configured) }
            matrices[name] = AdapterMatrices(a: pair.a, b: b, magnitude: pair.magnitude)
        }
        return matrices
    }

    /// Writes a PEFT folder, which appears under its name once it is complete.
    ///
    /// - Parameter force: Whether a folder that is already there is replaced.
    public func write(to path: String, force: Bool = false) throws(LowRankError) {
        do throws(ModelFilesError) {
            try AdapterFolder.write(
                to: path, configuration: configuration, modules: matrices, biases: biases, force: force)
        } catch {
            throw .files(error)
        }
    }

    /// Writes PEFT's two files into a folder that exists, such as that of a training run.
    public func write(into folder: String) throws(LowRankError) {
        do throws(ModelFilesError) {
            try AdapterFolder.write(into: folder, configuration: configuration, modules: matrices, biases: biases)
        } catch {
            throw .files(error)
        }
    }

    /// Writes a sentence-transformers folder of a base model that holds this adapter in place of the weights.
    public func writeSentenceTransformersFolder(
        to path: String, base: ModelFolder, force: Bool = false
    ) throws(LowRankError) {
        do throws(ModelFilesError) {
            try base.writeSentenceTransformersFolder(
                to: path, adapter: configuration, modules: matrices, biases: biases, force: force)
        } catch {
            throw .files(error)
        }
    }
}
