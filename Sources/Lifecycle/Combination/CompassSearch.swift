/// Finds the weights with the highest score within a box, from values alone, at few evaluations.
///
/// Compass search: from the best point so far, a step forth and back along each weight; the first that is better is where
/// the search goes on, and its direction is tried first the next time. Where none is, the step is halved, down to the
/// resolution. What is over the budget is never gone to, however good (the extreme barrier). Then the plain compass could stop
/// at the budget's edge, because every better point lies along it: where a step up would be better and costs too much,
/// steps that take from one weight what they give to another are tried as well. They span the edge of a budget that is spent on
/// the sum of the weights, which is what convergence under linear constraints asks of the directions.
///
/// Why this and not a model of the function, evolution or Bayesian search: a ranking's metric over some hundred queries has
/// steps and noise in the third digit, so there is no derivative to take and no more than the first digit of a weight to be
/// found; the scores along a weight mostly have one hill; the number of evaluations is some tens. With so few, each has to be
/// comparable with its neighbours, and everything should be repeatable: the search draws nothing at random.
///
/// References: Kolda, Lewis, Torczon: Optimization by direct search, SIAM Review 45 (2003), sections 3 and 6 (convergence of
/// compass search with bounds and linear constraints). Audet, Dennis: Mesh adaptive direct search algorithms for constrained
/// optimization, SIAM Journal on Optimization 17 (2006) (the barrier).
struct CompassSearch {
    /// What is known of a point.
    struct Value {
        /// More is better.
        let score: Double
        /// Whether it may be chosen.
        let isFeasible: Bool
    }

    /// The number of weights.
    let dimension: Int
    /// Weights are from 0 to this.
    let maximum: Double
    /// The step below which nothing is looked for.
    let resolution: Double
    /// How many points may be evaluated.
    let limit: Int

    private var values: [[Double]: Value] = [:]

    init(dimension: Int, maximum: Double, resolution: Double, limit: Int) {
        self.dimension = dimension
        self.maximum = maximum
        self.resolution = resolution
        self.limit = limit
    }

    /// Evaluates the starting points and searches on from the best of them.
    ///
    /// - Parameters:
    ///   - starts: the first must be feasible. Equal ones are evaluated once.
    ///   - measure: the value of a point that was not evaluated yet; nil to stop.
    /// - Returns: whether the search came to its end, by the resolution or the limit.
    mutating func run<Failure: Error>(
        from starts: [[Double]], measure: ([Double]) throws(Failure) -> Value?
    ) throws(Failure) -> Bool {
        for start in starts where try value(at: Self.rounded(start), measure) == nil { return isSpent }
        guard var center = best else { return true }
        var step = maximum / 2
        var favourite: [Double]?
        while step >= resolution {
            switch try poll(around: center, step: step, favourite: favourite, measure) {
            case .better(let point, let direction):
                center = point
                favourite = direction
            case .noneBetter: step /= 2
            case .stopped: return isSpent
            }
        }
        return true
    }

    private enum Poll {
        case better([Double], direction: [Double])
        case noneBetter
        case stopped
    }

    private mutating func poll<Failure: Error>(
        around center: [Double], step: Double, favourite: [Double]?, _ measure: ([Double]) throws(Failure) -> Value?
    ) throws(Failure) -> Poll {
        var isBlocked = false
        var directions = coordinates
        if let favourite { directions = [favourite] + directions.filter { $0 != favourite } }
        for isSecondRound in [false, true] {
            if isSecondRound {
                guard isBlocked else { break }
                directions = exchanges
            }
            for direction in directions {
                let point = moved(center, along: direction, by: step)
                guard point != center else { continue }
                guard let found = try value(at: point, measure) else { return .stopped }
                guard isBetter(point, than: center) else { continue }
                if found.isFeasible { return .better(point, direction: direction) }
                isBlocked = true
            }
        }
        return .noneBetter
    }

    /// Along each weight, up and down.
    private var coordinates: [[Double]] {
        (0..<dimension).flatMap { index in [1.0, -1].map { sign in unit(index, sign) } }
    }

    /// From one weight to another, both ways.
    private var exchanges: [[Double]] {
        (0..<dimension).flatMap { up in
            (0..<dimension).filter { $0 != up }.map { down in zip(unit(up, 1), unit(down, -1)).map { $0 + $1 } }
        }
    }

    private func unit(_ index: Int, _ sign: Double) -> [Double] {
        (0..<dimension).map { $0 == index ? sign : 0 }
    }

    private func moved(_ point: [Double], along direction: [Double], by step: Double) -> [Double] {
        Self.rounded(zip(point, direction).map { min(maximum, max(0, $0 + step * $1)) })
    }

    /// To six decimals: what is reached on two ways is one point, and a person can copy it.
    private static func rounded(_ point: [Double]) -> [Double] { point.map { ($0 * 1e6).rounded() / 1e6 } }

    // MARK: What is known

    /// The value of a point; nil where it is not known and may not or cannot be evaluated.
    private mutating func value<Failure: Error>(
        at point: [Double], _ measure: ([Double]) throws(Failure) -> Value?
    ) throws(Failure) -> Value? {
        if let known = values[point] { return known }
        guard values.count < limit, let value = try measure(point) else { return nil }
        values[point] = value
        return value
    }

    private var isSpent: Bool { values.count >= limit }

    /// The best feasible point that was evaluated.
    private var best: [Double]? {
        let feasible = values.filter(\.value.isFeasible).keys.sorted { $0.lexicographicallyPrecedes($1) }
        return feasible.dropFirst().reduce(feasible.first) { best, point in
            best.map { isBetter(point, than: $0) ? point : $0 }
        }
    }

    /// Of equal scores the one that changes less is better.
    private func isBetter(_ point: [Double], than other: [Double]) -> Bool {
        guard let (a, b) = values[point].flatMap({ a in values[other].map { (a.score, $0.score) } }) else {
            return false
        }
        return a != b ? a > b : point.reduce(0, +) < other.reduce(0, +)
    }
}
