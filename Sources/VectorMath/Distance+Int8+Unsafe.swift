internal import CAttuneKernels

/// Distances between vectors of `Int8`, of at most ``maximumInt8Count`` elements. Sums are exact; a cosine is within
/// 2⁻²¹ of the exact one, and has the same bits on every instruction set.
extension Distance {
    /// The greatest length whose sums of squares always fit 32 bits.
    public static let maximumInt8Count = Int(ATTUNE_INT8_COUNT)

    /// Σ a·b.
    public static func dot(_ a: UnsafePointer<Int8>, _ b: UnsafePointer<Int8>, count: Int) -> Int32 {
        checkCount(count)
        return kernels.int8.dot(a, b, count)
    }

    /// The dot product of `query` `[columns]` with every row, into `rows.rows` sums at `out`.
    public static func dots(
        _ query: UnsafePointer<Int8>, rows: MatrixView<Int8>, into out: UnsafeMutablePointer<Int32>
    ) {
        checkCount(rows.columns)
        rows.withUnsafePointer {
            kernels.int8.dots(query, $0, rows.stride, rows.rows, rows.columns, out)
        }
    }

    /// The dot product of every query with every row, `[Q, N]`: that of query q and row n at
    /// `out[q * stride + n]`.
    public static func dots(
        _ queries: MatrixView<Int8>, rows: MatrixView<Int8>, into out: UnsafeMutablePointer<Int32>, stride: Int
    ) {
        checkCount(rows.columns)
        withBoth(queries, rows, stride: stride) {
            kernels.int8.dot_matrix(
                $0, queries.stride, queries.rows, $1, rows.stride, rows.rows, rows.columns, out, stride)
        }
    }

    /// Σ (a-b)².
    public static func squaredL2(_ a: UnsafePointer<Int8>, _ b: UnsafePointer<Int8>, count: Int) -> Int32 {
        checkCount(count)
        return kernels.int8.squared_l2(a, b, count)
    }

    /// The squared Euclidean distance of `query` `[columns]` to every row, into `rows.rows` sums at `out`.
    public static func squaredL2s(
        _ query: UnsafePointer<Int8>, rows: MatrixView<Int8>, into out: UnsafeMutablePointer<Int32>
    ) {
        checkCount(rows.columns)
        rows.withUnsafePointer {
            kernels.int8.squared_l2s(query, $0, rows.stride, rows.rows, rows.columns, out)
        }
    }

    /// The squared Euclidean distance of every query to every row, `[Q, N]`: that of query q and row n at
    /// `out[q * stride + n]`.
    public static func squaredL2s(
        _ queries: MatrixView<Int8>, rows: MatrixView<Int8>, into out: UnsafeMutablePointer<Int32>, stride: Int
    ) {
        checkCount(rows.columns)
        withBoth(queries, rows, stride: stride) {
            kernels.int8.squared_l2_matrix(
                $0, queries.stride, queries.rows, $1, rows.stride, rows.rows, rows.columns, out, stride)
        }
    }

    /// a·b / (|a|·|b|), the cosine of the angle; 0 when either vector is zero.
    public static func cosine(_ a: UnsafePointer<Int8>, _ b: UnsafePointer<Int8>, count: Int) -> Float {
        checkCount(count)
        return kernels.int8.cosine(a, b, count)
    }

    /// The cosine of `query` `[columns]` with every row, into `rows.rows` floats at `out`.
    public static func cosines(
        _ query: UnsafePointer<Int8>, rows: MatrixView<Int8>, into out: UnsafeMutablePointer<Float>
    ) {
        checkCount(rows.columns)
        rows.withUnsafePointer {
            kernels.int8.cosines(query, $0, rows.stride, rows.rows, rows.columns, out)
        }
    }

    /// The cosine of every query with every row, `[Q, N]`: that of query q and row n at
    /// `out[q * stride + n]`.
    public static func cosines(
        _ queries: MatrixView<Int8>, rows: MatrixView<Int8>, into out: UnsafeMutablePointer<Float>, stride: Int
    ) {
        checkCount(rows.columns)
        withBoth(queries, rows, stride: stride) {
            kernels.int8.cosine_matrix(
                $0, queries.stride, queries.rows, $1, rows.stride, rows.rows, rows.columns, out, stride)
        }
    }

    private static func checkCount(_ count: Int) {
        precondition(count <= maximumInt8Count, "sums over \(count) elements of Int8 may not fit 32 bits")
    }
}
