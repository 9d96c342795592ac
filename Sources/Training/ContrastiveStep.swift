internal import Encoders
internal import LowRank
internal import ModelFiles
internal import VectorMath

/// The loss of a batch and its gradients by the adapter.
///
/// The loss needs the embeddings of the whole batch, the encoder works in micro-batches. Where the activations of all
/// micro-batches fit in the memory budget they are kept from the forward to the backward pass. Where they do not, the
/// forward pass of each micro-batch is made again just before its backward pass (a gradient cache: Gao et al. 2021,
/// arXiv:2101.06983). Both ways make the same computations in the same order and give the same bits.
struct ContrastiveStep: Sendable {
    /// The base model.
    let model: EmbeddingModel
    /// The loss.
    var loss: any EmbeddingLoss
    /// Bytes that kept activations may take.
    let memoryBudget: Int

    /// Computes the loss of a batch and adds its gradients.
    ///
    /// - Parameters:
    ///   - options: what dropout needs; its `pass` is set to the number of the micro-batch.
    ///   - isCancelled: asked between micro-batches.
    /// - Returns: what the loss says; nil when the step was cancelled, and then the gradients are worthless. When the loss is not
    ///   finite, gradients are not computed.
    func run(
        _ plan: BatchPlan, adapter: LowRankAdapter, options: TrainingOptions, gradients: inout AdapterGradients,
        isCancelled: () -> Bool
    ) throws(EncodersError) -> LossValue? {
        let keeps = keepsActivations(of: plan, adapter: adapter)
        func forward(
            _ number: Int
        ) throws(EncodersError) -> (embeddings: Matrix<Float>, activations: EmbeddingModel.Activations) {
            let tokens = plan.tokens[plan.microBatches[number]]
            var options = options
            options.pass = number
            return try model.forward(
                TokenBatch(tokens.map(\.ids), skipping: tokens.map(\.skipped)), adapter: adapter, options: options)
        }

        var embeddings = Matrix<Float>(uninitializedRows: plan.tokens.count, columns: model.dimension)
        var kept: [EmbeddingModel.Activations?] = []
        for (number, texts) in plan.microBatches.enumerated() {
            guard !isCancelled() else { return nil }
            let (part, activations) = try forward(number)
            copyRows(of: part, to: &embeddings, at: texts.lowerBound)
            kept.append(keeps ? activations : nil)
        }

        let value = loss.evaluate(EmbeddingBatch(embeddings: embeddings.view, rows: plan.rows))
        guard value.loss.isFinite else { return value }

        for (number, texts) in plan.microBatches.enumerated() {
            guard !isCancelled() else { return nil }
            let activations: EmbeddingModel.Activations
            if let saved = kept[number] {
                activations = saved
                kept[number] = nil
            } else {
                activations = try forward(number).activations
            }
            model.backward(
                Matrix(copying: value.gradients[rows: texts]), activations: activations, into: &gradients)
        }
        return value
    }

    /// Whether the activations of all micro-batches are kept at once. A lone micro-batch's always are: computing it
    /// again would need as much.
    func keepsActivations(of plan: BatchPlan, adapter: LowRankAdapter) -> Bool {
        plan.microBatches.count == 1 || activationBytes(of: plan, adapter: adapter) <= memoryBudget
    }

    /// About what the activations of a batch take, in bytes: per block and token the attention's input, its product of
    /// three widths, both normalisations' inputs and the feed-forward layer's width, per head the attention
    /// probabilities, and what each adapted module keeps of its own.
    func activationBytes(of plan: BatchPlan, adapter: LowRankAdapter) -> Int {
        let shape = model.encoder.configuration
        let tokens = Double(plan.tokenCount)
        let squares = plan.tokens.reduce(0.0) { $0 + Double($1.ids.count * $1.ids.count) }
        let perToken = Double(6 * shape.width + shape.feedForwardWidth)
        let adapted = adapter.pairs.reduce(0.0) { $0 + Double($1.inputWidth + $1.rank) }
        let floats = Double(shape.layers) * (tokens * perToken + squares * Double(shape.heads)) + tokens * adapted
        return Int(min(floats * 4, 0x1p62))
    }
}
