import Encoders
import LowRank
import ModelFiles
import TestSupport
import Training
import VectorMath

@testable import Lifecycle

/// The tiny BERT of the fixtures, and adapters on it that each change one layer of their own.
enum Tiny {
    static func encoder() throws -> TextEncoder {
        try TextEncoder(model: ModelFolder(path: SharedData.tinyBERT + "/model"))
    }

    /// So many adapters, none of which changes what another one does.
    static func candidates(_ count: Int) throws -> [CombinationCandidate] {
        let modules = try encoder().model.linearModules.filter { $0.name.contains("attention") }
        return try (0..<count).map { index in
            let configuration = AdapterConfiguration(rank: 2, alpha: 4, targets: .names([modules[index].name]))
            var adapter = try LowRankAdapter(configuration: configuration, modules: modules, seed: UInt64(index))
            adapter.pairs[0].b[0, 0] = 1
            return CombinationCandidate(name: "adapter \(index)", adapter: adapter)
        }
    }

    /// An adapter that PEFT wrote.
    static func recorded(_ name: String) throws -> CombinationCandidate {
        CombinationCandidate(
            name: name, adapter: try LowRankAdapter(path: SharedData.fixtures + "/adapters/\(name)"))
    }
}

/// A metric that is a function of the weights, read off what the combined adapter does to each adapter's own layer.
struct ByWeights: DevelopmentEvaluator {
    let metric: String
    let candidates: [CombinationCandidate]
    let value: @Sendable ([Double]) throws -> Double

    func evaluate(_ encoder: TextEncoder) throws -> [String: Double] {
        let weights = candidates.map { candidate -> Double in
            let name = candidate.adapter.names[0]
            guard let pair = encoder.adapter?[name] else { return 0 }
            let share = pair.deltaWeight()[0, 0] / candidate.adapter.pairs[0].deltaWeight()[0, 0]
            // A product in float32 is the weight to the sixth digit.
            return (Double(share) * 1e5).rounded() / 1e5
        }
        return [metric: try value(weights)]
    }
}

/// A search whose domains are functions of the weights.
struct Landscape {
    let candidates: [CombinationCandidate]
    let encoder: TextEncoder

    init(_ count: Int) throws {
        candidates = try Tiny.candidates(count)
        encoder = try Tiny.encoder()
    }

    func evaluator(
        _ metric: String = "ndcg@10", _ value: @escaping @Sendable ([Double]) throws -> Double
    ) -> ByWeights {
        ByWeights(metric: metric, candidates: candidates, value: value)
    }

    func search(
        budget: Double = 0.01, evaluations: Int = 200, resolution: Double = 1.0 / 16, maximum: Double = 1,
        canary: (@Sendable ([Double]) throws -> Double)? = nil,
        _ domain: @escaping @Sendable ([Double]) throws -> Double
    ) throws(LifecycleError) -> CombinationSearch {
        try CombinationSearch(
            of: candidates, base: encoder,
            domains: [CombinationDomain(name: "set", evaluator: evaluator("ndcg@10", domain))],
            canary: canary.map {
                CombinationCanary(name: "canary", evaluator: evaluator("spearman", $0), budget: budget)
            }, maximum: maximum, evaluations: evaluations, resolution: resolution)
    }
}
