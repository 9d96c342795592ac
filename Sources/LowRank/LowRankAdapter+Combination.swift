internal import ModelFiles
internal import VectorMath

extension LowRankAdapter {
    /// The combination of several adapters, as PEFT's `add_weighted_adapter` computes it.
    ///
    /// A module that only some of the adapters change is made of theirs. One adapter alone is combined linearly, whatever the type.
    /// The result has a scaling of 1 and the first adapter's other settings. Where PEFT is
    /// followed except in form: `cat` gives a module the sum of the ranks that it has instead of zeros up to one common rank; and where
    /// the first adapter has rank-stabilised scaling, PEFT multiplies the result by √R once more, which is not repeated.
    ///
    /// - Parameter adapters: With finite weights, which may be negative.
    public init(
        combining adapters: [(adapter: LowRankAdapter, weight: Double)], by combination: AdapterCombination
    ) throws(LowRankError) {
        let combiner = try AdapterCombiner(adapters, combination)
        var generator: RandomGenerator?
        if case .seed(let seed) = combination.mask { generator = RandomGenerator(seed: seed) }
        var modules: [String: LowRankPair] = [:]
        for name in combiner.names { modules[name] = try combiner.pair(of: name, generator: &generator) }
        let configuration = AdapterCombiner.configuration(of: adapters.map(\.adapter), modules: combiner.names)
        try self.init(
            configuration: configuration.withUnitScaling(ranks: modules.mapValues(\.rank)), modules: modules)
    }
}

/// Combines adapters module by module.
private struct AdapterCombiner {
    /// What one adapter brings to a module.
    private struct Part {
        let position: Int
        let pair: LowRankPair
        let weight: Float
    }

    let names: [String]
    private let adapters: [(adapter: LowRankAdapter, weight: Double)]
    private let combination: AdapterCombination
    private let arithmetic: TaskArithmetic
    /// The rank of results that are cut back to one.
    private let rank: Int

    init(
        _ adapters: [(adapter: LowRankAdapter, weight: Double)], _ combination: AdapterCombination
    ) throws(LowRankError) {
        guard !adapters.isEmpty else { throw .notCombinable(reason: "there are none") }
        for (adapter, weight) in adapters {
            try adapter.requirePlain(for: "combining")
            guard weight.isFinite else {
                throw .invalidSetting(name: "weight", found: "\(weight)", expected: "a number")
            }
        }
        var combination = combination
        if adapters.count == 1 {
            guard combination.rank == nil, combination.density == nil else {
                throw .notCombinable(reason: "one alone is neither pruned nor cut back here; compress it instead")
            }
            combination.kind = .linear
        }
        if combination.kind.prunes {
            guard let density = combination.density, density > 0, density <= 1 else {
                throw .invalidSetting(
                    name: "density", found: combination.density.map { "\($0)" } ?? "missing",
                    expected: "a share above 0 and at most 1, for \(combination.kind.rawValue),")
            }
        }
        if let rank = combination.rank {
            guard combination.kind.worksOnProducts else {
                throw .notCombinable(reason: "\(combination.kind.rawValue) cannot be given a rank; the svd types can")
            }
            guard rank >= 1 else { throw .invalidSetting(name: "rank", found: "\(rank)", expected: "at least 1") }
        }
        self.adapters = adapters
        self.combination = combination
        arithmetic = TaskArithmetic(
            combination: combination, density: combination.kind.prunes ? combination.density ?? 1 : 1)
        names = Set(adapters.flatMap(\.adapter.names)).sorted()
        rank = combination.rank ?? adapters.flatMap { $0.adapter.pairs.map(\.rank) }.max() ?? 1
    }

