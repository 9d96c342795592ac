internal import Glibc
internal import VectorMath

/// How far two adapters are from each other: in which directions they read and write, and by how much their changes differ.
public struct AdapterDistance: Sendable {
    /// What the two have to do with each other in one module.
    public struct Module: Sendable, Equatable {
        public let name: String
        /// The principal angles between the spaces that the changes write to (the columns of ΔW), ascending, in radians: 0 where the
        /// spaces share a direction, π/2 where one stands upright on the other. As many as the smaller space has dimensions.
        public let columnAngles: [Double]
        /// The principal angles between the spaces that the changes read from (the rows of ΔW).
        public let rowAngles: [Double]
        /// ‖ΔW₁‖ and ‖ΔW₂‖ by Frobenius.
        public let norms: [Double]
        /// ‖ΔW₁ - ΔW₂‖ by Frobenius.
        public let difference: Double

        /// The difference as a part of the larger norm: 0 for equal changes, at most 2; 0 where both are nothing.
        public var relativeDifference: Double { AdapterDistance.relative(difference, norms) }
    }

    /// The modules that both change, in the order of their names.
    public let modules: [Module]
    /// What only the first changes.
    public let onlyInFirst: [String]
    /// What only the second changes.
    public let onlyInSecond: [String]
    /// ‖ΔW₁‖ and ‖ΔW₂‖ of all modules together, also of those that only one changes.
    public let norms: [Double]
    /// ‖ΔW₁ - ΔW₂‖ of all modules together.
    public let difference: Double

    /// The difference as a part of the larger norm.
    public var relativeDifference: Double { AdapterDistance.relative(difference, norms) }

    private static func relative(_ difference: Double, _ norms: [Double]) -> Double {
        let norm = norms.max() ?? 0
        return norm > 0 ? difference / norm : 0
    }
}

extension LowRankAdapter {
    /// The distance to another adapter of the same model, from the factors of both. Complexity: O((in + out) · R²) a module.
    public func distance(to other: LowRankAdapter) throws(LowRankError) -> AdapterDistance {
        try requireProducts(for: "comparing")
        try other.requireProducts(for: "comparing")
        var modules: [AdapterDistance.Module] = []
        var (first, second, difference) = (0.0, 0.0, 0.0)
        for name in Set(names + other.names).sorted() {
            guard let one = self[name], let two = other[name] else {
                let norm = try (self[name] ?? other[name])!.spectrum().norm
                if self[name] != nil { first += norm * norm } else { second += norm * norm }
                difference += norm * norm
                continue
            }
            let module = try Self.distance(one, two, name: name)
            modules.append(module)
            first += module.norms[0] * module.norms[0]
            second += module.norms[1] * module.norms[1]
            difference += module.difference * module.difference
        }
        return AdapterDistance(
            modules: modules, onlyInFirst: names.filter { other[$0] == nil },
            onlyInSecond: other.names.filter { self[$0] == nil }, norms: [first.squareRoot(), second.squareRoot()],
            difference: difference.squareRoot())
    }

    private static func distance(
        _ one: LowRankPair, _ two: LowRankPair, name: String
    ) throws(LowRankError) -> AdapterDistance.Module {
        let (found, expected) = ([two.outputWidth, two.inputWidth], [one.outputWidth, one.inputWidth])
        guard found == expected else { throw .wrongShape(module: name, matrix: "ΔW", expected: expected, found: found) }
        let decompositions = [try one.decomposition(), try two.decomposition()]
        let ranks = decompositions.map { $0.numericalRank }
        func angles(_ basis: (SingularValueDecomposition) -> Matrix<Float>) throws(LowRankError) -> [Double] {
            let bases = zip(decompositions, ranks).map { Matrix(copying: basis($0).view.columns(0..<$1)) }
            return try principalAngles(bases[0], bases[1])
        }
        // The difference is a product itself; subtracting norms instead would lose close adapters in rounding.
        let difference = try SingularValueDecomposition(
            productOf: sideBySide([one.b.view, two.b.view]).view,
            stacked([multiplied(one.a, by: one.scaling).view, multiplied(two.a, by: -two.scaling).view]).view)
        return AdapterDistance.Module(
            name: name, columnAngles: try angles { $0.u }, rowAngles: try angles { transposed($0.vTransposed.view) },
            norms: decompositions.map { Spectrum(values: $0.values).norm },
            difference: Spectrum(values: difference.values).norm)
    }

    /// The angles between the spaces of two orthonormal bases `[m, R₁]` and `[m, R₂]`, ascending.
    ///
    /// Large ones by their cosines, small ones by their sines, which keep them exact. Björck and Golub, "Numerical methods for computing
    /// angles between linear subspaces", Mathematics of Computation 27 (1973).
    private static func principalAngles(_ p: Matrix<Float>, _ q: Matrix<Float>) throws(LowRankError) -> [Double] {
        let (large, small) = p.columns >= q.columns ? (p, q) : (q, p)
        guard small.columns > 0 else { return [] }
        let shared = product(large.view, transposingFirst: true, small.view)
        let cosines = try SingularValueDecomposition(shared.view).values
        var rest = small
        multiply(large.view, shared.view, into: &rest, alpha: -1, beta: 1)
        let sines = try SingularValueDecomposition(rest.view).values.reversed()
        return zip(cosines, sines).map { cosine, sine in
            cosine * cosine < 0.5 ? acos(Double(cosine)) : asin(min(1, Double(sine)))
        }
    }
}

extension SingularValueDecomposition {
    /// The number of singular values that are more than rounding.
    var numericalRank: Int {
        let limit = (values.first ?? 0) * Float(max(u.rows, vTransposed.columns)) * Float.ulpOfOne
        return values.count { $0 > limit }
    }
}
