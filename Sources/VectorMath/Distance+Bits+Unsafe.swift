internal import CAttuneKernels

/// The Hamming distance of vectors of bits, eight to a byte: how many bits are unequal.
extension Distance {
    /// The number of unequal bits of `byteCount` bytes.
    public static func hamming(_ a: UnsafePointer<UInt8>, _ b: UnsafePointer<UInt8>, byteCount: Int) -> Int32 {
        checkByteCount(byteCount)
        return kernels.bits.hamming(a, b, byteCount)
    }

    /// The number of unequal bits of `query` `[columns]` and every row, into `rows.rows` numbers at `out`. Columns are
    /// bytes.
    public static func hammings(
        _ query: UnsafePointer<UInt8>, rows: MatrixView<UInt8>, into out: UnsafeMutablePointer<Int32>
    ) {
        checkByteCount(rows.columns)
        rows.withUnsafePointer { kernels.bits.hammings(query, $0, rows.stride, rows.rows, rows.columns, out) }
    }

    /// The number of unequal bits of every query and every row, `[Q, N]`: that of query q and row n at
    /// `out[q * stride + n]`.
    public static func hammings(
        _ queries: MatrixView<UInt8>, rows: MatrixView<UInt8>, into out: UnsafeMutablePointer<Int32>, stride: Int
    ) {
        checkByteCount(rows.columns)
        withBoth(queries, rows, stride: stride) {
            kernels.bits.hamming_matrix(
                $0, queries.stride, queries.rows, $1, rows.stride, rows.rows, rows.columns, out, stride)
        }
    }

    private static func checkByteCount(_ count: Int) {
        precondition(count < 1 << 28, "the bits of \(count) bytes may not be counted in 32 bits")
    }
}
