internal import CAttuneKernels

/// Weights in the layout that the product kernels read: packed once, used for every batch.
///
/// y = x · Wᵀ for W `[outputs, inputs]`. A row of y has the same bits whatever the number of rows and its place among
/// them, which OpenBLAS does not give: so a vector does not depend on the batch that its text was computed in. The packed
/// form takes the memory of the weights, outputs rounded up to 32.
public struct PackedMatrix: Sendable {
    /// The width of x.
    public let inputs: Int
    /// The width of y.
    public let outputs: Int
    /// A row a panel of 32 outputs.
    let panels: Matrix<Float>

    /// Packs W `[outputs, inputs]`, for y = x · Wᵀ.
    public init(_ weight: MatrixView<Float>) {
        self.init(weight, inputs: weight.columns, outputs: weight.rows, outputStride: weight.stride, inputStride: 1)
    }

    /// Packs the transpose of W `[inputs, outputs]`, for y = x · W.
    public init(transposing weight: MatrixView<Float>) {
        self.init(weight, inputs: weight.rows, outputs: weight.columns, outputStride: 1, inputStride: weight.stride)
    }

    /// How many columns of y a panel computes: ranges of columns begin at multiples of it.
    public static let panelWidth = Int(ATTUNE_PANEL)
}
