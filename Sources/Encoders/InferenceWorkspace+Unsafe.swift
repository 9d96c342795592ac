internal import VectorMath

/// The buffers of one group of texts, cut from one arena.
struct InferenceWorkspace: @unchecked Sendable {
    private let arena: Arena
    /// The hidden states, `[T, D]`.
    let hidden: UnsafeMutablePointer<Float>
    /// The hidden states as products read them, `[T, D]`.
    let input: PackedRows
    /// `[T, 3 · D]`, floats or bfloat16.
    let queryKeyValue: UnsafeMutableRawPointer
    /// What attention gives, `[T, D]`.
    let context: PackedRows
    /// The wide activations of a block of rows, `[block, F]`.
    let wide: PackedRows
    /// x · Aᵀ of an adapter, `[T, ΣR]`.
    let projection: UnsafeMutablePointer<Float>

    init(_ encoder: InferenceEncoder, rows: Int, rank: Int) {
        let (width, precision) = (encoder.width, encoder.precision)
        let block = min(rows, InferencePass.rowBlock)
        let wideWidth = encoder.blocks.map(\.intermediate.outputs).max() ?? 0
        let attentionBytes = 3 * width * rows * (encoder.hasNarrowAttention ? 2 : 4)
        let sizes = [
            Arena.byteCount(of: Float.self, count: rows * width),
            precision == .f32
                ? 0 : PackedRows.byteCount(rows: rows, width: width, precision: precision, takesFloats: false),
            Arena.byteCount(of: UInt8.self, count: attentionBytes),
            PackedRows.byteCount(rows: rows, width: width, precision: precision, takesFloats: true),
            PackedRows.byteCount(rows: block, width: wideWidth, precision: precision, takesFloats: true),
            Arena.byteCount(of: Float.self, count: rows * rank),
        ]
        arena = Arena(byteCount: sizes.reduce(0, +))
        hidden = arena.take(Float.self, count: rows * width)
        input = PackedRows(of: hidden, rows: rows, width: width, precision: precision, in: arena)
        queryKeyValue = UnsafeMutableRawPointer(arena.take(UInt8.self, count: attentionBytes))
        context = PackedRows(rows: rows, width: width, precision: precision, in: arena)
        wide = PackedRows(rows: block, width: wideWidth, precision: precision, in: arena)
        projection = arena.take(Float.self, count: rows * rank)
    }
}
