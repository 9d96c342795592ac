package import LowRank
internal import Synchronization
package import VectorMath

/// y = x · Wᵀ + b, plus scaling · dropout(x) · Aᵀ · Bᵀ for every module that an adapter changes; with magnitudes, all but b is stretched
/// column by column, see ``RowStretch``.
///
/// One or more modules of the model that read the same input, their outputs side by side: the products of query, key and value are
/// one layer of 3 · D outputs.
package struct Linear: Sendable {
    /// One module of the model in this layer.
    package struct Module: Sendable {
        /// The module's path, such as `encoder.layer.0.attention.self.query`.
        package let name: String
        /// W, `[out, in]`, usually in the mapped file.
        package let weight: MatrixView<Float>
        /// Its columns of y.
        package let columns: Range<Int>
        /// The bias's name in a model's file.
        var biasName: String { name + ".bias" }
        /// W in the form that products read in float32.
        fileprivate let lazilyPacked = LazyPackedMatrix()
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
        /// d loss / d W of all modules, one below the other, `[out, in]`.
        package var weight: Matrix<Float>
        /// d loss / d b, `[out]`.
        package var bias: [Float]
    }

    package let modules: [Module]
    /// b of all modules, `[out]`.
    package let bias: [Float]
    private let backwardWeight = LazyPackedMatrix()

    /// A layer of modules with the same inputs; `bias` is that of all, one after the other.
    package init(modules: [(name: String, weight: MatrixView<Float>)], bias: [Float]) {
        var start = 0
        self.modules = modules.map { name, weight in
            precondition(weight.columns == modules[0].weight.columns, "modules of one layer read the same input")
            defer { start += weight.rows }
            return Module(name: name, weight: weight, columns: start..<start + weight.rows)
        }
        precondition(start == bias.count, "modules of \(start) outputs, \(bias.count) biases")
        self.bias = bias
    }

    private init(modules: [Module], bias: [Float]) {
        self.modules = modules
        self.bias = bias
    }

    /// The layer with other weights in some of its modules, by name; itself where none is among them.
    func replacing(_ weights: [String: Matrix<Float>]) -> Linear {
        guard modules.contains(where: { weights[$0.name] != nil }) else { return self }
        return Linear(
            modules: modules.map { module in
                guard let weight = weights[module.name] else { return module }
                precondition(
                    weight.rows == module.weight.rows && weight.columns == module.weight.columns,
                    "a weight of another shape than that of \(module.name)")
                return Module(name: module.name, weight: weight.view, columns: module.columns)
            }, bias: bias)
    }

    /// The layer with other biases in some of its modules, by tensor name.
    func replacing(biases: [String: [Float]]) -> Linear {
        Linear(modules: modules, bias: modules.flatMap { biases[$0.biasName] ?? Array(bias[$0.columns]) })
    }

    package var inputWidth: Int { modules[0].weight.columns }
    package var outputWidth: Int { bias.count }

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
            x, (adapter?.stretched ?? self).parts(precision: .f32), bias: bias, residual: residual,
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
        precondition(full == nil || adapter?.stretched == nil, "weights do not train together with magnitudes")
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
        let layer = adapter?.stretched ?? self
        let weight = layer.backwardWeight.value { layer.transposed(precision: .f32) }
        BlockedProduct.run(
            dy, [BlockedProduct.Part(weight: weight, start: 0)], bias: nil, residual: residual, updates: updates,
            into: &dx)
        if drops, let adapter, let dProjection, let options {
            adapter.addDroppedInput(dProjection, options: options, to: &dx)
        }
        return dx
    }

    /// The modules' weights in the form that products of a precision read; in float32 packed once, for training and inference.
    func parts(precision: Precision, in arena: Arena? = nil) -> [BlockedProduct.Part] {
        modules.map { module in
            let packed =
                precision == .f32
                ? module.lazilyPacked.value { PackedMatrix(module.weight, in: arena) }
                : PackedMatrix(module.weight, precision: precision, in: arena)
            return BlockedProduct.Part(weight: packed, start: module.columns.lowerBound)
        }
    }

    /// W of all modules in the form that products from d y to d x read.
    func transposed(precision: Precision, in arena: Arena? = nil) -> PackedMatrix {
        PackedMatrix(transposing: stackedWeight, precision: precision, in: arena)
    }

    /// The memory of that form.
    func transposedByteCount(_ precision: Precision) -> Int {
        PackedMatrix.byteCount(inputs: outputWidth, outputs: inputWidth, precision: precision)
    }

    /// The memory of the packed weights.
    func packedByteCount(_ precision: Precision) -> Int {
        modules.reduce(0) {
            $0 + PackedMatrix.byteCount(inputs: inputWidth, outputs: $1.columns.count, precision: precision)
        }
    }

    /// W of all modules, one below the other, `[out, in]`.
    private var stackedWeight: MatrixView<Float> {
        guard modules.count > 1 else { return modules[0].weight }
        var stacked = Matrix<Float>(uninitializedRows: outputWidth, columns: inputWidth)
        for module in modules {
            for (i, row) in module.columns.enumerated() { stacked.setRow(row, to: module.weight.row(i)) }
        }
        return stacked.view
    }
}

/// A packed matrix that is made at its first use: who infers in another precision never needs it in float32, and only training
/// reads weights the other way round.
private final class LazyPackedMatrix: Sendable {
    private let storage = Mutex<PackedMatrix?>(nil)

    func value(_ make: () -> PackedMatrix) -> PackedMatrix {
        storage.withLock { packed in
            if packed == nil { packed = make() }
            return packed!
        }
    }
}
