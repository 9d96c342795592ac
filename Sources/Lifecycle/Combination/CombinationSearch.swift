public import Encoders
internal import Evaluation
public import LowRank
internal import Training

/// Finds the weights at which several adapters over one base serve best together, and how strong one should be.
///
/// For who has trained an adapter for each department, seed or data set, and wants one that serves all. The changes of the
/// adapters are added up, each with a weight from 0 to ``maximum``; every point that is tried is the exact sum (`cat`), put
/// on the base and evaluated on the domains. What counts is the weighted mean of their metrics, among the points at which the
/// canary's metric is at most the budget below the base's. One adapter alone is the strength dial, with fewer evaluations.
///
/// It begins with the base, each adapter alone, their mean and their sum; so the answer is never worse, on the data it was
/// chosen on, than the best single adapter that keeps the budget. From the best of these a compass search goes on, with
/// steps of a half down to the resolution. Nothing is drawn at random, and vectors do not depend on the number of threads: the
/// same call gives the same result.
///
/// References: Huang et al.: LoraHub, 2023, arXiv:2307.13269 (weights of several adapters found without gradients; there by
/// evolution, with a penalty on the sum of the weights; here the smaller sum decides between equals). Wortsman et al.: Model
/// soups, 2022, arXiv:2203.05482 (the mean and the single ones as candidates on held-out data).
public struct CombinationSearch {
    /// What is combined, in the order of the weights.
    public let adapters: [CombinationCandidate]
    /// The base model of all of them.
    public let base: TextEncoder
    /// What the combination is to serve.
    public let domains: [CombinationDomain]
    /// What it should not spoil.
    public let canary: CombinationCanary?
    /// The highest weight.
    public let maximum: Double
    /// How many points are evaluated at most.
    public let evaluations: Int
    /// The smallest step between weights.
    public let resolution: Double

    /// A search among combinations of adapters.
    ///
    /// - Parameters:
    ///   - base: without an adapter; one that it carries is left off.
    ///   - maximum: from 1, the strength that an adapter was trained at, to 10.
    ///   - evaluations: at least one for the base and one for each adapter.
    ///   - resolution: above 0, at most a half.
    /// - Throws: `unfitAdapter` for one that is more than products or does not fit the base, `invalidSetting`.
    public init(
        of adapters: [CombinationCandidate], base: TextEncoder, domains: [CombinationDomain],
        canary: CombinationCanary? = nil, maximum: Double = 1, evaluations: Int = 40, resolution: Double = 1.0 / 16
    ) throws(LifecycleError) {
        func check(_ isRight: Bool, _ name: String, _ found: Any, _ expected: String) throws(LifecycleError) {
            if !isRight { throw .invalidSetting(name: name, found: "\(found)", expected: expected) }
        }
        try check(!adapters.isEmpty, "the number of adapters", 0, "at least 1")
        try check(!domains.isEmpty, "the number of data sets", 0, "at least 1")
        for domain in domains {
            try check(
                domain.weight > 0 && domain.weight.isFinite, "the weight of \(domain.name)", domain.weight,
                "a number above 0")
        }
        if let canary {
            try check(
                canary.budget >= 0 && canary.budget.isFinite, "budget", canary.budget, "0 or more; 0.01 is one point")
        }
        try check((1...10).contains(maximum), "the highest weight", maximum, "from 1 to 10")
        try check(resolution > 0 && resolution <= 0.5, "resolution", resolution, "above 0 and at most 0.5")
        try check(
            evaluations > adapters.count, "evaluations", evaluations,
            "at least \(adapters.count + 1): the base and each adapter")
        for candidate in adapters {
            do {
                try candidate.adapter.requirePlain(for: "combining")
                _ = try base.adapted(by: candidate.adapter)
            } catch {
                throw .unfitAdapter(name: candidate.name, reason: "\(error)")
            }
        }
        self.adapters = adapters
        self.base = base
        self.domains = domains
        self.canary = canary
        self.maximum = maximum
        self.evaluations = evaluations
        self.resolution = resolution
    }

    /// Searches.
    ///
    /// - Parameters:
    ///   - found: called after each point, with whether it is within the budget.
    ///   - isCancelled: asked before each point.
    /// - Returns: nil when it was cancelled.
    /// - Complexity: at most ``evaluations`` evaluations of each data set.
    public func run(
        found: (CombinationPoint, Bool) -> Void = { _, _ in }, isCancelled: () -> Bool = { false }
    ) throws(LifecycleError) -> CombinationResult? {
        var bench = Bench(search: self)
        var compass = CompassSearch(
            dimension: adapters.count, maximum: maximum, resolution: resolution, limit: evaluations)
        let isDone = try compass.run(from: starts) { (weights) throws(LifecycleError) -> CompassSearch.Value? in
            guard !isCancelled() else { return nil }
            let (point, isFeasible) = try bench.measure(weights)
            found(point, isFeasible)
            return CompassSearch.Value(score: point.metrics.score, isFeasible: isFeasible)
        }
        return isDone ? bench.result : nil
    }

