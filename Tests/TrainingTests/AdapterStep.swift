import Encoders
import LowRank
import VectorMath

@testable import Training

/// A training step of an adapter, as the loop makes it.
struct AdapterStep {
    let step: ContrastiveStep
    let encoder: TrainingEncoder
    var prefixBudget = 0

    func run(
        _ plan: BatchPlan, adapter: LowRankAdapter, options: TrainingOptions, gradients: inout AdapterGradients,
        isCancelled: () -> Bool
    ) throws -> LossValue? {
        var pass = try pass(adapter)
        pass.gradients = gradients
        let value = try step.run(plan, &pass, options: options, isCancelled: isCancelled)
        gradients = pass.gradients
        return value
    }

    func pass(_ adapter: LowRankAdapter) throws -> AdapterPass {
        AdapterPass(
            encoder: encoder, adapter: try encoder.bind(adapter), gradients: AdapterGradients(zerosLike: adapter),
            prefixes: PrefixCache(byteBudget: prefixBudget))
    }
}

extension Trainer {
    func step(memoryBudget: Int) throws -> AdapterStep {
        AdapterStep(step: ContrastiveStep(loss: loss, memoryBudget: memoryBudget), encoder: try packedEncoder!)
    }
}

extension TrainingState {
    /// The adapter that trains.
    var adapter: LowRankAdapter { trained.adapter! }
}

extension AdamW {
    init(for adapter: LowRankAdapter) { self.init(for: Trained.adapter(adapter).matrices) }

    mutating func step(_ adapter: inout LowRankAdapter, gradients: AdapterGradients, learningRate: Double) {
        var trained = Trained.adapter(adapter)
        step(
            &trained.matrices, gradients: gradients.matrices, learningRate: learningRate)
        adapter = trained.adapter!
    }
}
