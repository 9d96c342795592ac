internal import Encoders
internal import LowRank
internal import VectorMath

/// The loss of a batch and its gradients by the adapter.
///
/// The loss needs the embeddings of the whole batch, the encoder works in micro-batches. Where the activations of all
/// micro-batches fit in the memory budget they are kept from the forward to the backward pass. Where they do not, the
/// forward pass of each micro-batch is made again just before its backward pass (a gradient cache: Gao et al. 2021,
/// arXiv:2101.06983). Both ways make the same computations in the same order and give the same bits.
struct ContrastiveStep {
    /// The model, without an adapter.
    let encoder: TextEncoder
    /// The loss.
    let loss: any EmbeddingLoss
    /// Bytes that kept activations may take.
    let memoryBudget: Int

    /// Computes the loss of a batch and adds its gradients.
    ///
    /// - Parameters:
    ///   - options: what dropout needs; its pass is the number of the micro-batch.
    ///   - isCancelled: asked between micro-batches.
    /// - Returns: the loss; nil when the step was cancelled, and the gradients are worthless then.
    func run(
        _ plan: BatchPlan, adapter: LowRankAdapter, options: TrainingOptions, gradients: inout AdapterGradients,
        isCancelled: () -> Bool
    ) throws(EncodersError) -> Double? {
        let keeps = keepsActivations(of: plan, adapter: adapter)
        var embeddings = Matrix<Float>(uninitializedRows: plan.tokens.count, columns: encoder.dimension)
        return nil
    }
}
