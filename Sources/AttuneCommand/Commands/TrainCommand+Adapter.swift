import ArgumentParser
import Attune

extension TrainCommand {
    struct AdapterFlags: ParsableArguments {
        @Option(help: "What is trained: an adapter, all weights, those of the last layers, or a head on queries alone.")
        var method = TrainingSettings.Method.lora
        @Option(help: "How many of the last layers train with --method last-layers.") var layers = 2
        @Option(help: "Rank of the adapter's matrices.") var rank = 16
        @Option(help: "Strength: the adapter's product is multiplied by alpha / rank.") var alpha = 32.0
        @Option(
            help: """
                rslora multiplies by alpha / √rank instead, which keeps high ranks learning. pissa and olora begin with the \
                leading part of each weight, by its singular values or its QR decomposition, in place of that part; what is \
                written is an adapter of twice the rank for the base as it is. dora lets the lengths of the changed weights' \
                rows train too.
                """)
        var variant = TrainingSettings.Variant.lora
        @Option(
            help: ArgumentHelp(
                "Let pissa find the leading part with so many iterations of a randomised method (default: exactly).",
                valueName: "n"))
        var pissaIterations: Int?
        @Option(help: "LoRA+: the learning rate of the adapter's matrices B is so many times that of A.")
        var lrRatio = 1.0
        @Option(help: "Probability that an input of the adapter is dropped.") var dropout = 0.0
        @Option(help: "attention, all-linear, or module names separated by commas.") var targets = "attention"
        @Option(
            help: ArgumentHelp(
                "In place of --targets: the modules whose whole names it matches.", valueName: "regular expression"))
        var targetPattern: String?
        @Option(help: "The base model's biases that train along: none, those of the adapted modules, or all.")
        var bias = AdapterBias.none
        @Option(
            help: ArgumentHelp(
                "Only the adapted modules of these blocks, from 0 (default: all).", valueName: "numbers"))
        var layersToTransform: String?
        @Option(
            help: ArgumentHelp(
                "Other ranks for some modules, by the ends of their names: value=8,layer.0.attention.self.query=4.",
                valueName: "name=rank,…"))
        var rankPattern: String?
        @Option(help: ArgumentHelp("Other strengths, in the same manner.", valueName: "name=alpha,…"))
        var alphaPattern: String?

        func validate() throws {
            _ = try (layersNumbers, ranks, alphas)
        }

        /// Sets what the flags say of the adapter.
        func apply(to settings: inout TrainingSettings) throws {
            settings.method = method
            settings.layers = layers
            settings.rank = rank
            settings.alpha = alpha
            settings.variant = variant
            settings.pissaIterations = pissaIterations
            settings.learningRateRatio = lrRatio
            settings.dropout = dropout
            settings.targets = targets.split(separator: ",").map(String.init)
            settings.targetPattern = targetPattern
            settings.bias = bias
            settings.layersToTransform = try layersNumbers
            settings.rankPattern = try ranks
            settings.alphaPattern = try alphas
        }

        private var layersNumbers: [Int] {
            get throws {
                try (layersToTransform ?? "").split(separator: ",").map { text in
                    guard let number = Int(text), number >= 0 else {
                        throw ValidationError("--layers-to-transform: \(text) is no number of a block")
                    }
                    return number
                }
            }
        }

        private var ranks: [String: Int] {
            get throws { try Self.pattern(rankPattern, "--rank-pattern", expected: "a rank") { Int($0) } }
        }

        private var alphas: [String: Double] {
            get throws { try Self.pattern(alphaPattern, "--alpha-pattern", expected: "a number") { Double($0) } }
        }

        private static func pattern<Value>(
            _ text: String?, _ flag: String, expected: String, _ read: (Substring) -> Value?
        ) throws -> [String: Value] {
            var result: [String: Value] = [:]
            for part in (text ?? "").split(separator: ",") {
                guard let equals = part.lastIndex(of: "="), equals > part.startIndex,
                    let value = read(part[part.index(after: equals)...])
                else { throw ValidationError("\(flag): \(part) is not a module's name, = and \(expected)") }
                let name = String(part[..<equals])
                guard result.updateValue(value, forKey: name) == nil else {
                    throw ValidationError("\(flag): \(name) is there twice")
                }
            }
            return result
        }

        static let configurableFlags: [String: ConfigurationFile.Kind] = [
            "method": .choice(of: TrainingSettings.Method.self), "layers": .wholeNumber, "rank": .wholeNumber,
            "alpha": .number, "variant": .choice(of: TrainingSettings.Variant.self), "pissa-iterations": .wholeNumber,
            "lr-ratio": .number, "dropout": .number, "targets": .texts, "target-pattern": .text,
            "bias": .choice(of: AdapterBias.self), "layers-to-transform": .numbers,
            "rank-pattern": .texts, "alpha-pattern": .texts,
        ]
    }
}
