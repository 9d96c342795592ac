internal import CAttuneKernels

/// Distances between vectors of `Float16`. Elements are widened exactly, sums are float32.
extension Distance {
    /// Σ a·b.
    public static func dot(_ a: UnsafePointer<Float16>, _ b: UnsafePointer<Float16>, count: Int) -> Float {
        kernels.float16.dot(bits(a), bits(b), count)
    }

    /// The dot product of `query` `[columns]` with every row, into `rows.rows` floats at `out`.
    public static func dots(
        _ query: UnsafePointer<Float16>, rows: MatrixView<Float16>, into out: UnsafeMutablePointer<Float>
    ) {
        rows.withUnsafePointer {
            kernels.float16.dots(bits(query), bits($0), rows.stride, rows.rows, rows.columns, out)
        }
    }

    /// The dot product of every query with every row, `[Q, N]`: that of query q and row n at
    /// `out[q * stride + n]`.
    public static func dots(
        _ queries: MatrixView<Float16>, rows: MatrixView<Float16>, into out: UnsafeMutablePointer<Float>, stride: Int
    ) {
        withBoth(queries, rows, stride: stride) {
            kernels.float16.dot_matrix(
                bits($0), queries.stride, queries.rows, bits($1), rows.stride, rows.rows, rows.columns, out, stride)
        }
    }

    /// Σ (a-b)².
    public static func squaredL2(_ a: UnsafePointer<Float16>, _ b: UnsafePointer<Float16>, count: Int) -> Float {
        kernels.float16.squared_l2(bits(a), bits(b), count)
    }

    /// The squared Euclidean distance of `query` `[columns]` to every row, into `rows.rows` floats at `out`.
    public static func squaredL2s(
        _ query: UnsafePointer<Float16>, rows: MatrixView<Float16>, into out: UnsafeMutablePointer<Float>
    ) {
        rows.withUnsafePointer {
            kernels.float16.squared_l2s(bits(query), bits($0), rows.stride, rows.rows, rows.columns, out)
        }
    }

    /// The squared Euclidean distance of every query to every row, `[Q, N]`: that of query q and row n at
    /// `out[q * stride + n]`.
    public static func squaredL2s(
        _ queries: MatrixView<Float16>, rows: MatrixView<Float16>, into out: UnsafeMutablePointer<Float>, stride: Int
    ) {
        withBoth(queries, rows, stride: stride) {
            kernels.float16.squared_l2_matrix(
                bits($0), queries.stride, queries.rows, bits($1), rows.stride, rows.rows, rows.columns, out, stride)
        }
    }

    /// a·b / (|a|·|b|), the cosine of the angle; 0 when either vector is zero.
    public static func cosine(_ a: UnsafePointer<Float16>, _ b: UnsafePointer<Float16>, count: Int) -> Float {
        kernels.float16.cosine(bits(a), bits(b), count)
    }

    /// The cosine of `query` `[columns]` with every row, into `rows.rows` floats at `out`.
    public static func cosines(
        _ query: UnsafePointer<Float16>, rows: MatrixView<Float16>, into out: UnsafeMutablePointer<Float>
    ) {
        rows.withUnsafePointer {
            kernels.float16.cosines(bits(query), bits($0), rows.stride, rows.rows, rows.columns, out)
        }
    }

    /// The cosine of every query with every row, `[Q, N]`: that of query q and row n at
    /// `out[q * stride + n]`.
    public static func cosines(
        _ queries: MatrixView<Float16>, rows: MatrixView<Float16>, into out: UnsafeMutablePointer<Float>, stride: Int
    ) {
        withBoth(queries, rows, stride: stride) {
            kernels.float16.cosine_matrix(
                bits($0), queries.stride, queries.rows, bits($1), rows.stride, rows.rows, rows.columns, out, stride)
        }
    }

    private static func bits(_ pointer: UnsafePointer<Float16>) -> UnsafePointer<UInt16> {
        UnsafeRawPointer(pointer).assumingMemoryBound(to: UInt16.self)
    }
}
