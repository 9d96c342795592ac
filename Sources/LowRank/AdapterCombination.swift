/// How several adapters become one: the combination types of PEFT's `add_weighted_adapter`, by its names.
public struct AdapterCombination: Sendable {
    /// The type. Those that end in SVD work on whole products and cut their result back to a rank; the others work on A and on B, each
    /// by itself, want equal ranks, and are approximations.
    public enum Kind: String, Sendable, CaseIterable {
        /// Weighted sums of the A and of the B, each with the root of weight and scaling.
        case linear
        /// The factors side by side: exactly the weighted sum of the products, at the sum of the ranks.
        case cat
        /// The weighted sum of the products, cut back to a rank.
        case svd
        /// Only the largest values, and of these only those with the sign that most weight is on. arXiv:2306.01708.
        case ties
        case tiesSVD = "ties_svd"
        /// Random values dropped, the others enlarged to make up for them. arXiv:2311.03099.
        case dareLinear = "dare_linear"
        case dareLinearSVD = "dare_linear_svd"
        /// Random values dropped, then signs elected.
        case dareTies = "dare_ties"
        case dareTiesSVD = "dare_ties_svd"
        /// Only the largest values.
        case magnitudePrune = "magnitude_prune"
        case magnitudePruneSVD = "magnitude_prune_svd"

        /// Whether whole products are combined and the result cut back to a rank.
        public var worksOnProducts: Bool { rawValue.hasSuffix("svd") }

        /// Whether a density is needed.
        public var prunes: Bool { ![.linear, .cat, .svd].contains(self) }

        /// Whether values are dropped at random.
        public var isRandom: Bool { rawValue.hasPrefix("dare") }

        /// Whether the adapters vote on every value's sign.
        public var electsSigns: Bool { rawValue.contains("ties") }
    }

    /// What a sign's election counts.
    public enum SignElection: String, Sendable, CaseIterable {
        /// The sign of the sum of the values.
        case total
        /// The sign that more adapters have.
        case frequency
    }

    /// The matrix of a module that a mask belongs to.
    public enum Factor: Sendable, Hashable {
        case a
        case b
        /// ΔW, of the types that work on products.
        case product
    }

    /// What DARE keeps.
    public enum Mask: Sendable {
        /// Each value with the probability of the density, drawn from this seed: module after module in the order of their names, A
        /// before B, adapter after adapter, row by row.
        case seed(UInt64)
        /// As the caller says, row by row: of the adapter at a position, of a module, of one of its matrices.
        case given(@Sendable (_ adapter: Int, _ module: String, _ factor: Factor) -> [Bool])
    }

    /// The type.
    public var kind: Kind
    /// The rank of the result, for types that work on products; the largest of the adapters' ranks when nil.
    public var rank: Int?
    /// The share of the values that pruning keeps, above 0 and at most 1; needed by every type that prunes.
    public var density: Double?
    /// How signs are elected, where they are.
    public var signs: SignElection
    /// What DARE keeps.
    public var mask: Mask

    /// A combination; the defaults are PEFT's.
    public init(
        _ kind: Kind = .svd, rank: Int? = nil, density: Double? = nil, signs: SignElection = .total,
        mask: Mask = .seed(0)
    ) {
        (self.kind, self.rank, self.density, self.signs, self.mask) = (kind, rank, density, signs, mask)
    }
}
