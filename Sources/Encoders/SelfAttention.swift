package import LowRank
package import VectorMath

/// Multi-head self-attention with its products in and out: y = x + O(softmax(Q · Kᵀ / √(D / H)) · V).
///
/// Each text attends to itself alone. Vaswani et al., "Attention Is All You Need", arXiv:1706.03762.
package struct SelfAttention: Sendable {
    /// What the backward pass needs of the forward pass.
    package struct Activations: Sendable {
        package let input: Linear.Activations
        /// Query, key and value side by side, `[T, 3 · D]`.
        package let queryKeyValue: Matrix<Float>
        package let probabilities: AttentionProbabilities
        package let output: Linear.Activations
    }

    /// The gradients of the two layers.
    package struct Gradient: Sendable {
        package var input: Linear.Gradient?
        package var output: Linear.Gradient?
    }

    /// The parts of an adapter that concern the two layers.
    package struct Adapters: Sendable {
        package let input: LinearAdapter?
        package let output: LinearAdapter?
    }

    /// Query, key and value, `[3 · D, D]`.
    package let input: Linear
    /// `[D, D]`.
    package let output: Linear
    package let heads: Int

    package init(input: Linear, output: Linear, heads: Int) {
        precondition(input.outputWidth == 3 * output.inputWidth && output.inputWidth % heads == 0, "shapes do not fit")
        self.input = input
        self.output = output
        self.heads = heads
    }

    package func adapters(_ adapter: LowRankAdapter) -> Adapters {
        Adapters(input: LinearAdapter(adapter, for: input), output: LinearAdapter(adapter, for: output))
    }

    package var zeroGradient: Gradient { Gradient(input: input.zeroGradient, output: output.zeroGradient) }

    /// x `[T, D]` → y `[T, D]`, x added.
    package func forward(
        _ x: MatrixView<Float>, batch: TokenBatch, adapters: Adapters?, options: TrainingOptions?, keeping: Keeping
    ) -> (y: Matrix<Float>, activations: Activations?) {
        let (queryKeyValue, inputActivations) = input.forward(
            x, adapter: adapters?.input, options: options, keepsInput: keeping == .everything)
        var probabilities = keeping == .nothing ? nil : AttentionProbabilities(batch: batch, heads: heads)
        let context = AttentionCore.forward(
            queryKeyValue, batch: batch, heads: heads, probabilities: &probabilities)
        let (y, outputActivations) = output.forward(
            context.view, adapter: adapters?.output, options: options, adding: x,
            keepsInput: keeping == .everything)
        let activations = probabilities.map {
            Activations(
                input: inputActivations, queryKeyValue: queryKeyValue, probabilities: $0, output: outputActivations)
        }
        return (y, activations)
    }

    /// dy `[T, D]` → dx `[T, D]`, or nothing where `wantsInput` is false.
    package func backward(
        _ dy: MatrixView<Float>, batch: TokenBatch, activations: Activations, adapters: Adapters?,
        options: TrainingOptions?, gradients: inout AdapterGradients?, full: inout Gradient?, wantsInput: Bool
    ) -> Matrix<Float>? {
        var (inputGradient, outputGradient) = (full?.input, full?.output)
        let isFull = full != nil
        full = nil
        let dContext = output.backward(
            dy, activations: activations.output, adapter: adapters?.output, options: options,
            gradients: &gradients, full: &outputGradient,
            wantsInput: wantsInput || isFull || adapters?.input != nil)
        var dx: Matrix<Float>?
        if let dContext {
            let dQueryKeyValue = AttentionCore.backward(
                dContext, queryKeyValue: activations.queryKeyValue, batch: batch, heads: heads,
                probabilities: activations.probabilities)
            dx = input.backward(
                dQueryKeyValue.view, activations: activations.input, adapter: adapters?.input, options: options,
                adding: wantsInput ? dy : nil, gradients: &gradients, full: &inputGradient, wantsInput: wantsInput)
        }
        if isFull { full = Gradient(input: inputGradient, output: outputGradient) }
        return dx
    }
}

/// How much a forward pass keeps for a backward pass.
package enum Keeping: Sendable {
    /// Inference.
    case nothing
    /// What low-rank gradients need: no inputs of layers that stay as they are.
    case adapters
    /// What the gradients of all weights need.
    case everything
}
