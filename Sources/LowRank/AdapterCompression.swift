internal import ModelFiles
internal import VectorMath

/// An adapter of lower rank, and how far it is from the one that it was made of.
public struct AdapterCompression: Sendable {
    /// What is kept of every module.
    public enum Limit: Sendable, Equatable {
        /// At most so many directions.
        case rank(Int)
        /// The fewest directions with this share, above 0 and at most 1, of the squared singular values.
        case energy(Double)
    }

    /// What became of one module.
    public struct Module: Sendable, Equatable {
        public let name: String
        public let rankBefore: Int
        public let rankAfter: Int
        /// ‖ΔW‖ by Frobenius, before.
        public let norm: Double
        /// ‖ΔW - ΔW'‖ by Frobenius, as the singular values that were left out say.
        public let error: Double

        /// The error as a part of the norm; 0 where nothing was changed.
        public var relativeError: Double { norm > 0 ? error / norm : 0 }
    }

    /// The compressed adapter. Its scaling is 1 everywhere.
    public let adapter: LowRankAdapter
    /// In the order of the adapter's names.
    public let modules: [Module]

    /// ‖ΔW‖ of all modules together, before.
    public var norm: Double { modules.reduce(0) { $0 + $1.norm * $1.norm }.squareRoot() }

    /// ‖ΔW - ΔW'‖ of all modules together.
    public var error: Double { modules.reduce(0) { $0 + $1.error * $1.error }.squareRoot() }

    /// The error as a part of the norm.
    public var relativeError: Double { norm > 0 ? error / norm : 0 }
}

extension LowRankAdapter {
    /// The adapter whose changes are the nearest ones of lower rank: truncated singular value decompositions, computed from the
    /// factors and never from a product as large as a weight.
    ///
    /// The error of each module is known before anything is multiplied: it is what the left out singular values amount to. Eckart
    /// and Young, Psychometrika 1 (1936). Complexity: O((in + out) · R²) a module.
    public func compressed(to limit: AdapterCompression.Limit) throws(LowRankError) -> AdapterCompression {
        switch limit {
        case .rank(let rank):
            guard rank >= 1 else {
                throw .invalidSetting(name: "rank", found: "\(rank)", expected: "at least 1")
            }
        case .energy(let share):
            guard share > 0, share <= 1 else {
                throw .invalidSetting(name: "energy", found: "\(share)", expected: "a share above 0 and at most 1")
            }
        }
        try requireProducts(for: "compressing")
        let parts = try parallelMap(
            names.count,
            throwing: { index throws(LowRankError) in
                try Self.compress(names[index], pairs[index], to: limit)
            })
        let modules = Dictionary(uniqueKeysWithValues: zip(names, parts.map(\.pair)))
        var adapter = try LowRankAdapter(
            configuration: configuration.withUnitScaling(ranks: modules.mapValues(\.rank)), modules: modules)
        adapter.biases = biases
        return AdapterCompression(adapter: adapter, modules: parts.map(\.report))
    }

    private static func compress(
        _ name: String, _ pair: LowRankPair, to limit: AdapterCompression.Limit
    ) throws(LowRankError) -> (pair: LowRankPair, report: AdapterCompression.Module) {
        let decomposition = try pair.decomposition()
        let spectrum = Spectrum(values: decomposition.values)
        let rank =
            switch limit {
            case .rank(let wanted): min(wanted, spectrum.values.count)
            case .energy(let share): spectrum.rank(keeping: share)
            }
        let (b, a) = decomposition.factors(rank: rank)
        return (
            LowRankPair(a: a, b: b, scaling: 1),
            AdapterCompression.Module(
                name: name, rankBefore: pair.rank, rankAfter: rank, norm: spectrum.norm,
                error: spectrum.energy(after: rank).squareRoot())
        )
    }
}
