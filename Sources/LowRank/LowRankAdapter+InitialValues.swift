public import ModelFiles
public import VectorMath

/// What an adapter is made of before it trains.
public enum InitialValues: Sendable, Equatable {
    /// A at random, B zero: the adapted model starts as the base.
    case random
    /// PiSSA: the leading singular vectors of each weight, which train in place of the part of the weight that they make up; found
    /// exactly, or with so many iterations of a randomised method, where it is the first ones that matter and weights are large. Meng, Wang
    /// and Zhang, arXiv:2404.02948.
    case pissa(iterations: Int? = nil)
    /// OLoRA: the leading columns and rows of each weight's QR decomposition, in the same manner. Büyükakyüz, arXiv:2406.01775.
    case olora

    /// The values by PEFT's `init_lora_weights`: `true` and `default` are random, `pissa`, `pissa_niter_16`, `olora`; nil for others.
    public init?(name: String) {
        switch name {
        case "true", "default", "random": self = .random
        case "pissa": self = .pissa()
        case "olora": self = .olora
        default:
            let prefix = "pissa_niter_"
            guard name.hasPrefix(prefix), let count = Int(name.dropFirst(prefix.count)), count >= 0 else { return nil }
            self = .pissa(iterations: count)
        }
    }
}

extension LowRankAdapter {
    /// An adapter on those of `modules` that the configuration targets, with values taken from the base weights.
    ///
    /// With PiSSA and OLoRA the adapted model starts as the base only if each base weight is replaced by its `residual`: train on these,
    /// or, which is the same, with this adapter's product subtracted; and save `converted(from:)`, which is valid on
    /// the untouched base. DoRA's magnitudes begin as the lengths of the base weights' rows. The decompositions are those of PEFT: B · A is its product, signs and factors included where they are
    /// determined.
    ///
    /// - Parameters:
    ///   - seed: Of random values, and of the randomised method.
    ///   - weight: The base weight `[out, in]` of a module.
    public init(
        configuration: AdapterConfiguration, modules: [LinearModule], values: InitialValues, seed: UInt64,
        weight: (LinearModule) throws(LowRankError) -> MatrixView<Float>
    ) throws(LowRankError) {
        // Draws and checks what all kinds share: targets, ranks, scalings, shapes.
        try self.init(configuration: configuration, modules: modules, seed: seed)
        if values == .random, !configuration.useDoRA { return }
        let known = Dictionary(modules.map { ($0.name, $0) }) { first, _ in first }
        var weights: [MatrixView<Float>] = []
        for (name, pair) in zip(names, pairs) {
            let weight = try weight(known[name]!)
            let expected = [pair.outputWidth, pair.inputWidth]
            guard [weight.rows, weight.columns] == expected else {
                throw .wrongShape(module: name, matrix: "W", expected: expected, found: [weight.rows, weight.columns])
            }
            guard values == .random || pair.scaling > 0 else {
                throw .invalidSetting(name: "alpha of \(name)", found: "\(pair.scaling)", expected: "above 0")
            }
            weights.append(weight)
        }
        let (names, plain) = (names, pairs)
        pairs = try parallelMap(
            names.count,
            throwing: { i throws(LowRankError) in
                var pair = plain[i]
                if configuration.useDoRA { pair.magnitude = rowNorms(of: weights[i]) }
                if values == .random { return pair }
                (pair.b, pair.a) = try Self.factors(of: weights[i], pair, values, seed: seed &+ UInt64(i))
                return pair
            })
    }

    private static func factors(
        of weight: MatrixView<Float>, _ pair: LowRankPair, _ values: InitialValues, seed: UInt64
    ) throws(LowRankError) -> (b: Matrix<Float>, a: Matrix<Float>) {
        let rank = pair.rank
        if values == .olora {
            let decomposition = try QRDecomposition(weight)
            return (
                Matrix(copying: decomposition.q.view.columns(0..<rank)),
                Matrix(copying: decomposition.r[rows: 0..<rank])
            )
        }
        let decomposition =
            if case .pissa(let iterations?) = values {
                try SingularValueDecomposition(randomized: weight, rank: rank, iterations: iterations, seed: seed)
            } else {
                try SingularValueDecomposition(leading: rank, of: weight)
            }
        var (b, a) = decomposition.factors(rank: rank)
        // The product is scaled when it is used: each factor takes half of that back.
        let root = 1 / pair.scaling.squareRoot()
        scale(&b, by: root)
        scale(&a, by: root)
        return (b, a)
    }

    /// W - ΔW: what is left of a base weight `[out, in]` whose leading part this adapter holds.
    public func residual(of weight: MatrixView<Float>, module: String) -> Matrix<Float> {
        var residual = Matrix(copying: weight)
        self[module]?.merge(into: &residual, strength: -1)
        return residual
    }

    /// A trained adapter that began as `initial`, as a plain one on the untouched base: ΔW = s(BA - B₀A₀), at twice the rank.
    ///
    /// What PEFT's `save_pretrained(path_initial_model_for_weight_conversion:)` writes: A below A₀, B beside -B₀, ranks twice as
    /// large, and α so much larger that the scaling stays as it is: twice, with rank-stabilised scaling √2 times. PEFT refuses exceptions
    /// among ranks or α together with that scaling; here they follow the same rule.
    public func converted(from initial: LowRankAdapter) throws(LowRankError) -> LowRankAdapter {
        try requireProducts(for: "converting")
        guard initial.names == names else {
            throw .notCombinable(reason: "the initial values are of other modules than the trained ones")
        }
        var modules: [String: LowRankPair] = [:]
        for (index, name) in names.enumerated() {
            let (pair, start) = (pairs[index], initial.pairs[index])
            let (found, expected) = (
                [start.outputWidth, start.rank, start.inputWidth], [pair.outputWidth, pair.rank, pair.inputWidth]
            )
            guard found == expected, start.scaling == pair.scaling else {
                throw .notCombinable(
                    reason: "the initial values of \(name) have other shapes or scalings than the trained ones")
            }
            modules[name] = LowRankPair(
                a: stacked([pair.a.view, start.a.view]),
                b: sideBySide([pair.b.view, multiplied(start.b, by: -1).view]), scaling: pair.scaling)
        }
        var result = configuration
        let factor = configuration.useRSLoRA ? 2.0.squareRoot() : 2
        (result.rank, result.alpha) = (2 * configuration.rank, factor * configuration.alpha)
        result.rankPattern = configuration.rankPattern.mapValues { 2 * $0 }
        result.alphaPattern = configuration.alphaPattern.mapValues { factor * $0 }
        result.unknown.removeValue(forKey: "init_lora_weights")
        var adapter = try LowRankAdapter(configuration: result, modules: modules)
        adapter.biases = biases
        for index in adapter.pairs.indices {
            adapter.pairs[index].scaling = Float(result.scaling(of: adapter.names[index]))
        }
        return adapter
    }
}
