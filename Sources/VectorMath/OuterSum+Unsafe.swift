internal import CAttuneKernels

/// Sums of outer products: what the gradients of a low-rank pair are made of. For the bodies of
/// ``parallelFor(_:grain:_:)``.
public struct OuterSum {
    /// Floats, or bfloat16: of x; the low side is rounded to the same.
    public var isNarrow: Bool
    /// R.
    public var rank: Int
    /// Of x.
    public var columns: Int

    public init(isNarrow: Bool, rank: Int, columns: Int) {
        self.isNarrow = isNarrow
        self.rank = rank
        self.columns = columns
    }

    /// The bytes that ``add(_:stride:_:xStride:rows:into:outStride:scratch:)`` works in.
    public var scratchByteCount: Int { attune_add_outer_scratch(rank, columns) }

    /// out `[R, columns]` += lowᵀ · x, for low `[rows, R]` and x `[rows, columns]`. `scratch` is aligned to 64 bytes.
    public func add(
        _ low: UnsafePointer<Float>, stride: Int, _ x: UnsafeRawPointer, xStride: Int, rows: Int,
        into out: UnsafeMutablePointer<Float>, outStride: Int, scratch: UnsafeMutableRawPointer
    ) {
        attune_add_outer(
            Kernels.current.table, isNarrow ? 1 : 0, low, stride, rank, x, xStride, rows, columns, out, outStride,
            scratch)
    }
}
