internal import VectorMath

extension Comparison {
    /// Compares how well two systems' similarities follow the scores of the same pairs: Spearman's correlations.
    ///
    /// The interval is the percentile bootstrap over pairs. For p each pair's two similarities, as ranks so that both
    /// systems measure alike, change sides by a coin's flip; p counts the draws whose correlations differ at least as much.
    /// A pair is won where the second system's rank is nearer to that of its score.
    ///
    /// - Parameters:
    ///   - permutations: Draws of the randomisation test.
    ///   - samples: Draws of the bootstrap.
    /// - Throws: `notComparable` where the results are not of the same pairs, or a correlation is undefined.
    /// - Complexity: O((permutations + samples) · n log n).
    public init(
        _ first: ScoredPairResult, _ second: ScoredPairResult, permutations: Int = 2000, samples: Int = 2000,
        level: Double = 0.95, seed: UInt64 = 0
    ) throws(EvaluationError) {
        guard first.scores == second.scores else {
            throw .notComparable(metric: "spearman", reason: "they are not of the same pairs")
        }
        guard !first.spearman.isNaN, !second.spearman.isNaN else {
            throw .notComparable(metric: "spearman", reason: "similarities or scores are all the same")
        }
        precondition(permutations > 0 && samples > 0, "a comparison without draws")
        let ranks = PairedRanks(
            first: averageRanks(first.similarities), second: averageRanks(second.similarities),
            scores: averageRanks(first.scores))
        var generator = RandomGenerator(seed: seed)
        // A sample that is all of one pair has no correlation and says nothing.
        let draws = (0..<samples).map { _ in ranks.resampled(&generator).difference }.filter { !$0.isNaN }
        let difference = second.spearman - first.spearman
        let observed = abs(difference) - 1e-12
        let hits = (0..<permutations).count { _ in abs(ranks.exchanged(&generator).difference) >= observed }
        let gains = ranks.gains
        self.init(
            metric: "spearman", count: first.count, first: first.spearman, second: second.spearman,
            interval: draws.isEmpty ? difference...difference : percentileInterval(draws, level: level), level: level,
            p: Double(1 + hits) / Double(1 + permutations), wins: gains.count { $0 > 0 }, losses: gains.count { $0 < 0 }
        )
    }
}

/// The ranks of two systems' similarities and of the scores, pair by pair.
private struct PairedRanks {
    var first: [Double]
    var second: [Double]
    var scores: [Double]

    /// Spearman's correlation of the second less that of the first; NaN where either is undefined.
    var difference: Double { spearman(second, scores) - spearman(first, scores) }

    /// By how much each pair's rank is nearer to its score's in the second than in the first.
    var gains: [Double] {
        scores.indices.map { abs(first[$0] - scores[$0]) - abs(second[$0] - scores[$0]) }
    }

    func resampled(_ generator: inout RandomGenerator) -> PairedRanks {
        let chosen = scores.indices.map { _ in generator.below(scores.count) }
        return PairedRanks(
            first: chosen.map { first[$0] }, second: chosen.map { second[$0] }, scores: chosen.map { scores[$0] })
    }

    func exchanged(_ generator: inout RandomGenerator) -> PairedRanks {
        var exchanged = self
        for index in scores.indices where generator.below(2) == 1 {
            exchanged.first[index] = second[index]
            exchanged.second[index] = first[index]
        }
        return exchanged
    }
}
