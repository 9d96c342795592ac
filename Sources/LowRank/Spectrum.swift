internal import Glibc
internal import VectorMath

/// The singular values of a low-rank change, and what they say of how many directions it really uses.
public struct Spectrum: Sendable, Equatable {
    /// Descending, as many as the change can have.
    public let values: [Float]

    /// A spectrum of singular values in descending order.
    public init(values: [Float]) {
        self.values = values
    }

    /// The Frobenius norm of the change: the root of the sum of the squares.
    public var norm: Double { energy(after: 0).squareRoot() }

    /// The effective rank by entropy: exp(-Σ p log p) with p = σ / Σσ. From 1, one direction, to the rank, all equally strong; 0 for no
    /// change.
    ///
    /// Roy and Vetterli, "The effective rank: a measure of effective dimensionality", EUSIPCO 2007.
    public var entropyRank: Double {
        let sum = values.reduce(0) { $0 + Double($1) }
        guard sum > 0 else { return 0 }
        let entropy = values.reduce(0.0) {
            let share = Double($1) / sum
            return share > 0 ? $0 - share * log(share) : $0
        }
        return exp(entropy)
    }

    /// The stable rank: Σσ² / σ₁². Small directions count for little; 0 for no change.
    public var stableRank: Double {
        guard let first = values.first, first > 0 else { return 0 }
        return energy(after: 0) / (Double(first) * Double(first))
    }

    /// Σσ² of what follows the first `count` values: the square of the smallest error, by Frobenius, of a change of that rank.
    public func energy(after count: Int) -> Double {
        // From the small ones up, so that nothing is lost beside the large ones.
        values.dropFirst(count).reversed().reduce(0) { $0 + Double($1) * Double($1) }
    }

    /// The smallest rank, at least 1, that keeps this share of Σσ².
    public func rank(keeping share: Double) -> Int {
        let limit = (1 - share) * energy(after: 0)
        return (1...max(1, values.count)).first { energy(after: $0) <= limit } ?? max(1, values.count)
    }
}

extension LowRankPair {
    /// The singular value decomposition of ΔW, from the factors. Complexity: O((in + out) · R²).
    public func decomposition() throws(LowRankError) -> SingularValueDecomposition {
        try SingularValueDecomposition(productOf: b.view, a.view, factor: scaling)
    }

    /// The singular values of ΔW.
    public func spectrum() throws(LowRankError) -> Spectrum {
        Spectrum(values: try decomposition().values)
    }
}

extension LowRankAdapter {
    /// The spectrum of every module's change, in the order of `names`.
    public func spectra() throws(LowRankError) -> [Spectrum] {
        var spectra: [Spectrum] = []
        for pair in pairs { spectra.append(try pair.spectrum()) }
        return spectra
    }
}
