public import Files

/// What the steps of a run need of the memory, known before the first of them.
///
/// The base model in its file, which is mapped, and what an evaluation needs come on top.
public struct MemoryPlan: Sendable, Equatable {
    /// Bytes of the base model's weights in the forms that training reads.
    public let weights: Int
    /// Bytes of what trains, of its gradients and of the optimiser's two moments.
    public let trained: Int
    /// Bytes of the activations of the largest batch that the data can make.
    public let activations: Int
    /// Bytes of activations that there are at once: those of the whole batch, or, where the budget does not hold them,
    /// those of the largest part of it.
    public let activationsAtOnce: Int
    /// The bytes that activations may take.
    public let budget: Int

    /// Whether each part of a large batch goes through the encoder twice, because the budget does not hold all of it.
    public var computesTwice: Bool { activationsAtOnce < activations }

    /// All of it in bytes, by what it is for.
    public var jsonValue: JSONValue {
        [
            "weights": .integer(Int64(weights)), "trained": .integer(Int64(trained)),
            "activations": .integer(Int64(activations)), "activations_at_once": .integer(Int64(activationsAtOnce)),
            "budget": .integer(Int64(budget)),
        ]
    }
}

extension ContrastiveStep {
    /// What the largest batch of some data needs.
    func memoryPlan(
        of data: TrainingSets, batchSize: Int, microBatchTokens: Int, weights: Int, trained: Int, pass: some StepPass
    ) -> MemoryPlan {
        var (all, atOnce) = (0, 0)
        for set in data.sets {
            let plan = set.batch(set.longestRows(batchSize), microBatchTokens: microBatchTokens)
            let parts = plan.microBatches.map { activationBytes(of: plan.tokens[$0], pass) }
            all = max(all, parts.reduce(0, +))
            atOnce = max(atOnce, keepsActivations(of: plan, pass) ? parts.reduce(0, +) : parts.max() ?? 0)
        }
        return MemoryPlan(
            weights: weights, trained: trained, activations: all, activationsAtOnce: atOnce, budget: memoryBudget)
    }
}

extension TokenizedData {
    /// The numbers of the rows with the most tokens.
    fileprivate func longestRows(_ count: Int) -> [Int] {
        let lengths = (0..<self.count).map { row in
            rows.selecting([row]).texts.reduce(0) { $0 + tokens[$1].ids.count }
        }
        return Array(lengths.indices.sorted { (lengths[$1], $0) < (lengths[$0], $1) }.prefix(count))
    }
}
