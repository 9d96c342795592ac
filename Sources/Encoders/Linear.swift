package import LowRank
package import VectorMath

/// y = x · Wᵀ + b, plus scaling · dropout(x) · Aᵀ · Bᵀ for every module that an adapter changes.
///
/// One or more modules of the model that read the same input, their outputs side by side: the products of query, key and value are
/// one layer of 3 · D outputs.
package struct Linear: Sendable {
    /// One module of the model in this layer.
    package struct Module: Sendable {
        /// The module's path, such as `encoder.layer.0.attention.self.query`.
        package let name: String
        /// Its columns of y.
        package let columns: Range<Int>
    }

    /// What the backward pass needs of the forward pass.
    package struct Activations: Sendable {
        /// x `[T, in]`, kept where A or W has a gradient.
        package let input: MatrixView<Float>?
        /// dropout(x) · Aᵀ of all adapted modules side by side, `[T, ΣR]`.
        package let projection: Matrix<Float>?
    }

    /// The gradient of W and b.
    package struct Gradient: Sendable {
        /// d loss / d W, `[out, in]`.
        package var weight: Matrix<Float>
        /// d loss / d b, `[out]`.
        package var bias: [Float]
    }

    package let modules: [Module]
    /// W, `[out, in]`.
    package let weight: FrozenWeight
    /// b, `[out]`.
    package let bias: [Float]

    package init(modules: [(name: String, width: Int)], weight: MatrixView<Float>, bias: [Float]) {
        var start = 0
        self.modules = modules.map { name, width in
            defer { start += width }
            return Module(name: name, columns: start..<start + width)
        }
        precondition(start == weight.rows && start == bias.count, "modules of \(start) outputs, \(weight.rows) rows")
        self.weight = FrozenWeight(weight)
        self.bias = bias
    }

    package var inputWidth: Int { weight.matrix.columns }
    package var outputWidth: Int { weight.matrix.rows }

    package var linearModules: [LinearModule] {
        modules.map { LinearModule(name: $0.name, inputWidth: inputWidth, outputWidth: $0.columns.count) }
    }

    package var zeroGradient: Gradient {
        Gradient(
            weight: Matrix(rows: outputWidth, columns: inputWidth), bias: [Float](repeating: 0, count: outputWidth))
    }

    /// x `[T, in]` → y `[T, out]`, with `residual` `[T, out]` added when there is one.
    package func forward(
        _ x: MatrixView<Float>, adapter: LinearAdapter? = nil, options: TrainingOptions? = nil,
        adding residual: MatrixView<Float>? = nil, keepsInput: Bool = false
    ) -> (y: Matrix<Float>, activations: Activations) {
        precondition(x.columns == inputWidth, "\(x.columns) inputs for a layer of \(inputWidth)")
        let projection = adapter?.project(x, options: options)
        var y = Matrix<Float>(uninitializedRows: x.rows, columns: outputWidth)
        BlockedProduct.run(
            x, by: weight.forward, bias: bias, residual: residual,
            updates: adapter?.outputUpdates(projection: projection!) ?? [], into: &y)
        let kept = keepsInput || adapter != nil ? x : nil
        return (y, Activations(input: kept, projection: projection))
    }

    /// dy `[T, out]` → dx `[T, in]`, with `residual` `[T, in]` added when there is one.
    ///
    /// - Parameters:
    ///   - gradients: Takes dA and dB of the adapted modules (+=).
    ///   - full: Takes dW and db (+=) when all weights train.
    ///   - wantsInput: Whether dx is needed; where nothing below trains it is not, and half of the work is saved.
    package func backward(
        _ dy: MatrixView<Float>, activations: Activations, adapter: LinearAdapter? = nil,
        options: TrainingOptions? = nil, adding residual: MatrixView<Float>? = nil,
        gradients: inout AdapterGradients?, full: inout Gradient?, wantsInput: Bool = true
    ) -> Matrix<Float>? {
        precondition(dy.columns == outputWidth, "\(dy.columns) gradients for a layer of \(outputWidth)")
        if full != nil, let input = activations.input {
            multiply(dy, transposingFirst: true, input, into: &full!.weight, beta: 1)
            addColumnSums(of: dy, to: &full!.bias)
        }
        var dProjection: Matrix<Float>?
        if let adapter, let input = activations.input, let projection = activations.projection {
            dProjection = adapter.backward(
                dy, input: input, projection: projection, options: options, gradients: &gradients)
        }
        guard wantsInput else { return nil }
        var dx = Matrix<Float>(uninitializedRows: dy.rows, columns: inputWidth)
        let drops = adapter?.drops(options) ?? false
        let updates = drops ? [] : dProjection.map { adapter!.inputUpdates(dProjection: $0) } ?? []
        BlockedProduct.run(dy, by: weight.backward, residual: residual, updates: updates, into: &dx)
        if drops, let adapter, let dProjection, let options {
            adapter.addDroppedInput(dProjection, options: options, to: &dx)
        }
        return dx
    }
}
