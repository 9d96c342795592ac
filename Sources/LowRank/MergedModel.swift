public import ModelFiles
public import VectorMath

/// A base model with an adapter added into its weights. The base itself is never changed: its file stays mapped, read-only.
public struct MergedModel: Sendable {
    /// The model that was merged into.
    public let base: ModelFolder
    /// The tensors that the adapter changes, as they are merged, by plain name such as
    /// `encoder.layer.0.attention.self.query.weight`; biases as one row.
    public let tensors: [String: Matrix<Float>]

    /// Merges an adapter into a base model, in float32 and with the same bits for any number of threads.
    ///
    /// - Parameter strength: 1 for the adapter as it is. Magnitudes and biases can only be merged at 1.
    /// - Throws: Where the base has no such tensor or one of another shape, or the adapter holds what is not a number.
    public init(base: ModelFolder, adapter: LowRankAdapter, strength: Float = 1) throws(LowRankError) {
        if strength != 1 { try adapter.requirePlain(for: "merging at another strength than 1") }
        guard strength.isFinite else {
            throw .invalidSetting(name: "strength", found: "\(strength)", expected: "a number")
        }
        let weights = try Self.weights(of: base)
        let merged = try adapter.merged(strength: strength) { name throws(LowRankError) in
            try Self.tensor(name + ".weight", in: weights)
        }
        var tensors = Dictionary(uniqueKeysWithValues: merged.map { ($0.key + ".weight", $0.value) })
        for (name, values) in adapter.biases {
            let bias = try Self.tensor(name, in: weights)
            guard [bias.rows, bias.columns] == [1, values.count] else {
                throw .wrongShape(
                    module: name, matrix: "the bias", expected: [bias.columns], found: [values.count])
            }
            tensors[name] = Matrix(rows: 1, columns: values.count, elements: values)
        }
        (self.base, self.tensors) = (base, tensors)
    }

    /// The same tensors as the base has them, read from its file again: merging left no trace in it.
    ///
    /// Subtracting the adapter would return the base up to rounding; this returns its very bits.
    public func unmerged() throws(LowRankError) -> [String: MatrixView<Float>] {
        let weights = try Self.weights(of: base)
        var tensors: [String: MatrixView<Float>] = [:]
        for name in self.tensors.keys { tensors[name] = try Self.tensor(name, in: weights) }
        return tensors
    }

    /// Writes a sentence-transformers folder: the base's with the merged tensors in place of its own, as F32, and everything else as
    /// it is, byte for byte. Copies of the old weights in other formats are left out. It appears complete or not at all.
    public func write(to path: String, force: Bool = false) throws(LowRankError) {
        do throws(ModelFilesError) {
            try base.writeSentenceTransformersFolder(
                to: path, replacing: tensors.mapValues(\.view), keepingOtherFiles: true, force: force)
        } catch {
            throw .files(error)
        }
    }

    /// Writes the folder of a merged model with the base's own tensors, byte for byte, in place of its weights.
    public func writeUnmerged(to path: String, like folder: ModelFolder, force: Bool = false) throws(LowRankError) {
        do throws(ModelFilesError) {
            try folder.writeSentenceTransformersFolder(to: path, weightsOf: base, force: force)
        } catch {
            throw .files(error)
        }
    }

    static func weights(of folder: ModelFolder) throws(LowRankError) -> ModelWeights {
        do throws(ModelFilesError) {
            return try folder.tensors()
        } catch {
            throw .files(error)
        }
    }

    private static func tensor(_ name: String, in weights: ModelWeights) throws(LowRankError) -> MatrixView<Float> {
        guard let tensor = weights.tensor(named: name) else {
            throw .missingTensor(name: name, path: weights.file.path)
        }
        do throws(ModelFilesError) {
            return try tensor.matrix()
        } catch {
            throw .files(error)
        }
    }
}
