internal import CAttuneKernels

/// The way back through attention of one text and one head: the gradients of query, key and value from that of the result.
///
/// For the bodies of ``parallelFor(_:grain:_:)``. Scores are computed again, a block of queries at a time: nothing of the
/// forward pass is kept, and no matrix of all scores is in memory. A text's result depends on nothing but the text.
public struct AttentionGradientKernel {
    /// All values are floats, or bfloat16 where this is set.
    public var isNarrow: Bool
    public var count: Int
    /// Even where `isNarrow`.
    public var width: Int
    /// Above 0, as in the forward pass.
    public var scale: Float
    /// Values from a row to the next of query, key and value; even where `isNarrow`. So are the other strides.
    public var stride: Int
    public var outGradientStride: Int
    public var gradientStride: Int

    public init(
        isNarrow: Bool, count: Int, width: Int, scale: Float, stride: Int, outGradientStride: Int, gradientStride: Int
    ) {
        self.isNarrow = isNarrow
        self.count = count
        self.width = width
        self.scale = scale
        self.stride = stride
        self.outGradientStride = outGradientStride
        self.gradientStride = gradientStride
    }

    /// The bytes that ``run(query:key:value:outGradient:queryGradient:keyGradient:valueGradient:scratch:)`` works in.
    public static func scratchByteCount(count: Int, width: Int) -> Int {
        attune_attention_backward_scratch(count, width)
    }

    /// Computes the three gradients, each `[count, width]`. `scratch` is aligned to 64 bytes.
    public func run(
        query: UnsafeRawPointer, key: UnsafeRawPointer, value: UnsafeRawPointer, outGradient: UnsafeRawPointer,
        queryGradient: UnsafeMutableRawPointer, keyGradient: UnsafeMutableRawPointer,
        valueGradient: UnsafeMutableRawPointer, scratch: UnsafeMutableRawPointer
    ) {
        precondition(
            !isNarrow || (width % 2 == 0 && stride % 2 == 0 && outGradientStride % 2 == 0),
            "heads or rows of an odd width in bfloat16")
        guard count > 0 else { return }
        var task = attune_attention_backward_task(
            query: query, key: key, value: value, stride: stride, narrow: isNarrow ? 1 : 0, count: count,
            width: width, scale: scale, out_gradient: outGradient, out_gradient_stride: outGradientStride,
            query_gradient: queryGradient, key_gradient: keyGradient, value_gradient: valueGradient,
            gradient_stride: gradientStride)
        attune_attention_backward(Kernels.current.table, &task, scratch)
    }
}
