internal import CAttuneKernels

/// Weights in the layout that the product kernels read: packed once, used for every batch.
///
/// y = x · Wᵀ for W `[outputs, inputs]`. A row of y has the same bits whatever the number of rows and its place among
/// them, which OpenBLAS does not give: so a vector does not depend on the batch that its text was computed in. The packed
/// form takes the memory of the weights in its precision, outputs rounded up to 32.
public struct PackedMatrix: Sendable {
    /// The width of x.
    public let inputs: Int
    /// The width of y.
    public let outputs: Int
    /// The numbers that are multiplied.
    public let precision: Precision
    /// A row a panel of 32 outputs, in words of four bytes.
    let panels: MatrixView<Float>
    /// In 8 bits: what each output's weights were divided by, whole panels.
    let scales: [Float]
    /// In 8 bits: the sum of each output's rounded weights, whole panels.
    let sums: [Int32]

    /// Packs W `[outputs, inputs]`, for y = x · Wᵀ.
    ///
    /// - Parameter arena: Where the packed form lies, if not in memory of its own; it has ``byteCount(inputs:outputs:precision:)`` left.
    public init(_ weight: MatrixView<Float>, precision: Precision = .f32, in arena: Arena? = nil) {
        self.init(
            weight, inputs: weight.columns, outputs: weight.rows, outputStride: weight.stride, inputStride: 1,
            precision: precision, arena: arena)
    }

    /// Packs the transpose of W `[inputs, outputs]`, for y = x · W.
    public init(transposing weight: MatrixView<Float>, precision: Precision = .f32, in arena: Arena? = nil) {
        self.init(
            weight, inputs: weight.rows, outputs: weight.columns, outputStride: 1, inputStride: weight.stride,
            precision: precision, arena: arena)
    }

    /// How many columns of y a panel computes: ranges of columns begin at multiples of it.
    public static let panelWidth = Int(ATTUNE_PANEL)

    /// The memory that the packed form of W `[outputs, inputs]` takes in an arena.
    public static func byteCount(inputs: Int, outputs: Int, precision: Precision) -> Int {
        Arena.byteCount(of: UInt8.self, count: attune_packed_bytes(precision.code, inputs, outputs))
    }
}
