import Files
import LowRank
import TestSupport
import Testing
import Training
import VectorMath

@testable import Lifecycle

@Suite("Search for the best combination of adapters")
struct CombinationSearchTests {
    /// The smallest step that the searches here take.
    private static let step = 1.0 / 16

    private static func squaredDistance(_ weights: [Double], _ target: [Double]) -> Double {
        zip(weights, target).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    }

    /// All points of the grid that a search down to the smallest step can reach.
    private static func grid(_ dimension: Int) -> [[Double]] {
        (0..<dimension).reduce([[]]) { points, _ in
            points.flatMap { point in (0...16).map { point + [Double($0) * step] } }
        }
    }

    @Test(
        "finds the top of a hill, wherever it is, at a fraction of the evaluations that a grid takes",
        arguments: [
            [0.3], [1], [0], [0.25, 0.75], [0.9, 0.05], [1, 1], [0, 0.5], [0.4, 0.1, 0.8], [0.3, 0.3, 0.3],
        ])
    func hill(target: [Double]) throws {
        let result = try #require(
            try Landscape(target.count).search { 1 - Self.squaredDistance($0, target) }.run())
        for (weight, wanted) in zip(result.chosen.weights, target) {
            #expect(abs(weight - wanted) <= Self.step / 2 + 1e-6)
        }
        #expect(result.points.count <= 15 + 15 * target.count, "\(result.points.count)")
        #expect(Set(result.points.map(\.weights)).count == result.points.count)
        #expect(result.gainOverBase >= 0 && result.gainOverBestSingle ?? -1 >= 0)
    }

    @Test("follows a ridge that lies across the weights to within a hundredth of its top", arguments: [0.5, 0.8, -0.6])
    func ridge(slant: Double) throws {
        let height: @Sendable ([Double]) -> Double = { weights in
            let (x, y) = (weights[0] - 0.55, weights[1] - 0.4)
            return 1 - (x * x + y * y - 2 * slant * x * y)
        }
        let result = try #require(try Landscape(2).search(height).run())
        let best = Self.grid(2).map(height).max() ?? 0
        #expect(result.chosen.metrics.score > best - 0.01)
    }

    @Test("spends the canary's budget where it pays, also where every better point lies along the budget's edge")
    func budget() throws {
        let landscape = try Landscape(2)
        // The sum of the weights may be a half.
        let canary: @Sendable ([Double]) -> Double = { 0.8 - 0.02 * ($0[0] + $0[1]) }
        for target in [[0.6, 0.6], [0.9, 0.2], [0.1, 1], [0.2, 0.1]] {
            let height: @Sendable ([Double]) -> Double = { 1 - Self.squaredDistance($0, target) }
            let result = try #require(try landscape.search(canary: canary, height).run())
            #expect(result.isWithinBudget(result.chosen.metrics))
            #expect(try #require(result.loss(of: result.chosen.metrics)) <= 0.01 + 1e-9)
            let best = Self.grid(2).filter { $0[0] + $0[1] <= 0.5 }.map(height).max() ?? 0
            #expect(result.chosen.metrics.score >= best - 1e-9, "\(target): \(result.chosen)")
            // What costs too much was looked at, and not taken.
            #expect(result.points.contains { !result.isWithinBudget($0.metrics) })
        }
    }

    @Test("is never worse than the base or than the best adapter alone that keeps the budget", arguments: 0..<20)
    func neverWorse(seed: UInt64) throws {
        // A landscape without any order.
        let noise: @Sendable (UInt64, [Double]) -> Double = { salt, weights in
            var generator = RandomGenerator(
                seed: weights.reduce(salt &+ seed) { $0 &* 6_364_136_223_846_793_005 &+ UInt64($1 * 1e5) })
            return Double(generator.uniform())
        }
        let limit = 12
        let result = try #require(
            try Landscape(3).search(budget: 0.3, evaluations: limit, canary: { noise(77, $0) }, { noise(5, $0) })
                .run())
        #expect(result.points.count <= limit)
        #expect(result.points[0].isBase && result.points[1...3].map(\.single) == [0, 1, 2])
        let allowed = result.points.filter { result.isWithinBudget($0.metrics) }
        #expect(result.chosen.metrics.score == allowed.map(\.metrics.score).max())
        #expect(result.gainOverBase >= 0 && result.gainOverBestSingle ?? 0 >= 0)
        if result.bestSingle == nil { #expect(allowed.allSatisfy { $0.single == nil }) }
    }

    @Test("of equals the smallest change is chosen, and nothing where nothing is better")
    func equals() throws {
        let flat = try #require(try Landscape(2).search { _ in 0.5 }.run())
        #expect(flat.chosen.isBase && flat.gainOverBase == 0)
        #expect(try #require(try Landscape(2).search { -$0[0] - $0[1] }.run()).chosen.isBase)
        let plateau = try #require(try Landscape(1).search { min($0[0], 0.3) }.run())
        #expect(plateau.chosen.weights == [0.3125])
    }

    @Test("one adapter gets the strength that the dial gives it")
    func dial() throws {
        let landscape = try Landscape(1)
        let hills: [@Sendable ([Double]) -> Double] = [
            { $0[0] }, { -$0[0] }, { $0[0] * (1 - $0[0]) }, { 1 - ($0[0] - 0.7) * ($0[0] - 0.7) },
        ]
        let slopes: [@Sendable ([Double]) -> Double] = [
            { _ in 0.5 }, { 0.8 - 0.05 * $0[0] * $0[0] }, { 0.8 - 0.1 * $0[0] }, { 0.5 + $0[0] },
        ]
        for hill in hills {
            for slope in slopes {
                let dial = try StrengthDial(
                    domain: landscape.evaluator("ndcg@10", hill), canary: landscape.evaluator("spearman", slope),
                    steps: 16)
                let swept = try #require(try dial.sweep(landscape.candidates[0].adapter, base: landscape.encoder))
                let result = try #require(try landscape.search(canary: slope, hill).run())
                #expect(result.chosen.weights == [swept.chosen.scale])
                #expect(result.points.count < swept.points.count)
            }
        }
    }

    @Test("several data sets count by their weights")
    func domains() throws {
        let landscape = try Landscape(2)
        func chosen(_ weights: [Double]) throws -> [Double] {
            let domains = [[1, 0.0], [0, 1.0]].enumerated().map { index, target in
                CombinationDomain(
                    name: "set \(index)", evaluator: landscape.evaluator { 1 - Self.squaredDistance($0, target) },
                    weight: weights[index])
            }
            let result = try CombinationSearch(of: landscape.candidates, base: landscape.encoder, domains: domains)
                .run()
            let found = try #require(result)
            let values = found.chosen.metrics.domains.map { $0["ndcg@10"] ?? 0 }
            let mean = (weights[0] * values[0] + weights[1] * values[1]) / (weights[0] + weights[1])
            #expect(abs(found.chosen.metrics.score - mean) < 1e-12)
            return found.chosen.weights
        }
        #expect(try chosen([1, 1]) == [0.5, 0.5])
        #expect(try chosen([3, 1]) == [0.75, 0.25])
        #expect(try chosen([2, 6]) == [0.25, 0.75])
    }

    @Test("goes above the strength of training only where it may")
    func maximum() throws {
        let landscape = try Landscape(2)
        let height: @Sendable ([Double]) -> Double = { 1 - Self.squaredDistance($0, [1.5, 0.25]) }
        #expect(try #require(try landscape.search(height).run()).chosen.weights == [1, 0.25])
        let wide = try #require(try landscape.search(maximum: 2, height).run())
        #expect(wide.chosen.weights == [1.5, 0.25] && wide.points[1].weights == [1, 0])
    }

    @Test("stops when it is asked to, and when its evaluations are used up")
    func ends() throws {
        let search = try Landscape(2).search(evaluations: 7) { 1 - Self.squaredDistance($0, [0.6, 0.3]) }
        var count = 0
        #expect(try search.run(found: { _, _ in count += 1 }, isCancelled: { count == 4 }) == nil && count == 4)
        #expect(try #require(try search.run()).points.count == 7)
    }

    @Test("evaluates given weights and chooses among them and the base")
    func candidates() throws {
        let search = try Landscape(2).search(canary: { -$0[0] }, { 0.1 + $0[0] + $0[1] / 2 })
        let result = try #require(try search.evaluate([[0, 1], [1, 0], [0, 0.5], [0, 1]]))
        #expect(result.points.map(\.weights) == [[0, 0], [0, 1], [1, 0], [0, 0.5]])
        #expect(result.chosen.weights == [0, 1] && result.bestSingle == result.chosen)
        #expect(try #require(try search.evaluate([])).chosen.isBase)
        #expect(try search.evaluate([[0, 1]], isCancelled: { true }) == nil)
    }

    @Test("the result as JSON has every point, the choice and its gains")
    func json() throws {
        let result = try #require(
            try Landscape(2).search(canary: { 0.5 - 0.02 * $0[1] }, { 0.2 + $0[0] / 4 + $0[1] / 2 }).run())
        let json = result.json
        #expect(json["adapters"]?.arrayValue?.compactMap(\.stringValue) == ["adapter 0", "adapter 1"])
        #expect(json["weights"]?.arrayValue?.compactMap(\.doubleValue) == [1, 0.5])
        #expect(json["points"]?.arrayValue?.count == result.points.count)
        #expect(json["points"]?[2]?["weights"]?[1]?.doubleValue == 1)
        #expect(json["points"]?[2]?["within_budget"]?.boolValue == false)
        #expect(json["points"]?[1]?["domains"]?[0]?["ndcg@10"]?.doubleValue == result.points[1].metrics.score)
        #expect(json["points"]?[1]?["canary"]?["spearman"]?.doubleValue == 0.5)
        #expect(json["best_single"]?["adapter"]?.stringValue == "adapter 0")
        #expect(json["gain_over_base"]?.doubleValue == result.gainOverBase)
        #expect(json["canary"]?["metric"]?.stringValue == "spearman")
        #expect(abs((json["canary_loss"]?.doubleValue ?? 0) - 0.01) < 1e-12)
        // An evaluator of means alone has nothing to pair.
        #expect(json["against_best_single"]?[0]?.isNull == true)
    }

    @Test("refuses in one line what no search can be made with")
    func refusals() throws {
        let landscape = try Landscape(2)
        let flat = landscape.evaluator { _ in 0.5 }
        func message(
            _ candidates: [CombinationCandidate]? = nil, weight: Double = 1, budget: Double = 0.01,
            maximum: Double = 1, evaluations: Int = 40, resolution: Double = 0.1, noDomains: Bool = false
        ) -> String? {
            errorMessage {
                try CombinationSearch(
                    of: candidates ?? landscape.candidates, base: landscape.encoder,
                    domains: noDomains ? [] : [CombinationDomain(name: "set", evaluator: flat, weight: weight)],
                    canary: CombinationCanary(name: "canary", evaluator: flat, budget: budget), maximum: maximum,
                    evaluations: evaluations, resolution: resolution)
            }
        }
        #expect(message() == nil)
        #expect(message([]) == "the number of adapters is 0, expected at least 1")
        #expect(message(noDomains: true) == "the number of data sets is 0, expected at least 1")
        for weight in [0, -1, .nan, .infinity] {
            #expect(message(weight: weight)?.hasPrefix("the weight of set") == true)
        }
        for budget in [-0.1, .nan, .infinity] { #expect(message(budget: budget)?.hasPrefix("budget is") == true) }
        for maximum in [0.5, 11, .nan] { #expect(message(maximum: maximum)?.hasPrefix("the highest weight") == true) }
        for resolution in [0, 0.6, .nan] { #expect(message(resolution: resolution)?.hasPrefix("resolution") == true) }
        #expect(message(evaluations: 2) == "evaluations is 2, expected at least 3: the base and each adapter")
        for name in ["dora", "bias_all"] {
            let refused = message([landscape.candidates[0], try Tiny.recorded(name)])
            #expect(refused?.hasPrefix("\(name): combining works on products") == true, "\(refused ?? "none")")
        }
        let stray = try AdapterCopy.moved(landscape.candidates[0].adapter)
        let refused = message([CombinationCandidate(name: "stray", adapter: stray)])
        #expect(refused?.hasPrefix("stray: ") == true && refused?.contains("elsewhere") == true, "\(refused ?? "none")")
    }

    @Test("says which data set could not be evaluated, and why")
    func failures() throws {
        struct Broken: Error, CustomStringConvertible { var description: String { "no more\nscores" } }
        let landscape = try Landscape(1)
        #expect(
            errorMessage { try landscape.search({ $0[0] > 0 ? .nan : 1 }).run() }
                == "the evaluation on set failed: ndcg@10 is wanted, it is nan")
        #expect(
            errorMessage { try landscape.search(canary: { _ in throw Broken() }, { $0[0] }).run() }
                == "the evaluation on canary failed: no more\\nscores")
    }
}

/// Adapters that fit no model of the fixtures.
enum AdapterCopy {
    /// The same pair on a layer that is nowhere.
    static func moved(_ adapter: LowRankAdapter) throws -> LowRankAdapter {
        try LowRankAdapter(configuration: adapter.configuration, modules: ["elsewhere": adapter.pairs[0]])
    }
}
