internal import Files

/// How the vectors of a text's tokens become one vector. The names are those of sentence-transformers.
public enum PoolingMode: String, Sendable, CaseIterable {
    // In the order in which several modes are concatenated.
    /// The first token.
    case cls
    /// The largest value of each dimension.
    case max
    case mean
    /// The sum divided by the square root of the number of tokens.
    case meanSqrtLength = "mean_sqrt_len_tokens"
    /// The mean weighted by position, counted from 1.
    case weightedMean = "weightedmean"
    case lastToken = "lasttoken"

    /// The key that says so in files written before sentence-transformers 5.4.
    var oldKey: String {
        switch self {
        case .cls: "pooling_mode_cls_token"
        case .max: "pooling_mode_max_tokens"
        case .mean: "pooling_mode_mean_tokens"
        case .meanSqrtLength: "pooling_mode_mean_sqrt_len_tokens"
        case .weightedMean: "pooling_mode_weightedmean_tokens"
        case .lastToken: "pooling_mode_lasttoken"
        }
    }
}

/// The pooling module of a model, from `1_Pooling/config.json`.
public struct PoolingConfiguration: Sendable, Equatable {
    /// One mode, or several whose vectors are concatenated in this order.
    public let modes: [PoolingMode]

    /// Whether the tokens of a prompt take part.
    public let includePrompt: Bool

    /// Pooling by these modes.
    public init(modes: [PoolingMode] = [.mean], includePrompt: Bool = true) {
        precondition(!modes.isEmpty, "pooling without a mode")
        (self.modes, self.includePrompt) = (modes, includePrompt)
    }

    /// Reads a configuration in the old or the new form.
    ///
    /// - Parameter width: The width of the token vectors, which the file must agree with.
    init(path: String, width: Int) throws(ModelFilesError) {
        let object = try JSONObject(path: path)
        for key in ["embedding_dimension", "word_embedding_dimension"] {
            if let dimension = try object.integer(key), dimension != width {
                throw .malformed(path: path, reason: "'\(key)' is \(dimension), the model's vectors have \(width)")
            }
        }
        if let value = object["pooling_mode"] {
            var names: [String] = []
            if let name = value.stringValue {
                names = [name]
            } else if let list = try object.strings("pooling_mode") {
                names = list
            }
            modes = try PoolingConfiguration.modes(named: names, path: path)
        } else {
            var modes: [PoolingMode] = []
            for mode in PoolingMode.allCases where try object.boolean(mode.oldKey) == true { modes.append(mode) }
            self.modes = modes.isEmpty ? [.mean] : modes
        }
        includePrompt = try object.boolean("include_prompt") ?? true
    }

    private static func modes(named names: [String], path: String) throws(ModelFilesError) -> [PoolingMode] {
        guard !names.isEmpty else { throw .malformed(path: path, reason: "'pooling_mode' names no mode") }
        var modes: [PoolingMode] = []
        for name in names {
            guard let mode = PoolingMode(rawValue: name) else {
                throw .unsupported(path: path, what: "pooling mode '\(name)'")
            }
            modes.append(mode)
        }
        return modes
    }

    /// The file's content in the form that every version of sentence-transformers reads.
    func serialized(width: Int) -> JSONValue {
        var members: [String: JSONValue] = [
            "word_embedding_dimension": .integer(Int64(width)), "include_prompt": .bool(includePrompt),
        ]
        for mode in PoolingMode.allCases { members[mode.oldKey] = .bool(modes.contains(mode)) }
        return .object(members)
    }
}
