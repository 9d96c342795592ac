public import Files

/// Which linear layers an adapter changes, as PEFT's `target_modules` says it.
public enum AdapterTargets: Sendable, Equatable {
    /// The layers of these names, or whose names end in one of them after a dot.
    case names([String])

    /// The layers whose whole name matches a regular expression.
    case pattern(String)

    /// Every linear layer.
    case allLinear
}

/// Which biases of the base model were trained along with an adapter, as PEFT's `bias` says it. Their values stand in its file and
/// replace those of the model.
public enum AdapterBias: String, Sendable, CaseIterable {
    case none
    /// Those of every layer, layer norms included.
    case all
    /// Those of the layers that the adapter changes.
    case loraOnly = "lora_only"
}

/// An adapter's `adapter_config.json`, as PEFT 0.6 to 0.21 writes it: LoRA, rsLoRA and DoRA.
///
/// Keys that do not bear on the result are kept and written back. Options that change the computation and are not implemented
/// are refused by name.
public struct AdapterConfiguration: Sendable, Equatable {
    /// R, where `rankPattern` says nothing else.
    public var rank: Int

    /// α; the product BA is scaled by α/R, with rsLoRA by α/√R.
    public var alpha: Double

    /// The share of the input's numbers that training drops before A.
    public var dropout: Double

    /// The layers that are changed.
    public var targets: AdapterTargets

    /// Layers that are not, although `targets` names them.
    public var exclusions: AdapterTargets?

    /// The biases that were trained along.
    public var bias = AdapterBias.none

    /// Whether every changed weight comes with the lengths of its rows (arXiv:2402.09353).
    public var useDoRA = false

    /// Whether the scaling is α/√R instead of α/R.
    public var useRSLoRA: Bool

    /// Other ranks, by regular expressions for the ends of layer names.
    public var rankPattern: [String: Int]

    /// Other α, by regular expressions for the ends of layer names.
    public var alphaPattern: [String: Double]

    /// The numbers of the blocks that are changed; nil for all. Bears on `.names` only.
    public var layersToTransform: [Int]?

    /// Regular expressions for what stands before a block's number; empty for anything.
    public var layersPattern: [String]

    /// The model that the adapter belongs to: a hub name or a folder.
    public var baseModel: String?

    /// Every other key of the file.
    public var unknown: [String: JSONValue]

    /// Settings of an adapter to be made; the defaults are those of PEFT.
    public init(
        rank: Int, alpha: Double, dropout: Double = 0, targets: AdapterTargets, exclusions: AdapterTargets? = nil,
        useRSLoRA: Bool = false, useDoRA: Bool = false, rankPattern: [String: Int] = [:],
        alphaPattern: [String: Double] = [:], layersToTransform: [Int]? = nil,
        layersPattern: [String] = [], bias: AdapterBias = .none, baseModel: String? = nil,
        unknown: [String: JSONValue] = [:]
    ) {
        precondition(rank >= 1, "an adapter of rank \(rank)")
        (self.rank, self.alpha, self.dropout, self.targets) = (rank, alpha, dropout, targets)
        (self.exclusions, self.useDoRA, self.bias) = (exclusions, useDoRA, bias)
        (self.useRSLoRA, self.rankPattern, self.alphaPattern) = (useRSLoRA, rankPattern, alphaPattern)
        (self.layersToTransform, self.layersPattern) = (layersToTransform, layersPattern)
        (self.baseModel, self.unknown) = (baseModel, unknown)
    }
}
