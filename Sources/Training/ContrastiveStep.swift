internal import Encoders
internal import VectorMath

/// The loss of a batch and its gradients by what trains.
///
/// The loss needs the embeddings of the whole batch, the encoder works in micro-batches. Where the activations of all
/// micro-batches fit in the memory budget they are kept from the forward to the backward pass. Where they do not, the
/// forward pass of each micro-batch is made again just before its backward pass (a gradient cache: Gao et al. 2021,
/// arXiv:2101.06983). Both ways make the same computations in the same order and give the same bits.
struct ContrastiveStep: Sendable {
    /// The loss.
    var loss: any EmbeddingLoss
    /// Bytes that kept activations may take.
    let memoryBudget: Int

    /// Computes the loss of a batch and adds its gradients.
    ///
    /// - Parameters:
    ///   - pass: the encoder's part, which takes the gradients.
    ///   - options: what dropout needs; its `pass` is set to the number of the micro-batch.
    ///   - isCancelled: asked between micro-batches.
    /// - Returns: what the loss says; nil when the step was cancelled, and then the gradients are worthless. When the loss is not
    ///   finite, gradients are not computed.
    func run<Pass: StepPass>(
        _ plan: BatchPlan, _ pass: inout Pass, options: TrainingOptions, isCancelled: () -> Bool
    ) throws(EncodersError) -> LossValue? {
        let keeps = keepsActivations(of: plan, pass)
        func forward(
            _ number: Int, keeps: Bool, _ pass: inout Pass
        ) throws(EncodersError) -> (vectors: Matrix<Float>, activations: Pass.Activations) {
            let tokens = plan.tokens[plan.microBatches[number]]
            var options = options
            options.pass = number
            return try pass.forward(
                TokenBatch(tokens.map(\.ids), skipping: tokens.map(\.skipped)), options: options, keeps: keeps)
        }

        var embeddings = Matrix<Float>(uninitializedRows: plan.tokens.count, columns: pass.dimension)
        var kept: [Pass.Activations?] = []
        for (number, texts) in plan.microBatches.enumerated() {
            guard !isCancelled() else { return nil }
            let (part, activations) = try forward(number, keeps: keeps, &pass)
            embeddings.setRows(from: texts.lowerBound, to: part.view)
            kept.append(keeps ? activations : nil)
        }

        let value = loss.evaluate(EmbeddingBatch(embeddings: embeddings.view, rows: plan.rows))
        guard value.loss.isFinite else { return value }

        for (number, texts) in plan.microBatches.enumerated() {
            guard !isCancelled() else { return nil }
            let saved = kept[number].take()
            let activations =
                if let saved { saved } else { try forward(number, keeps: true, &pass).activations }
            pass.backward(Matrix(copying: value.gradients[rows: texts]), activations)
        }
        return value
    }

    /// Whether the activations of all micro-batches are kept at once. A lone micro-batch's always are: computing it
    /// again would need as much.
    func keepsActivations(of plan: BatchPlan, _ pass: some StepPass) -> Bool {
        plan.microBatches.count == 1 || activationBytes(of: plan, pass) <= memoryBudget
    }

    /// What the activations of a batch take, in bytes.
    func activationBytes(of plan: BatchPlan, _ pass: some StepPass) -> Int {
        plan.microBatches.reduce(0) { $0 + activationBytes(of: plan.tokens[$1], pass) }
    }

    /// What the activations of texts that are computed together take, in bytes.
    func activationBytes(of texts: ArraySlice<TokenizedData.Tokens>, _ pass: some StepPass) -> Int {
        pass.activationByteCount(lengths: texts.map(\.ids.count))
    }
}
