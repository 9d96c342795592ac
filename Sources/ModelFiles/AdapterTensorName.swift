/// What a tensor of a PEFT file is, as its name says it.
enum AdapterTensorName: Equatable {
    case a(module: String)
    case b(module: String)
    /// The lengths of a changed weight's rows.
    case magnitude(module: String)
    /// A bias of the base model that was trained along, by its name there. Where the adapter changes the layer, PEFT calls
    /// the layer's own part `base_layer`.
    case bias(name: String, wrapped: Bool)

    private static let prefix = "base_model.model."
    private static let suffixA = ".lora_A.weight"
    private static let suffixB = ".lora_B.weight"
    private static let suffixMagnitude = ".lora_magnitude_vector"
    private static let suffixBias = ".bias"
    private static let wrapper = ".base_layer"

    /// Nil for a name that is none of these.
    init?(_ name: String) {
        guard name.hasPrefix(Self.prefix) else { return nil }
        let rest = ModelWeights.withoutPrefix(String(name.dropFirst(Self.prefix.count)))
        func stem(_ suffix: String) -> String? {
            rest.hasSuffix(suffix) ? String(rest.dropLast(suffix.count)) : nil
        }
        if let module = stem(Self.suffixA) {
            self = .a(module: module)
        } else if let module = stem(Self.suffixB) {
            self = .b(module: module)
        } else if let module = stem(Self.suffixMagnitude) {
            self = .magnitude(module: module)
        } else if let module = stem(Self.wrapper + Self.suffixBias) {
            self = .bias(name: module + Self.suffixBias, wrapped: true)
        } else if let module = stem(Self.suffixBias), !module.hasSuffix(".lora_A"), !module.hasSuffix(".lora_B") {
            self = .bias(name: module + Self.suffixBias, wrapped: false)
        } else {
            return nil
        }
    }

    /// The name in a file.
    var name: String {
        switch self {
        case .a(let module): Self.prefix + module + Self.suffixA
        case .b(let module): Self.prefix + module + Self.suffixB
        case .magnitude(let module): Self.prefix + module + Self.suffixMagnitude
        case .bias(let name, let wrapped):
            Self.prefix + (wrapped ? name.dropLast(Self.suffixBias.count) + Self.wrapper + Self.suffixBias : name)
        }
    }

    /// The layer that has a bias of this name.
    static func module(ofBias name: String) -> String { String(name.dropLast(suffixBias.count)) }
}
