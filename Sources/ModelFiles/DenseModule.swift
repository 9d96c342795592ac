internal import Files
public import VectorMath

/// A `Dense` module of sentence-transformers: y = activation(W x + b), plus x where it is residual.
public struct DenseModule: Sendable, Equatable {
    /// What follows the product. The raw values are torch's paths.
    public enum Activation: String, Sendable {
        case identity = "torch.nn.modules.linear.Identity"
        case gelu = "torch.nn.modules.activation.GELU"
    }

    /// W, `[out, in]`.
    public let weight: Matrix<Float>
    /// b, `[out]`; nil for none.
    public let bias: [Float]?
    /// What follows the product.
    public let activation: Activation

    /// A module of given values.
    public init(weight: Matrix<Float>, bias: [Float]?, activation: Activation = .identity) {
        precondition(bias.map { $0.count == weight.rows } ?? true, "a bias of another width than the weight's rows")
        (self.weight, self.bias, self.activation) = (weight, bias, activation)
    }

    private static let key = "sentence_embedding"
    private static let names = (weight: "linear.weight", bias: "linear.bias")

    /// Reads a module's folder. A residual one without activation comes back with the identity added to W.
    init(folder: String) throws(ModelFilesError) {
        let path = FileSystem.joined(folder, "config.json")
        let object = try JSONObject(path: path)
        for key in ["module_input_name", "module_output_name"] {
            if let name = try object.string(key), name != Self.key {
                throw .unsupported(path: path, what: "a Dense module whose '\(key)' is '\(name)'")
            }
        }
        let name = try object.string("activation_function") ?? "torch.nn.modules.activation.Tanh"
        guard let activation = Activation(rawValue: name) else {
            throw .unsupported(path: path, what: "a Dense module with the activation '\(name)'")
        }
        let (input, output) = (
            try object.required("in_features", try object.count("in_features")),
            try object.required("out_features", try object.count("out_features"))
        )
        let file = try SafetensorsFile(path: FileSystem.joined(folder, ModelLayout.weights))
        let hasBias = try object.boolean("bias") ?? true
        for name in file.names where name != Self.names.weight && !(hasBias && name == Self.names.bias) {
            throw .unexpectedTensor(path: file.path, name: name)
        }
        var weight = Matrix<Float>(
            rows: output, columns: input,
            elements: try file.require(Self.names.weight, shape: [output, input]).floats())
        let bias = hasBias ? try file.require(Self.names.bias, shape: [output]).floats() : nil
        guard sumOfSquares(weight.view).isFinite, (bias ?? []).allSatisfy(\.isFinite) else {
            throw .malformed(path: file.path, reason: "it holds a value that is not finite")
        }
        if try object.boolean("use_residual") == true {
            guard activation == .identity, input == output else {
                throw .unsupported(path: path, what: "a residual Dense module with an activation, or of two widths,")
            }
            for i in 0..<input { weight[i, i] += 1 }
        }
        self.init(weight: weight, bias: bias, activation: activation)
    }

    /// Writes the module into a folder, which is made.
    func write(to folder: String) throws(ModelFilesError) {
        var writer = SafetensorsWriter()
        writer.add(Self.names.weight, matrix: weight.view)
        if let bias { writer.add(Self.names.bias, shape: [bias.count], floats: bias) }
        let configuration: JSONValue = [
            "in_features": .integer(Int64(weight.columns)), "out_features": .integer(Int64(weight.rows)),
            "bias": .bool(bias != nil), "activation_function": .string(activation.rawValue),
            "module_input_name": .string(Self.key), "module_output_name": .string(Self.key),
        ]
        try ModelFilesError.wrapping { () throws(FilesError) in
            try FileSystem.makeDirectory(folder)
            try writeFile(configuration.serialized(pretty: true) + "\n", to: FileSystem.joined(folder, "config.json"))
        }
        try writer.write(to: FileSystem.joined(folder, ModelLayout.weights), metadata: [:])
    }
}
