public import ModelFiles

extension AdapterTargets {
    /// The query and value products of attention: what the LoRA paper adapts, and PEFT's default for BERT.
    public static var attention: AdapterTargets { .names(["query", "value"]) }
}

extension LowRankAdapter {
    /// Those of `modules` that a configuration targets, in the order of their names.
    ///
    /// A name matches a module of that path or with a path that ends in "." and the name; a pattern has to match the
    /// whole path; `layers_to_transform` keeps only modules of these layers. PEFT's rules, except that a name which matches
    /// nothing is an error and not passed over.
    public static func resolve(
        _ configuration: AdapterConfiguration, among modules: [LinearModule]
    ) throws(LowRankError) -> [LinearModule] {
        let sorted = modules.sorted { $0.name < $1.name }
        var chosen: [LinearModule]
        switch configuration.targets {
        case .allLinear: chosen = sorted
        case .names(let targets):
            for target in targets where !sorted.contains(where: { matches($0.name, target) }) {
                throw .targetMatchesNothing(target: target, modules: sorted.map(\.name))
            }
            chosen = sorted.filter { module in targets.contains { matches(module.name, $0) } }
        case .pattern(let pattern):
            let expression = try regularExpression(pattern)
            chosen = sorted.filter { $0.name.wholeMatch(of: expression) != nil }
            guard !chosen.isEmpty else {
                throw .targetMatchesNothing(target: pattern, modules: sorted.map(\.name))
            }
        }
        if let layers = configuration.layersToTransform {
            for layer in layers where !chosen.contains(where: { layerIndex(of: $0.name) == layer }) {
                throw .targetMatchesNothing(target: "layer \(layer)", modules: sorted.map(\.name))
            }
            chosen = chosen.filter { module in layerIndex(of: module.name).map(layers.contains) ?? false }
        }
        guard !chosen.isEmpty else { throw .noModules }
        return chosen
    }

    /// The rank and the scaling of one module, `rank_pattern` and `alpha_pattern` applied.
    static func setting(
        of module: String, in configuration: AdapterConfiguration
    ) throws(LowRankError) -> (rank: Int, scaling: Float) {
        let rank = try value(of: module, in: configuration.rankPattern) ?? configuration.rank
        let alpha = try value(of: module, in: configuration.alphaPattern) ?? configuration.alpha
        let divisor = configuration.useRSLoRA ? Double(rank).squareRoot() : Double(rank)
        return (rank, Float(Double(alpha) / divisor))
    }

    /// What follows the layer's number in each name, without repeats: the shortest targets that choose exactly such modules.
    static func suffixes(of names: [String]) -> [String] {
        Set(
            names.map { name in
                let parts = name.split(separator: ".")
                let last = parts.lastIndex { Int($0) != nil }
                return parts[(last.map { $0 + 1 } ?? 0)...].joined(separator: ".")
            }
        ).sorted()
    }

    private static func matches(_ name: String, _ target: String) -> Bool {
        name == target || name.hasSuffix("." + target)
    }

    /// The number after `….layer.` in a module's path, when it has one.
    private static func layerIndex(of name: String) -> Int? {
        let parts = name.split(separator: ".")
        guard let position = parts.dropLast().lastIndex(where: { Int($0) != nil }), position >= 2 else { return nil }
        return Int(parts[position])
    }

    /// The value whose key matches the end of a module's path: PEFT's `(.*\.)?(key)$`.
    private static func value<Value: Equatable>(
        of module: String, in pattern: [String: Value]
    ) throws(LowRankError) -> Value? {
        var found: [String] = []
        for key in pattern.keys.sorted() {
            if module.wholeMatch(of: try regularExpression("(.*\\.)?(" + key + ")")) != nil { found.append(key) }
        }
        guard let first = found.first else { return nil }
        guard found.allSatisfy({ pattern[$0] == pattern[first] }) else {
            throw .ambiguousPattern(module: module, keys: found)
        }
        return pattern[first]
    }

    private static func regularExpression(_ pattern: String) throws(LowRankError) -> Regex<AnyRegexOutput> {
        do {
            return try Regex(pattern)
        } catch {
            throw .invalidPattern(pattern: pattern, reason: "\(error)")
        }
    }
}
