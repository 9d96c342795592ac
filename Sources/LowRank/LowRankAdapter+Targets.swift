public import ModelFiles

extension AdapterTargets {
    /// The query and value products of attention: what the LoRA paper adapts, and PEFT's default for BERT.
    public static var attention: AdapterTargets { .names(["query", "value"]) }
}

extension LowRankAdapter {
    /// Those of `modules` that a configuration targets, in the order of their names.
    ///
    /// A name matches a module of that path or with a path that ends in "." and the name; a pattern has to match the
    /// whole path; `layersToTransform` keeps only modules of these layers. PEFT's rules, except that a name, a pattern or a layer
    /// which matches nothing is an error and not passed over.
    public static func resolve(
        _ configuration: AdapterConfiguration, among modules: [LinearModule]
    ) throws(LowRankError) -> [LinearModule] {
        let sorted = modules.sorted { $0.name < $1.name }
        func refuse(_ target: String) -> LowRankError {
            .targetMatchesNothing(target: target, modules: sorted.map(\.name))
        }
        try checkPatterns(of: configuration)
        var single = configuration
        if case .names(let names) = configuration.targets {
            guard !names.isEmpty else { throw .noModules }
            for name in names {
                (single.targets, single.layersToTransform) = (.names([name]), nil)
                guard sorted.contains(where: { single.targets($0.name) }) else { throw refuse(name) }
            }
            for layer in configuration.layersToTransform ?? [] {
                (single.targets, single.layersToTransform) = (configuration.targets, [layer])
                guard sorted.contains(where: { single.targets($0.name) }) else { throw refuse("layer \(layer)") }
            }
        }
        let chosen = sorted.filter { configuration.targets($0.name) }
        guard !chosen.isEmpty else {
            if case .pattern(let pattern) = configuration.targets { throw refuse(pattern) }
            throw .noModules
        }
        return chosen
    }

    /// What follows the layer's number in each name, without repeats: targets that choose exactly such modules.
    static func suffixes(of names: [String]) -> [String] {
        Set(
            names.map { name in
                let parts = name.split(separator: ".")
                let last = parts.lastIndex { Int($0) != nil }
                return parts[(last.map { $0 + 1 } ?? 0)...].joined(separator: ".")
            }
        ).sorted()
    }

    private static func checkPatterns(of configuration: AdapterConfiguration) throws(LowRankError) {
        var patterns = configuration.rankPattern.keys.sorted() + configuration.alphaPattern.keys.sorted()
        for case .pattern(let pattern)? in [configuration.targets, configuration.exclusions] {
            patterns.append(pattern)
        }
        for pattern in patterns + configuration.layersPattern {
            do {
                _ = try Regex(pattern)
            } catch {
                throw .invalidPattern(pattern: pattern, reason: "\(error)")
            }
        }
    }
}
