internal import CAttuneKernels

/// Distances between vectors of `BFloat16`. Elements are widened exactly, sums are float32. Where the processor has an
/// instruction for it (`avx512bf16`), dot products and cosines take subnormal numbers, below 2^-126, as zero.
extension Distance {
    /// Σ a·b.
    public static func dot(_ a: UnsafePointer<BFloat16>, _ b: UnsafePointer<BFloat16>, count: Int) -> Float {
        kernels.bfloat16.dot(bits(a), bits(b), count)
    }

    /// The dot product of `query` `[columns]` with every row, into `rows.rows` floats at `out`.
    public static func dots(
        _ query: UnsafePointer<BFloat16>, rows: MatrixView<BFloat16>, into out: UnsafeMutablePointer<Float>
    ) {
        rows.withUnsafePointer {
            kernels.bfloat16.dots(bits(query), bits($0), rows.stride, rows.rows, rows.columns, out)
        }
    }

    /// The dot product of every query with every row, `[Q, N]`: that of query q and row n at
    /// `out[q * stride + n]`.
    public static func dots(
        _ queries: MatrixView<BFloat16>, rows: MatrixView<BFloat16>, into out: UnsafeMutablePointer<Float>, stride: Int
    ) {
        withBoth(queries, rows, stride: stride) {
            kernels.bfloat16.dot_matrix(
                bits($0), queries.stride, queries.rows, bits($1), rows.stride, rows.rows, rows.columns, out, stride)
        }
    }

    /// Σ (a-b)².
    public static func squaredL2(_ a: UnsafePointer<BFloat16>, _ b: UnsafePointer<BFloat16>, count: Int) -> Float {
        kernels.bfloat16.squared_l2(bits(a), bits(b), count)
    }

    /// The squared Euclidean distance of `query` `[columns]` to every row, into `rows.rows` floats at `out`.
    public static func squaredL2s(
        _ query: UnsafePointer<BFloat16>, rows: MatrixView<BFloat16>, into out: UnsafeMutablePointer<Float>
    ) {
        rows.withUnsafePointer {
            kernels.bfloat16.squared_l2s(bits(query), bits($0), rows.stride, rows.rows, rows.columns, out)
        }
    }

    /// The squared Euclidean distance of every query to every row, `[Q, N]`: that of query q and row n at
    /// `out[q * stride + n]`.
    public static func squaredL2s(
        _ queries: MatrixView<BFloat16>, rows: MatrixView<BFloat16>, into out: UnsafeMutablePointer<Float>, stride: Int
    ) {
        withBoth(queries, rows, stride: stride) {
            kernels.bfloat16.squared_l2_matrix(
                bits($0), queries.stride, queries.rows, bits($1), rows.stride, rows.rows, rows.columns, out, stride)
        }
    }

    /// a·b / (|a|·|b|), the cosine of the angle; 0 when either vector is zero.
    public static func cosine(_ a: UnsafePointer<BFloat16>, _ b: UnsafePointer<BFloat16>, count: Int) -> Float {
        kernels.bfloat16.cosine(bits(a), bits(b), count)
    }

    /// The cosine of `query` `[columns]` with every row, into `rows.rows` floats at `out`.
    public static func cosines(
        _ query: UnsafePointer<BFloat16>, rows: MatrixView<BFloat16>, into out: UnsafeMutablePointer<Float>
    ) {
        rows.withUnsafePointer {
            kernels.bfloat16.cosines(bits(query), bits($0), rows.stride, rows.rows, rows.columns, out)
        }
    }

    /// The cosine of every query with every row, `[Q, N]`: that of query q and row n at
    /// `out[q * stride + n]`.
    public static func cosines(
        _ queries: MatrixView<BFloat16>, rows: MatrixView<BFloat16>, into out: UnsafeMutablePointer<Float>, stride: Int
    ) {
        withBoth(queries, rows, stride: stride) {
            kernels.bfloat16.cosine_matrix(
                bits($0), queries.stride, queries.rows, bits($1), rows.stride, rows.rows, rows.columns, out, stride)
        }
    }

    private static func bits(_ pointer: UnsafePointer<BFloat16>) -> UnsafePointer<UInt16> {
        UnsafeRawPointer(pointer).assumingMemoryBound(to: UInt16.self)
    }
}
