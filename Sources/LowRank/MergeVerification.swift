public import ModelFiles
internal import VectorMath

/// Whether a model is a base with an adapter in it and nothing else, so that taking the adapter out gives back exactly the base.
public struct MergeVerification: Sendable, Equatable {
    /// The tensors that were compared.
    public let tensors: Int
    /// Those that the adapter changes.
    public let changed: [String]
    /// Tensors that are not, bit for bit, what merging gives: changed ones, and ones that should be the base's.
    public let different: [String]
    /// The largest difference of any value.
    public let largestDifference: Double
    /// The largest size of a value in the tensors that differ.
    public let largestValue: Double

    /// Whether every bit is as it should be.
    public var isExact: Bool { different.isEmpty }

    /// Whether the model is the merged one but for the rounding of another instruction set's products: within 2⁻²⁰ of the values.
    public var isWithinRounding: Bool { largestDifference <= largestValue * 0x1p-20 }
}

extension MergedModel {
    /// Compares a model folder with this merged model, tensor by tensor; the base is read from its own file once more.
    ///
    /// - Throws: Where a folder cannot be read, or the two have different tensors or shapes.
    public func verify(_ folder: ModelFolder) throws(LowRankError) -> MergeVerification {
        let found = try Self.weights(of: folder)
        let original = try Self.weights(of: base)
        var different: [String] = []
        var (difference, size) = (0.0, 0.0)
        for name in original.names {
            guard let expected = original.tensor(named: name) else { continue }
            guard let tensor = found.tensor(named: name) else {
                throw .files(.missingTensor(path: found.file.path, name: name))
            }
            guard tensor.shape == expected.shape else {
                throw .files(
                    .wrongShape(path: found.file.path, tensor: name, expected: expected.shape, found: tensor.shape))
            }
            let (one, other) = (tensor.floats(), tensors[name]?.elements() ?? expected.floats())
            if zip(one, other).allSatisfy({ $0.bitPattern == $1.bitPattern }) { continue }
            different.append(name)
            for (a, b) in zip(one, other) {
                let distance = Double((a - b).magnitude)
                // Of what is not a number nothing is near.
                difference = max(difference, distance.isNaN ? .infinity : distance)
                size = max(size, Double(b.magnitude))
            }
        }
        if let extra = found.names.first(where: { original.tensor(named: $0) == nil }) {
            throw .files(.unexpectedTensor(path: found.file.path, name: extra))
        }
        return MergeVerification(
            tensors: original.names.count, changed: tensors.keys.sorted(), different: different,
            largestDifference: difference, largestValue: size)
    }
}
