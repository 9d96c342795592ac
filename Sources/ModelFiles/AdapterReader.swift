internal import VectorMath

/// Reads the tensors of a PEFT file against its configuration. A tensor too many, one too few or one of another shape than
/// the configuration says is an error that names it.
struct AdapterReader {
    let file: SafetensorsFile
    let configuration: AdapterConfiguration
    /// The path of the configuration.
    let settings: String

    private struct Parts {
        var a, b, magnitude: Tensor?
    }

    func read() throws(ModelFilesError) -> (modules: [String: AdapterMatrices], biases: [String: [Float]]) {
        var parts: [String: Parts] = [:]
        var biases: [String: [Float]] = [:]
        for name in file.names {
            guard let tensor = file.tensor(name), let role = AdapterTensorName(name) else { throw unexpected(name) }
            switch role {
            case .a(let module): try put(tensor, \.a, of: module, in: &parts)
            case .b(let module): try put(tensor, \.b, of: module, in: &parts)
            case .magnitude(let module):
                guard configuration.useDoRA else { throw unexpected(name) }
                try put(tensor, \.magnitude, of: module, in: &parts)
            case .bias(let plain, let wrapped):
                guard accepts(bias: plain, wrapped: wrapped), biases[plain] == nil else { throw unexpected(name) }
                guard tensor.shape.count == 1 else { throw wrong(tensor, [tensor.count]) }
                biases[plain] = tensor.floats()
            }
        }
        var modules: [String: AdapterMatrices] = [:]
        for (module, part) in parts.sorted(by: { $0.key < $1.key }) { modules[module] = try matrices(part, of: module) }
        try checkTargets(have: modules.keys.sorted())
        if configuration.bias != .none, biases.isEmpty {
            throw .malformed(
                path: file.path, reason: "it holds no biases, but 'bias' is '\(configuration.bias.rawValue)'")
        }
        return (modules, biases)
    }

    private func put(
        _ tensor: Tensor, _ place: WritableKeyPath<Parts, Tensor?>, of module: String, in parts: inout [String: Parts]
    ) throws(ModelFilesError) {
        guard configuration.targets(module), parts[module]?[keyPath: place] == nil else {
            throw unexpected(tensor.name)
        }
        parts[module, default: Parts()][keyPath: place] = tensor
    }

    private func accepts(bias name: String, wrapped: Bool) -> Bool {
        let isTarget = configuration.targets(AdapterTensorName.module(ofBias: name))
        switch configuration.bias {
        case .none: return false
        case .all: return wrapped == isTarget
        case .loraOnly: return wrapped && isTarget
        }
    }

    private func matrices(_ part: Parts, of module: String) throws(ModelFilesError) -> AdapterMatrices {
        func missing(_ name: AdapterTensorName) -> ModelFilesError { .missingTensor(path: file.path, name: name.name) }
        guard let a = part.a else { throw missing(.a(module: module)) }
        guard let b = part.b else { throw missing(.b(module: module)) }
        try configuration.checkAmbiguity(of: module, path: settings)
        let rank = configuration.rank(of: module)
        guard a.shape.count == 2, a.shape[0] == rank else { throw wrong(a, [rank, a.shape.last ?? 0]) }
        guard b.shape.count == 2, b.shape[1] == rank else { throw wrong(b, [b.shape.first ?? 0, rank]) }
        if configuration.useDoRA {
            guard let magnitude = part.magnitude else { throw missing(.magnitude(module: module)) }
            guard magnitude.shape == [b.shape[0]] else { throw wrong(magnitude, [b.shape[0]]) }
        }
        return AdapterMatrices(
            a: Matrix(rows: rank, columns: a.shape[1], elements: a.floats()),
            b: Matrix(rows: b.shape[0], columns: rank, elements: b.floats()), magnitude: part.magnitude?.floats())
    }

    /// Every name among the targets must have a layer.
    private func checkTargets(have modules: [String]) throws(ModelFilesError) {
        guard !modules.isEmpty else { throw .malformed(path: file.path, reason: "it holds no LoRA matrices") }
        guard case .names(let names) = configuration.targets else { return }
        for name in names where !modules.contains(where: { $0 == name || $0.hasSuffix("." + name) }) {
            throw .missingTensor(path: file.path, name: AdapterTensorName.a(module: "….\(name)").name)
        }
    }

    private func unexpected(_ name: String) -> ModelFilesError { .unexpectedTensor(path: file.path, name: name) }

    private func wrong(_ tensor: Tensor, _ expected: [Int]) -> ModelFilesError {
        .wrongShape(path: file.path, tensor: tensor.name, expected: expected, found: tensor.shape)
    }
}
