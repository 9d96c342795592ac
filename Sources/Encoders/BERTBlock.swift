package import LowRank
package import VectorMath

/// One block of BERT: attention and feed-forward, each with its residual, each normalised after it.
package struct BERTBlock: Sendable {
    /// What the backward pass needs of the forward pass.
    package struct Activations: Sendable {
        package let attention: SelfAttention.Activations
        package let attentionNormalization: LayerNormalization.Activations
        package let feedForward: FeedForward.Activations
        package let outputNormalization: LayerNormalization.Activations
    }

    /// The gradients of all weights of the block.
    package struct Gradient: Sendable {
        package var attention: SelfAttention.Gradient?
        package var attentionNormalization: LayerNormalization.Gradient?
        package var feedForward: FeedForward.Gradient?
        package var outputNormalization: LayerNormalization.Gradient?
    }

    /// The parts of an adapter that concern the block.
    package struct Adapters: Sendable {
        package let attention: SelfAttention.Adapters
        package let feedForward: FeedForward.Adapters

        package var isEmpty: Bool {
            attention.input == nil && attention.output == nil && feedForward.intermediate == nil
                && feedForward.output == nil
        }
    }

    package let attention: SelfAttention
    package let attentionNormalization: LayerNormalization
    package let feedForward: FeedForward
    package let outputNormalization: LayerNormalization

    package init(
        attention: SelfAttention, attentionNormalization: LayerNormalization, feedForward: FeedForward,
        outputNormalization: LayerNormalization
    ) {
        self.attention = attention
        self.attentionNormalization = attentionNormalization
        self.feedForward = feedForward
        self.outputNormalization = outputNormalization
    }

    package func adapters(_ adapter: LowRankAdapter) -> Adapters {
        Adapters(attention: attention.adapters(adapter), feedForward: feedForward.adapters(adapter))
    }

    package var linears: [Linear] {
        [attention.input, attention.output, feedForward.intermediate, feedForward.output]
    }

    /// The block with other layers in the place of its own.
    ///
    /// - Parameters:
    ///   - linear: The layer that takes a linear one's place.
    ///   - normalization: The same for a normalisation.
    func mapped(
        linear: (Linear) -> Linear, normalization: (LayerNormalization) -> LayerNormalization = { $0 }
    ) -> BERTBlock {
        BERTBlock(
            attention: SelfAttention(
                input: linear(attention.input), output: linear(attention.output), heads: attention.heads),
            attentionNormalization: normalization(attentionNormalization),
            feedForward: FeedForward(
                intermediate: linear(feedForward.intermediate), output: linear(feedForward.output),
                activation: feedForward.activation),
            outputNormalization: normalization(outputNormalization))
    }

    package var zeroGradient: Gradient {
        Gradient(
            attention: attention.zeroGradient, attentionNormalization: attentionNormalization.zeroGradient,
            feedForward: feedForward.zeroGradient, outputNormalization: outputNormalization.zeroGradient)
    }

    /// x `[T, D]` → y `[T, D]`.
    package func forward(
        _ x: Matrix<Float>, batch: TokenBatch, adapters: Adapters?, options: TrainingOptions?, keeping: Keeping
    ) -> (y: Matrix<Float>, activations: Activations?) {
        let keepsInput = keeping != .nothing
        let (attended, attentionActivations) = attention.forward(
            x.view, batch: batch, adapters: adapters?.attention, options: options, keeping: keeping)
        let (middle, middleActivations) = attentionNormalization.forward(attended, keepsInput: keepsInput)
        let (fed, feedForwardActivations) = feedForward.forward(
            middle.view, adapters: adapters?.feedForward, options: options, keeping: keeping)
        let (y, outputActivations) = outputNormalization.forward(fed, keepsInput: keepsInput)
        guard let attentionActivations, let middleActivations, let feedForwardActivations, let outputActivations
        else { return (y, nil) }
        let activations = Activations(
            attention: attentionActivations, attentionNormalization: middleActivations,
            feedForward: feedForwardActivations, outputNormalization: outputActivations)
        return (y, activations)
    }

    /// dy `[T, D]` → dx `[T, D]`, or nothing where `wantsInput` is false.
    package func backward(
        _ dy: MatrixView<Float>, batch: TokenBatch, activations: Activations, adapters: Adapters?,
        options: TrainingOptions?, gradients: inout AdapterGradients?, full: inout Gradient?, wantsInput: Bool
    ) -> Matrix<Float>? {
        var gradient = full ?? Gradient()
        let isFull = full != nil
        full = nil
        let dFed = outputNormalization.backward(
            dy, activations: activations.outputNormalization, full: &gradient.outputNormalization)
        let dMiddle = feedForward.backward(
            dFed.view, activations: activations.feedForward, adapters: adapters?.feedForward, options: options,
            gradients: &gradients, full: &gradient.feedForward)
        let attentionTrains = adapters?.attention.input != nil || adapters?.attention.output != nil
        guard wantsInput || isFull || attentionTrains else { return nil }
        let dAttended = attentionNormalization.backward(
            dMiddle.view, activations: activations.attentionNormalization, full: &gradient.attentionNormalization)
        let dx = attention.backward(
            dAttended.view, batch: batch, activations: activations.attention, adapters: adapters?.attention,
            options: options, gradients: &gradients, full: &gradient.attention, wantsInput: wantsInput)
        if isFull { full = gradient }
        return dx
    }
}
