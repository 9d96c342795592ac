extension AdapterConfiguration {
    /// R of a layer.
    public func rank(of module: String) -> Int {
        AdapterConfiguration.value(in: rankPattern, for: module) ?? rank
    }

    /// α of a layer.
    public func alpha(of module: String) -> Double {
        AdapterConfiguration.value(in: alphaPattern, for: module) ?? alpha
    }

    /// What the product BA of a layer is multiplied by: α/R, with rsLoRA α/√R (arXiv:2312.03732).
    public func scaling(of module: String) -> Double {
        let rank = Double(rank(of: module))
        return alpha(of: module) / (useRSLoRA ? rank.squareRoot() : rank)
    }

    /// Whether a linear layer of this name, such as `encoder.layer.0.attention.self.query`, is changed.
    public func targets(_ module: String) -> Bool {
        if excludes(module) { return false }
        switch targets {
        case .allLinear: return true
        case .pattern(let pattern): return AdapterConfiguration.matches(module, pattern)
        case .names(let names):
            if names.contains(module) { return true }
            guard names.contains(where: { module.hasSuffix("." + $0) }) else { return false }
            guard let layersToTransform else { return true }
            guard let layer = layer(of: module) else { return false }
            return layersToTransform.contains(layer)
        }
    }

    private func excludes(_ module: String) -> Bool {
        switch exclusions {
        case .names(let names): names.contains { module == $0 || module.hasSuffix("." + $0) }
        case .pattern(let pattern): AdapterConfiguration.matches(module, pattern)
        case .allLinear: true
        case nil: false
        }
    }

    /// The number of the block that a layer stands in: the first number in its name with two names before it, or with one that
    /// `layersPattern` matches.
    private func layer(of module: String) -> Int? {
        let parts = module.split(separator: ".", omittingEmptySubsequences: false)
        for (index, part) in parts.enumerated().dropLast() {
            guard let layer = Int(part), layer >= 0 else { continue }
            if layersPattern.isEmpty {
                if index >= 2 { return layer }
            } else {
                let before = parts[..<index].joined(separator: ".")
                if layersPattern.contains(where: { AdapterConfiguration.matches(before, "(.*\\.)?(\($0))") }) {
                    return layer
                }
            }
        }
        return nil
    }

    /// The value of the pattern that matches the end of a layer's name; `checkAmbiguity` refuses two that disagree.
    private static func value<T>(in patterns: [String: T], for module: String) -> T? {
        values(in: patterns, for: module).first
    }

    private static func values<T>(in patterns: [String: T], for module: String) -> [T] {
        guard !patterns.isEmpty else { return [] }
        return patterns.sorted { $0.key < $1.key }.filter { matches(module, "(.*\\.)?(\($0.key))") }.map(\.value)
    }

    /// Refuses a layer that two patterns give different values: the file's order, which would decide, is no part of JSON.
    func checkAmbiguity(of module: String, path: String) throws(ModelFilesError) {
        let ranks = Set(AdapterConfiguration.values(in: rankPattern, for: module))
        let alphas = Set(AdapterConfiguration.values(in: alphaPattern, for: module))
        for (key, count) in [("rank_pattern", ranks.count), ("alpha_pattern", alphas.count)] where count > 1 {
            throw .malformed(path: path, reason: "'\(key)' gives \(module) \(count) different values")
        }
    }

    /// Refuses patterns that are no regular expressions.
    func checkPatterns(path: String) throws(ModelFilesError) {
        var patterns = rankPattern.keys.sorted() + alphaPattern.keys.sorted() + layersPattern
        if case .pattern(let pattern) = targets { patterns.append(pattern) }
        if case .pattern(let pattern) = exclusions { patterns.append(pattern) }
        for pattern in patterns where (try? Regex(pattern)) == nil {
            throw .malformed(path: path, reason: "'\(pattern)' is no regular expression")
        }
    }

    private static func matches(_ text: String, _ pattern: String) -> Bool {
        guard let expression = try? Regex(pattern) else { return false }
        return (try? expression.wholeMatch(in: text)) != nil
    }
}
