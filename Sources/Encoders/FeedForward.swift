package import LowRank
package import VectorMath

/// y = x + W₂ · GELU(W₁ · x + b₁) + b₂.
package struct FeedForward: Sendable {
    /// What the backward pass needs of the forward pass.
    package struct Activations: Sendable {
        package let intermediate: Linear.Activations
        /// What goes into GELU, `[T, F]`.
        package let beforeActivation: Matrix<Float>
        package let output: Linear.Activations
    }

    /// The gradients of the two layers.
    package struct Gradient: Sendable {
        package var intermediate: Linear.Gradient?
        package var output: Linear.Gradient?
    }

    /// The parts of an adapter that concern the two layers.
    package struct Adapters: Sendable {
        package let intermediate: LinearAdapter?
        package let output: LinearAdapter?
    }

    /// `[F, D]`.
    package let intermediate: Linear
    /// `[D, F]`.
    package let output: Linear
    package let activation: GELU

    package init(intermediate: Linear, output: Linear, activation: GELU) {
        precondition(intermediate.outputWidth == output.inputWidth, "shapes do not fit")
        self.intermediate = intermediate
        self.output = output
        self.activation = activation
    }

    package func adapters(_ adapter: LowRankAdapter) -> Adapters {
        Adapters(
            intermediate: LinearAdapter(adapter, for: intermediate), output: LinearAdapter(adapter, for: output))
    }

    package var zeroGradient: Gradient {
        Gradient(intermediate: intermediate.zeroGradient, output: output.zeroGradient)
    }

    /// x `[T, D]` → y `[T, D]`, x added.
    package func forward(
        _ x: MatrixView<Float>, adapters: Adapters?, options: TrainingOptions?, keeping: Keeping
    ) -> (y: Matrix<Float>, activations: Activations?) {
        let (wide, intermediateActivations) = intermediate.forward(
            x, adapter: adapters?.intermediate, options: options, keepsInput: keeping == .everything)
        var activated = Matrix<Float>(uninitializedRows: wide.rows, columns: wide.columns)
        gelu(wide.view, activation, into: &activated)
        let (y, outputActivations) = output.forward(
            activated.view, adapter: adapters?.output, options: options, adding: x,
            keepsInput: keeping == .everything)
        guard keeping != .nothing else { return (y, nil) }
        let activations = Activations(
            intermediate: intermediateActivations, beforeActivation: wide, output: outputActivations)
        return (y, activations)
    }

    /// dy `[T, D]` → dx `[T, D]`.
    package func backward(
        _ dy: MatrixView<Float>, activations: Activations, adapters: Adapters?, options: TrainingOptions?,
        gradients: inout AdapterGradients?, full: inout Gradient?
    ) -> Matrix<Float> {
        var (intermediateGradient, outputGradient) = (full?.intermediate, full?.output)
        let isFull = full != nil
        full = nil
        let dActivated = output.backward(
            dy, activations: activations.output, adapter: adapters?.output, options: options,
            gradients: &gradients, full: &outputGradient)!
        var dWide = Matrix<Float>(uninitializedRows: dActivated.rows, columns: dActivated.columns)
        geluBackward(dActivated.view, x: activations.beforeActivation.view, activation, into: &dWide)
        let dx = intermediate.backward(
            dWide.view, activations: activations.intermediate, adapter: adapters?.intermediate, options: options,
            adding: dy, gradients: &gradients, full: &intermediateGradient)!
        if isFull { full = Gradient(intermediate: intermediateGradient, output: outputGradient) }
        return dx
    }
}
