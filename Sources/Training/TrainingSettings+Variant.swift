internal import Encoders
internal import Files
internal import LowRank
internal import ModelFiles

extension TrainingSettings {
    /// A kind of low-rank adapter.
    public enum Variant: String, Sendable, Codable, CaseIterable {
        /// The product is multiplied by alpha / rank, as in the LoRA paper (arXiv:2106.09685).
        case lora
        /// It is multiplied by alpha / √rank, which keeps high ranks learning (arXiv:2312.03732).
        case rslora
        /// The adapter begins as the leading singular vectors of each weight, and what they leave of it stays as it is
        /// (arXiv:2404.02948).
        case pissa
        /// The same with the leading columns and rows of each weight's QR decomposition (arXiv:2406.01775).
        case olora
        /// The rows of the changed weights get lengths of their own, which train too (arXiv:2402.09353).
        /// Dropout falls on what B A reads, as in the other variants; PEFT's falls on what the stretched weight adds as well.
        case dora

        /// Whether the adapter begins with a part of the base model's weights, which is taken out of these while it trains.
        var takesFromBase: Bool { self == .pissa || self == .olora }
    }

    /// What the adapter begins with.
    var initialValues: InitialValues {
        switch variant {
        case .lora, .rslora, .dora: .random
        case .pissa: .pissa(iterations: pissaIterations)
        case .olora: .olora
        }
    }

    /// What PEFT is told of the adapter while it trains.
    ///
    /// - Parameter modules: the model's, for what cannot be said without them.
    func adapterConfiguration(
        baseName: String, modules: [LinearModule]
    ) throws(LowRankError) -> AdapterConfiguration {
        var configuration = AdapterConfiguration(
            rank: rank, alpha: alpha, dropout: dropout, targets: adapterTargets, useRSLoRA: variant == .rslora,
            useDoRA: variant == .dora,
            rankPattern: rankPattern, alphaPattern: alphaPattern, bias: bias, baseModel: baseName)
        guard !layersToTransform.isEmpty else { return configuration }
        if configuration.targets == .allLinear {
            // Blocks are chosen among names: PEFT refuses them beside all-linear.
            let probe = AdapterConfiguration(rank: 1, alpha: 1, targets: .allLinear)
            configuration.targets = try LowRankAdapter(configuration: probe, modules: modules, seed: 0).configuration
                .targets
        }
        configuration.layersToTransform = Set(layersToTransform).sorted()
        return configuration
    }

    /// The biases of a model that train along with an adapter, as they are before it.
    func biases(of encoder: BERTEncoder, beside adapter: LowRankAdapter) -> [String: [Float]] {
        switch bias {
        case .none: [:]
        case .all: encoder.biases
        case .loraOnly: encoder.biases.filter { name, _ in adapter.names.contains { $0 + ".bias" == name } }
        }
    }

    private var adapterTargets: AdapterTargets {
        if let targetPattern { return .pattern(targetPattern) }
        if targets == ["all-linear"] { return .allLinear }
        guard case .names(let attention) = AdapterTargets.attention else { return .attention }
        return .names(Set(targets.flatMap { $0 == "attention" ? attention : [$0] }).sorted())
    }

    /// Refuses what no adapter can be made with.
    func validateVariant() throws(TrainingError) {
        try require(
            method == .lora || variant == .lora, "variant", variant.rawValue,
            "none: it is the adapter's, and \(method.rawValue) has none")
        try require(
            method == .lora || learningRateRatio == 1, "lr-ratio", "\(learningRateRatio)",
            "1: it is the adapter's, and \(method.rawValue) has none")
        try require(
            method == .lora || bias == .none, "bias", bias.rawValue,
            "none: they train along with an adapter, and \(method.rawValue) has none")
        try require(
            targetPattern == nil || (layersToTransform.isEmpty && targets == ["attention"]), "target-pattern",
            targetPattern ?? "", "nothing: targets and layers-to-transform go by names")
        try require(
            learningRateRatio > 0 && learningRateRatio.isFinite, "lr-ratio", "\(learningRateRatio)",
            "a positive number")
        try require(
            pissaIterations == nil || variant == .pissa, "pissa-iterations", "\(pissaIterations ?? 0)",
            "nothing: it needs the variant pissa")
        try require(
            (0...1000).contains(pissaIterations ?? 0), "pissa-iterations", "\(pissaIterations ?? 0)", "0 to 1000")
        for (pattern, rank) in rankPattern.sorted(by: { $0.key < $1.key }) {
            try require(rank >= 1 && !pattern.isEmpty, "rank-pattern", "\(pattern)=\(rank)", "NAME=a positive number")
        }
        for (pattern, alpha) in alphaPattern.sorted(by: { $0.key < $1.key }) {
            try require(
                alpha > 0 && alpha.isFinite && !pattern.isEmpty, "alpha-pattern", "\(pattern)=\(alpha)",
                "NAME=a positive number")
        }
        try require(
            layersToTransform.allSatisfy { $0 >= 0 }, "layers-to-transform", "\(layersToTransform)",
            "numbers of blocks, from 0")
    }

    /// Refuses an exception that concerns no module of the adapter, and a module that two of them give different values:
    /// which of them held would depend on the order in a file, which has none.
    func checkPatterns(of adapter: LowRankAdapter) throws(TrainingError) {
        try checkPatterns(rankPattern.mapValues(Double.init), "rank-pattern", of: adapter) { probe, key, name in
            probe.rankPattern = [key: 1]
            probe.rank = 2
            return probe.rank(of: name) == 1
        }
        try checkPatterns(alphaPattern, "alpha-pattern", of: adapter) { probe, key, name in
            probe.alphaPattern = [key: 1]
            probe.alpha = 2
            return probe.alpha(of: name) == 1
        }
    }

    private func checkPatterns(
        _ patterns: [String: Double], _ setting: String, of adapter: LowRankAdapter,
        matches: (inout AdapterConfiguration, String, String) -> Bool
    ) throws(TrainingError) {
        var values: [String: (key: String, value: Double)] = [:]
        for (key, value) in patterns.sorted(by: { $0.key < $1.key }) {
            var probe = adapter.configuration
            let names = adapter.names.filter { matches(&probe, key, $0) }
            try require(!names.isEmpty, setting, key, "the end of the name of an adapted module")
            for name in names {
                let other = values[name]
                try require(
                    other == nil || other!.value == value, setting, "\(other?.key ?? "") and \(key) for \(name)",
                    "one value a module")
                values[name] = (key, value)
            }
        }
    }

    /// The settings of the variant that decide the bits of the result. What is as it was before there was such a setting is null,
    /// so that runs of that time can be resumed.
    var variantIdentity: [String: JSONValue] {
        [
            "lr-ratio": learningRateRatio == 1 ? .null : .number(learningRateRatio),
            "pissa-iterations": optional(pissaIterations),
            "bias": bias == .none ? .null : .string(bias.rawValue),
            "target-pattern": targetPattern.map(JSONValue.string) ?? .null,
            "rank-pattern": rankPattern.isEmpty ? .null : .object(rankPattern.mapValues { .integer(Int64($0)) }),
            "alpha-pattern": alphaPattern.isEmpty ? .null : .object(alphaPattern.mapValues(JSONValue.number)),
            "layers-to-transform": layersToTransform.isEmpty
                ? .null : .array(Set(layersToTransform).sorted().map { .integer(Int64($0)) }),
        ]
    }
}
