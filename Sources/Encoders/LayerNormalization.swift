package import VectorMath

/// y = (x - mean) / √(variance + ε) · gain + bias, by row.
///
/// Ba, Kiros and Hinton, "Layer Normalization", arXiv:1607.06450.
package struct LayerNormalization: Sendable {
    /// What the backward pass needs of the forward pass.
    package struct Activations: Sendable {
        /// x, `[T, D]`.
        package let input: Matrix<Float>
        /// Mean and reciprocal deviation of every row, `[T]` each.
        package let statistics: LayerNormStatistics
    }

    /// The gradient of gain and bias.
    package struct Gradient: Sendable {
        /// d loss / d gain, `[D]`.
        package var gain: [Float]
        /// d loss / d bias, `[D]`.
        package var bias: [Float]
    }

    /// The module's path, such as `embeddings.LayerNorm`.
    package let name: String
    package let gain: [Float]
    package let bias: [Float]
    package let epsilon: Float

    package init(name: String, gain: [Float], bias: [Float], epsilon: Float) {
        precondition(gain.count == bias.count, "\(gain.count) gains, \(bias.count) biases")
        self.name = name
        self.gain = gain
        self.bias = bias
        self.epsilon = epsilon
    }

    /// The bias's name in a model's file.
    var biasName: String { name + ".bias" }

    /// The layer with another bias, if its own is among those.
    func replacing(biases: [String: [Float]]) -> LayerNormalization {
        guard let bias = biases[biasName] else { return self }
        return LayerNormalization(name: name, gain: gain, bias: bias, epsilon: epsilon)
    }

    package var zeroGradient: Gradient {
        let zeros = [Float](repeating: 0, count: gain.count)
        return Gradient(gain: zeros, bias: zeros)
    }

    /// x `[T, D]` → y `[T, D]`.
    package func forward(_ x: Matrix<Float>, keepsInput: Bool = false) -> (y: Matrix<Float>, activations: Activations?)
    {
        var y = Matrix<Float>(uninitializedRows: x.rows, columns: x.columns)
        var statistics = keepsInput ? LayerNormStatistics() : nil
        layerNorm(x.view, gain: gain, bias: bias, epsilon: epsilon, into: &y, statistics: &statistics)
        return (y, statistics.map { Activations(input: x, statistics: $0) })
    }

    /// dy `[T, D]` → dx `[T, D]`; `full` takes the gradients of gain and bias (+=).
    package func backward(
        _ dy: MatrixView<Float>, activations: Activations, full: inout Gradient?
    ) -> Matrix<Float> {
        var dx = Matrix<Float>(uninitializedRows: dy.rows, columns: dy.columns)
        var dGain = full?.gain
        var dBias = full?.bias
        full = nil
        layerNormBackward(
            dy, x: activations.input.view, gain: gain, statistics: activations.statistics, into: &dx,
            accumulatingGain: &dGain, accumulatingBias: &dBias)
        if let dGain, let dBias { full = Gradient(gain: dGain, bias: dBias) }
        return dx
    }
}
