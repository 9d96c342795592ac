internal import CAttuneKernels

/// Attention of one text and one head: out = softmax(scale · query · keyᵀ) · value, all `[count, width]`.
///
/// For the bodies of ``parallelFor(_:grain:_:)``. No matrix of all scores is in memory: queries go through in blocks. A text's
/// result depends on nothing but the text.
public struct AttentionKernel {
    /// Queries, keys and values: floats, or bfloat16 where `isNarrow`.
    public var query: UnsafeRawPointer
    public var key: UnsafeRawPointer
    public var value: UnsafeRawPointer
    /// Values from a row to the next, of all three; even where `isNarrow`.
    public var stride: Int
    /// In bfloat16, which needs an even width.
    public var isNarrow: Bool
    public var count: Int
    public var width: Int
    /// Above 0.
    public var scale: Float
    /// Floats, or bfloat16 where `isOutputNarrow`.
    public var out: UnsafeMutableRawPointer
    public var outStride: Int
    public var isOutputNarrow: Bool

    public init(
        query: UnsafeRawPointer, key: UnsafeRawPointer, value: UnsafeRawPointer, stride: Int, isNarrow: Bool,
        count: Int, width: Int, scale: Float, out: UnsafeMutableRawPointer, outStride: Int, isOutputNarrow: Bool
    ) {
        self.query = query
        self.key = key
        self.value = value
        self.stride = stride
        self.isNarrow = isNarrow
        self.count = count
        self.width = width
        self.scale = scale
        self.out = out
        self.outStride = outStride
        self.isOutputNarrow = isOutputNarrow
    }

    /// The bytes that ``run(scratch:)`` works in.
    public static func scratchByteCount(count: Int, width: Int) -> Int {
        attune_attention_scratch(count, width)
    }

    /// Computes `out`. `scratch` is aligned to 64 bytes.
    public func run(scratch: UnsafeMutableRawPointer) {
        precondition(!isNarrow || (width % 2 == 0 && stride % 2 == 0), "heads or rows of an odd width in bfloat16")
        var task = attune_attention_task(
            query: query, key: key, value: value, stride: stride, narrow: isNarrow ? 1 : 0, count: count,
            width: width, scale: scale, out: out, out_stride: outStride, narrow_out: isOutputNarrow ? 1 : 0)
        attune_attention(Kernels.current.table, &task, scratch)
    }
}