    /// Evaluates the base and given weights, and nothing else: what was found on samples, on the whole.
    ///
    /// - Returns: a result in which the best of these is chosen; nil when it was cancelled.
    public func evaluate(
        _ candidates: [[Double]], found: (CombinationPoint, Bool) -> Void = { _, _ in },
        isCancelled: () -> Bool = { false }
    ) throws(LifecycleError) -> CombinationResult? {
        var bench = Bench(search: self)
        var seen: Set<[Double]> = []
        for weights in [zeros] + candidates where seen.insert(weights).inserted {
            guard !isCancelled() else { return nil }
            let (point, isFeasible) = try bench.measure(weights)
            found(point, isFeasible)
        }
        return bench.result
    }

    /// What an adapter reaches on the domains and the canary set, or the base where there is none.
    public func metrics(of adapter: LowRankAdapter?) throws(LifecycleError) -> CombinationMetrics {
        try measure(adapter).metrics
    }

    private var zeros: [Double] { adapters.map { _ in 0 } }

    /// The base, each adapter alone, the mean of all, the sum of all.
    private var starts: [[Double]] {
        let singles = adapters.indices.map { single in adapters.indices.map { $0 == single ? 1.0 : 0 } }
        return [zeros] + singles + [adapters.map { _ in 1 / Double(adapters.count) }, adapters.map { _ in 1 }]
    }

    /// Evaluates an adapter on everything.
    fileprivate func measure(
        _ adapter: LowRankAdapter?
    ) throws(LifecycleError) -> (metrics: CombinationMetrics, domains: [DomainMeasurement]) {
        let encoder: TextEncoder
        do throws(EncodersError) { encoder = try base.adapted(by: adapter) } catch { throw .encoders(error) }
        var measured: [DomainMeasurement] = []
        for domain in domains {
            measured.append(try DomainMeasurement(of: encoder, by: domain.evaluator, name: domain.name))
        }
        var kept: DomainMeasurement?
        if let canary { kept = try DomainMeasurement(of: encoder, by: canary.evaluator, name: canary.name) }
        let values = zip(domains, measured).map { $0.weight * ($1.metrics[$0.evaluator.metric] ?? 0) }
        let score = values.reduce(0, +) / domains.reduce(0) { $0 + $1.weight }
        return (
            CombinationMetrics(domains: measured.map(\.metrics), canary: kept?.metrics, score: score), measured
        )
    }
}

/// Evaluates points and keeps what came of them.
private struct Bench {
    let search: CombinationSearch
    private var points: [CombinationPoint] = []
    private var measurements: [[DomainMeasurement]] = []

    init(search: CombinationSearch) {
        self.search = search
    }

    /// Evaluates a point; whether it is within the budget. The first is the base.
    mutating func measure(_ weights: [Double]) throws(LifecycleError) -> (CombinationPoint, Bool) {
        let adapter: LowRankAdapter?
        do throws(LowRankError) { adapter = try search.adapters.combined(at: weights) } catch { throw .lowRank(error) }
        let (metrics, domains) = try search.measure(adapter)
        let point = CombinationPoint(weights: weights, metrics: metrics)
        points.append(point)
        measurements.append(domains)
        return (point, table.isWithinBudget(metrics))
    }

    /// All points, without comparisons.
    private var table: CombinationResult {
        CombinationResult(
            adapters: search.adapters.map(\.name),
            domains: search.domains.map { .init(name: $0.name, metric: $0.evaluator.metric, weight: $0.weight) },
            canary: search.canary.map { .init(name: $0.name, metric: $0.evaluator.metric, budget: $0.budget) },
            points: points)
    }

    var result: CombinationResult {
        var result = table
        result.againstBase = comparisons(of: result.chosen, with: result.base)
        result.againstBestSingle = comparisons(of: result.chosen, with: result.bestSingle)
        return result
    }

    private func comparisons(of point: CombinationPoint, with other: CombinationPoint?) -> [Comparison?] {
        guard let other, other != point, let second = points.firstIndex(of: point),
            let first = points.firstIndex(of: other)
        else { return search.domains.map { _ in nil } }
        return search.domains.indices.map { index in
            measurements[first][index].comparison(
                with: measurements[second][index], metric: search.domains[index].evaluator.metric)
        }
    }
}