    func pair(of name: String, generator: inout RandomGenerator?) throws(LowRankError) -> LowRankPair {
        let parts = adapters.indices.compactMap { position in
            adapters[position].adapter[name].map {
                Part(position: position, pair: $0, weight: Float(adapters[position].weight))
            }
        }
        let first = parts[0].pair
        for part in parts {
            let (found, expected) = (
                [part.pair.outputWidth, part.pair.inputWidth], [first.outputWidth, first.inputWidth]
            )
            guard found == expected else {
                throw .wrongShape(module: name, matrix: "ΔW", expected: expected, found: found)
            }
            for matrix in [part.pair.a, part.pair.b] where !sumOfSquares(matrix.view).isFinite {
                throw .notFinite(routine: name)
            }
        }
        switch combination.kind {
        case .cat: return sideBySide(parts)
        case .svd:
            let all = sideBySide(parts)
            return try cut(SingularValueDecomposition(productOf: all.b.view, all.a.view), of: name, first)
        case _ where combination.kind.worksOnProducts:
            let sum = try combine(
                parts.map { $0.pair.deltaWeight() }, weights: parts.map(\.weight), .product, name, parts, &generator)
            return try cut(SingularValueDecomposition(leading: rank, of: sum.view), of: name, first)
        default:
            guard parts.allSatisfy({ $0.pair.rank == first.rank }) else {
                let ranks = parts.map { String($0.pair.rank) }.joined(separator: ", ")
                throw .notCombinable(
                    reason: "\(combination.kind.rawValue) wants equal ranks, module \(name) has \(ranks)")
            }
            let weights = parts.map { $0.weight * $0.pair.scaling }
            let roots = weights.map { $0.magnitude.squareRoot() }
            // The sign goes to one side only: on both it would cancel.
            let signed = zip(roots, weights).map { $1 < 0 ? -$0 : $0 }
            let a = try combine(parts.map(\.pair.a), weights: signed, .a, name, parts, &generator)
            let b = try combine(parts.map(\.pair.b), weights: roots, .b, name, parts, &generator)
            return LowRankPair(a: a, b: b, scaling: 1)
        }
    }

    private func sideBySide(_ parts: [Part]) -> LowRankPair {
        let a = parts.map { multiplied($0.pair.a, by: $0.weight * $0.pair.scaling).view }
        return LowRankPair(a: stacked(a), b: LowRank.sideBySide(parts.map(\.pair.b.view)), scaling: 1)
    }

    /// B = U · σ and A = Vᵀ of the leading singular values, with zeros where the rank is more than the product has.
    private func cut(
        _ decomposition: SingularValueDecomposition, of name: String, _ first: LowRankPair
    ) throws(LowRankError) -> LowRankPair {
        let limit = min(first.inputWidth, first.outputWidth)
        guard rank <= limit else { throw .invalidRank(module: name, rank: rank, limit: limit) }
        let kept = min(rank, decomposition.values.count)
        var b = Matrix<Float>(rows: first.outputWidth, columns: rank)
        var a = Matrix<Float>(rows: rank, columns: first.inputWidth)
        let padding = [Float](repeating: 0, count: rank - kept)
        for row in 0..<b.rows {
            b.setRow(
                row, to: zip(decomposition.u.row(row), decomposition.values).prefix(kept).map { $0 * $1 } + padding)
        }
        for k in 0..<kept { a.setRow(k, to: decomposition.vTransposed.row(k)) }
        return LowRankPair(a: a, b: b, scaling: 1)
    }

    private func combine(
        _ matrices: [Matrix<Float>], weights: [Float], _ factor: AdapterCombination.Factor, _ name: String,
        _ parts: [Part], _ generator: inout RandomGenerator?
    ) throws(LowRankError) -> Matrix<Float> {
        var masks: [[Bool]] = []
        if combination.kind.isRandom, arithmetic.density < 1 {
            for (part, matrix) in zip(parts, matrices) {
                let count = matrix.rows * matrix.columns
                masks.append(try mask(count, adapter: part.position, name, factor, &generator))
            }
        }
        let elements = arithmetic.combine(matrices.map { $0.elements() }, weights: weights, masks: masks)
        return Matrix(rows: matrices[0].rows, columns: matrices[0].columns, elements: elements)
    }

    private func mask(
        _ count: Int, adapter: Int, _ name: String, _ factor: AdapterCombination.Factor,
        _ generator: inout RandomGenerator?
    ) throws(LowRankError) -> [Bool] {
        guard case .given(let mask) = combination.mask else {
            return (0..<count).map { _ in generator!.uniformDouble() < arithmetic.density }
        }
        let given = mask(adapter, name, factor)
        guard given.count == count else {
            throw .invalidSetting(
                name: "the mask of \(name)", found: "of \(given.count) values", expected: "\(count) values")
        }
        return given
    }

    /// The first adapter's settings for the modules of all. Names that choose modules are united; where more than names
    /// chooses them, and differently, the modules are spelled out.
    static func configuration(of adapters: [LowRankAdapter], modules: [String]) -> AdapterConfiguration {
        let first = adapters[0].configuration
        let others = adapters.dropFirst().map(\.configuration)
        let choosesAlike = others.allSatisfy {
            $0.layersToTransform == first.layersToTransform && $0.layersPattern == first.layersPattern
                && $0.exclusions == first.exclusions
        }
        if choosesAlike, others.allSatisfy({ $0.targets == first.targets }) { return first }
        var names: Set<String> = []
        for configuration in [first] + others {
            guard choosesAlike, case .names(let own) = configuration.targets else { return first.targeting(modules) }
            names.formUnion(own)
        }
        var united = first
        united.targets = .names(names.sorted())
        return united
    }
}
