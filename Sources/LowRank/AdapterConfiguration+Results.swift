internal import ModelFiles

extension AdapterConfiguration {
    /// The settings of an adapter that was computed and not trained: the same modules, of these ranks, each with a scaling of exactly 1.
    ///
    /// The rank that most modules have is the general one, the others are exceptions by full name.
    func withUnitScaling(ranks: [String: Int]) -> AdapterConfiguration {
        var counts: [Int: Int] = [:]
        for rank in ranks.values { counts[rank, default: 0] += 1 }
        let general = counts.max { ($0.value, $0.key) < ($1.value, $1.key) }?.key ?? rank
        var result = self
        (result.rank, result.alpha) = (general, Double(general))
        (result.useRSLoRA, result.useDoRA) = (false, false)
        let exceptions = ranks.filter { $0.value != general }
        result.rankPattern = Dictionary(uniqueKeysWithValues: exceptions.map { (Self.exactly($0.key), $0.value) })
        result.alphaPattern = result.rankPattern.mapValues(Double.init)
        result.unknown.removeValue(forKey: "init_lora_weights")
        return result
    }

    /// The same settings for exactly these modules, by their full names.
    func targeting(_ names: [String]) -> AdapterConfiguration {
        var result = self
        result.targets = .names(names)
        (result.layersToTransform, result.layersPattern, result.exclusions) = (nil, [], nil)
        return result
    }

    /// The pattern that matches this module's path and no other.
    private static func exactly(_ name: String) -> String {
        "^"
            + name.map { $0.isLetter || $0.isNumber || $0 == "_" ? String($0) : "\\\($0)" }.joined()
    }
}
