internal import CAttuneKernels

extension PackedMatrix {
    init(_ weight: MatrixView<Float>, inputs: Int, outputs: Int, outputStride: Int, inputStride: Int) {
        self.inputs = inputs
        self.outputs = outputs
        let count = (outputs + Self.panelWidth - 1) / Self.panelWidth
        var panels = Matrix<Float>(uninitializedRows: count, columns: Self.panelWidth * inputs)
        precondition(panels.stride == panels.columns, "panels follow each other without a gap")
        weight.withUnsafePointer { weight in
            panels.withUnsafeMutablePointer { panels in
                attune_pack_f32(weight, outputStride, inputStride, inputs, outputs, panels)
            }
        }
        self.panels = panels
    }

    /// Some columns of y = x · Wᵀ + bias (+ y), on the calling thread: for the bodies of ``parallelFor(_:grain:_:)``.
    ///
    /// - Parameters:
    ///   - x: `[rows, inputs]`, rows `xStride` floats apart.
    ///   - columns: Of y; begins at a multiple of ``panelWidth``, and ends at one or at the last output.
    ///   - bias: `[outputs]`, or nil.
    ///   - y: The whole row's start, `[rows, outputs]`, rows `yStride` floats apart.
    ///   - accumulating: Whether the product is added to what y holds.
    public func multiply(
        _ x: UnsafePointer<Float>, xStride: Int, rows: Int, columns: Range<Int>, bias: UnsafePointer<Float>?,
        into y: UnsafeMutablePointer<Float>, yStride: Int, accumulating: Bool = false
    ) {
        precondition(
            columns.lowerBound % Self.panelWidth == 0, "columns begin at \(columns.lowerBound), inside a panel")
        precondition(
            columns.upperBound == outputs
                || (columns.upperBound < outputs && columns.upperBound % Self.panelWidth == 0),
            "columns end at \(columns.upperBound) of \(outputs), inside a panel")
        guard rows > 0, !columns.isEmpty else { return }
        panels.withUnsafePointer { panels in
            kernels.product(
                x, xStride, rows, panels + columns.lowerBound * inputs, inputs, columns.count,
                bias.map { $0 + columns.lowerBound }, y + columns.lowerBound, yStride, accumulating ? 1 : 0)
        }
    }
}
