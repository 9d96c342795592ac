public import ModelFiles
internal import VectorMath

/// What is wrong with an adapter, seen from the model that it shall change.
///
/// Reading a folder already refuses tensors that do not fit the adapter's own configuration; this looks for the rest.
public struct AdapterCheck: Sendable {
    /// One thing that is wrong.
    public enum Finding: Sendable, Equatable {
        /// The model has no such layer.
        case unknownModule(String)
        /// A matrix does not fit the layer that it changes.
        case wrongShape(module: String, matrix: String, expected: [Int], found: [Int])
        /// The configuration targets a layer of the model for which the file has no matrices: other tools would make some up.
        case missingModule(String)
        /// The layer has no part in a text's vector: what was trained there had no gradient and has no effect.
        case deadModule(String)
        /// The change is zero: nothing was trained, or it was dialled away.
        case noChange(String)
        /// A value that is NaN or infinite.
        case notFinite(module: String, matrix: String)
        /// A trained bias that the model has not, or in another length.
        case unfitBias(String)
        /// The base model that the adapter was trained on has other weights than this one.
        case otherBase(expected: String, found: String)
    }

    /// Everything that is wrong, module by module in the order of their names; empty for an adapter that fits.
    public let findings: [Finding]

    /// Looks an adapter over by itself: for values that are not numbers, and modules without a change.
    public init(_ adapter: LowRankAdapter) {
        findings = Self.values(of: adapter)
    }

    /// Looks an adapter over on a model.
    ///
    /// - Parameters:
    ///   - modules: The layers that an adapter of the model may change.
    ///   - weights: All tensors of the model, also those that no vector comes from.
    public init(_ adapter: LowRankAdapter, modules: [LinearModule], weights: ModelWeights) {
        let known = Dictionary(modules.map { ($0.name, $0) }) { first, _ in first }
        var findings: [Finding] = []
        for (name, pair) in zip(adapter.names, adapter.pairs) {
            guard let module = known[name] else {
                findings.append(
                    weights.tensor(named: name + ".weight") == nil ? .unknownModule(name) : .deadModule(name))
                continue
            }
            if pair.inputWidth != module.inputWidth {
                findings.append(
                    .wrongShape(
                        module: name, matrix: "A", expected: [pair.rank, module.inputWidth],
                        found: [pair.rank, pair.inputWidth]))
            }
            if pair.outputWidth != module.outputWidth {
                findings.append(
                    .wrongShape(
                        module: name, matrix: "B", expected: [module.outputWidth, pair.rank],
                        found: [pair.outputWidth, pair.rank]))
            }
        }
        findings += modules.map(\.name).filter { adapter.configuration.targets($0) && adapter[$0] == nil }.sorted()
            .map { .missingModule($0) }
        for (name, values) in adapter.biases.sorted(by: { $0.key < $1.key })
        where weights.tensor(named: name)?.shape != [values.count] {
            findings.append(.unfitBias(name))
        }
        self.findings = findings + Self.values(of: adapter)
    }

    private static func values(of adapter: LowRankAdapter) -> [Finding] {
        var findings: [Finding] = []
        for (name, pair) in zip(adapter.names, adapter.pairs) {
            let sums = [("A", sumOfSquares(pair.a.view)), ("B", sumOfSquares(pair.b.view))]
            let broken = sums.filter { !$0.1.isFinite }
            findings += broken.map { .notFinite(module: name, matrix: $0.0) }
            if let magnitude = pair.magnitude, !magnitude.allSatisfy(\.isFinite) {
                findings.append(.notFinite(module: name, matrix: "the magnitude vector"))
            }
            let isZero = pair.scaling == 0 || sums.contains { $0.1 == 0 }
            if broken.isEmpty, pair.magnitude == nil, isZero { findings.append(.noChange(name)) }
        }
        for (name, values) in adapter.biases.sorted(by: { $0.key < $1.key }) where !values.allSatisfy(\.isFinite) {
            findings.append(.notFinite(module: name, matrix: "the bias"))
        }
        return findings
    }
}

extension AdapterCheck.Finding: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unknownModule(let name): "\(name): the model has no such layer"
        case .wrongShape(let module, let matrix, let expected, let found):
            "\(module): \(matrix) has shape \(found), the model wants \(expected)"
        case .missingModule(let name): "\(name): the configuration targets it, but the adapter has no matrices for it"
        case .deadModule(let name): "\(name): this layer has no part in a text's vector"
        case .noChange(let name): "\(name): its change is zero"
        case .notFinite(let module, let matrix): "\(module): \(matrix) holds a value that is not finite"
        case .unfitBias(let name): "\(name): the model has no such bias of that length"
        case .otherBase(let expected, let found):
            "the adapter was trained on weights with SHA-256 \(expected), this model's is \(found)"
        }
    }

    /// The kind of the finding, for programs.
    public var kind: String {
        switch self {
        case .unknownModule: "unknown-module"
        case .wrongShape: "wrong-shape"
        case .missingModule: "missing-module"
        case .deadModule: "dead-module"
        case .noChange: "no-change"
        case .notFinite: "not-finite"
        case .unfitBias: "unfit-bias"
        case .otherBase: "other-base"
        }
    }
}
