import Encoders
import Files
import LowRank
import ModelFiles
import TestSupport
import Testing
import VectorMath

@testable import Training

@Suite("Strength dial")
struct StrengthDialTests {
    /// A metric that is a function of how far an encoder's vectors are from the base's, made monotonic by the adapter's
    /// own α.
    private struct ByStrength: DevelopmentEvaluator {
        let metric: String
        let full: Double
        let value: @Sendable (Double) -> Double

        func evaluate(_ encoder: TextEncoder) throws -> [String: Double] {
            let alpha = encoder.adapter?.configuration.alpha ?? 0
            return [metric: value(alpha / full), "other": alpha]
        }
    }

    private func dial(
        budget: Double = 0.01, steps: Int = 10, domain: @escaping @Sendable (Double) -> Double,
        canary: @escaping @Sendable (Double) -> Double
    ) throws -> StrengthDial {
        try StrengthDial(
            domain: ByStrength(metric: "ndcg@10", full: 8, value: domain),
            canary: ByStrength(metric: "spearman", full: 8, value: canary), budget: budget, steps: steps)
    }

    private func sweep(_ dial: StrengthDial) throws -> DialResult {
        let trainer = try Tiny.trainer()
        return try #require(
            try dial.sweep(trainer.initial.adapter, base: trainer.encoder, afterSteps: 9))
    }

    @Test("chooses the best point for the domain that costs the canary no more than the budget")
    func chooses() throws {
        let result = try sweep(dial(domain: { 0.4 + 0.1 * $0 }, canary: { 0.8 - 0.05 * $0 * $0 }))
        #expect(result.points.map(\.scale) == (0...10).map { Double($0) / 10 })
        // 0.05 · 0.4² = 0.008 is within one point, 0.05 · 0.5² is not.
        #expect(result.chosen.scale == 0.4)
        #expect(abs(result.loss(at: result.chosen) - 0.008) < 1e-9)
        #expect(result.points.map(result.isWithinBudget) == (0...10).map { $0 <= 4 })
        #expect(result.chosen.domain == ["ndcg@10": 0.4 + 0.1 * 0.4, "other": 0.4 * 8])
    }

    @Test("chooses full strength where nothing is lost, and the base where everything is worse")
    func extremes() throws {
        #expect(try sweep(dial(domain: { $0 }, canary: { 0.5 + $0 })).chosen.scale == 1)
        #expect(try sweep(dial(domain: { -$0 }, canary: { _ in 0.5 })).chosen.scale == 0)
        #expect(try sweep(dial(domain: { $0 }, canary: { $0 > 0 ? 0.1 : 0.5 })).chosen.scale == 0)
        // Of equals the lowest: nothing is changed for nothing.
        #expect(try sweep(dial(domain: { min($0, 0.3) }, canary: { _ in 0.5 })).chosen.scale == 0.3)
        // A peak between the ends; a budget that is met exactly is kept.
        let peak = try sweep(dial(budget: 0.1, domain: { $0 * (1 - $0) }, canary: { 0.5 - 0.2 * $0 }))
        #expect(peak.chosen.scale == 0.5)
        #expect(
            try sweep(dial(budget: 0, steps: 4, domain: { $0 }, canary: { $0 > 0.6 ? 0.4 : 0.5 })).chosen.scale == 0.5)
    }

    @Test("a scale is said by the configuration: the file is PEFT's, and the adapter as it was can be had again")
    func dialledFile() throws {
        let folder = try TemporaryFolder()
        var configuration = AdapterConfiguration(
            rank: 4, alpha: 8, targets: .names(["query", "value"]), alphaPattern: ["layer.0.attention.self.query": 2])
        configuration.baseModel = "example/tiny-bert"
        let encoder = try TextEncoder(model: Tiny.model())
        var adapter = try LowRankAdapter(
            configuration: configuration, modules: encoder.model.linearModules, seed: 3)
        for index in adapter.pairs.indices { adapter.pairs[index].b[0, 0] = Float(index + 1) }
        let half = adapter.dialled(to: 0.5)
        #expect(half.configuration.alpha == 4)
        #expect(half.configuration.alphaPattern == ["layer.0.attention.self.query": 1])
        for (index, pair) in half.pairs.enumerated() {
            #expect(pair.scaling == adapter.pairs[index].scaling / 2)
            #expect(pair.b.elements() == adapter.pairs[index].b.elements())
        }
        try half.write(to: folder.file("half"))
        let read = try LowRankAdapter(path: folder.file("half"))
        #expect(read.digest == half.digest)
        #expect(read.dialled(to: 2).digest == adapter.digest)
        let texts = ["the cat sat on the mat"]
        #expect(
            try encoder.adapted(by: read).encode(texts).elements()
                == encoder.adapted(by: adapter.scaled(by: 0.5)).encode(texts).elements())
        // At 0 it is the base model, in a file that can be read like any other.
        try adapter.dialled(to: 0).write(to: folder.file("none"))
        let none = try LowRankAdapter(path: folder.file("none"))
        #expect(try encoder.adapted(by: none).encode(texts).elements() == encoder.encode(texts).elements())
    }

    @Test("a run writes the adapter at the chosen strength, and its record has the table and the metrics of that point")
    func inARun() throws {
        let folder = try TemporaryFolder()
        let trainer = try Tiny.trainer()
        let domain = ByStrength(metric: "ndcg@10", full: 8) { 0.4 + 0.1 * $0 }
        let canary = ByStrength(metric: "spearman", full: 8) { 0.8 - 0.05 * $0 * $0 }
        let dial = try StrengthDial(domain: domain, canary: canary)
        let result = try trainer.train(into: folder.file("run"), evaluator: domain, dial: dial)
        let plain = try trainer.train(into: folder.file("plain"), evaluator: domain)
        #expect(result.dial?.chosen.scale == 0.4)
        #expect(result.best?.metrics["ndcg@10"] == 0.4 + 0.1 * 0.4)
        #expect(plain.dial == nil && plain.best?.metrics["ndcg@10"] == 0.5)
        // The matrices are the same; the strength is in the configuration.
        #expect(result.adapterDigest == plain.adapterDigest)
        let (dialled, full) = (
            try LowRankAdapter(path: folder.file("run")), try LowRankAdapter(path: folder.file("plain"))
        )
        #expect(dialled.configuration.alpha == 8 * 0.4 && full.configuration.alpha == 8)
        #expect(dialled.digest == full.dialled(to: 0.4).digest)
        let record = try TrainingRun(path: folder.file("run")).record()["result"]?["dial"]
        #expect(record?["scale"]?.doubleValue == 0.4)
        #expect(record?["points"]?.arrayValue?.count == 11)
        #expect(record?["points"]?[10]?["canary"]?["spearman"]?.doubleValue == 0.8 - 0.05)
        #expect(record?["points"]?[5]?["within_budget"]?.boolValue == false)
    }

    @Test("a run that is interrupted while it dials goes on to the same adapter, and not with another dial")
    func interrupted() throws {
        let folder = try TemporaryFolder()
        let trainer = try Tiny.trainer()
        let domain = ByStrength(metric: "ndcg@10", full: 8) { $0 }
        let canary = ByStrength(metric: "spearman", full: 8) { 0.8 - 0.05 * $0 * $0 }
        let dial = try StrengthDial(domain: domain, canary: canary, budget: 0)
        let whole = try trainer.train(into: folder.file("whole"), evaluator: domain, dial: dial)
        var points = 0
        final class Stopper: TrainingObserver {
            var points = 0
            func dialled(_ point: DialResult.Point) { points += 1 }
        }
        let stopper = Stopper()
        let path = folder.file("run")
        let error = failure {
            _ = try trainer.train(
                into: path, observer: stopper, evaluator: domain, dial: dial, isCancelled: { stopper.points == 3 })
        }
        points = stopper.points
        guard case .interrupted(9, .some) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(points == 3 && !FileSystem.exists(TrainingRun(path: path).configurationPath))
        let other = try StrengthDial(domain: domain, canary: canary, budget: 0.5)
        #expect(
            failure { _ = try trainer.train(into: path, start: .resuming, evaluator: domain, dial: other) }?.description
                .contains("the setting dial was") == true)
        let resumed = try trainer.train(into: path, start: .resuming, evaluator: domain, dial: dial)
        #expect(resumed.dial == whole.dial && resumed.adapterDigest == whole.adapterDigest)
        #expect(try readFile(path + "/adapter_config.json") == readFile(whole.path + "/adapter_config.json"))
    }

    @Test("refuses a budget or steps that are none, and a metric that is no number")
    func refusals() throws {
        func refusal(budget: Double = 0.01, steps: Int = 10) -> String? {
            failure { _ = try dial(budget: budget, steps: steps, domain: { $0 }, canary: { $0 }) }?.description
        }
        for budget in [-0.1, .nan, .infinity] { #expect(refusal(budget: budget)?.hasPrefix("dial-budget is") == true) }
        for steps in [0, 1001, -3] { #expect(refusal(steps: steps)?.hasPrefix("dial-steps is \(steps)") == true) }
        let error = failure { _ = try sweep(dial(domain: { $0 }, canary: { $0 > 0.5 ? .nan : 1 })) }
        guard case .evaluationFailed(9, let reason) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reason.contains("spearman is wanted, it is nan"))
    }
}
