internal import CAttuneKernels

/// Distances between vectors of `Float`, `Float16`, `BFloat16`, `Int8` and of bits, by raw pointer or row by row of a
/// matrix.
///
/// Each has three forms: one vector with one, one with many, many with many. A pair's result has the same bits in all
/// three, whatever the number of vectors and its place among them. Those of 16-bit floats add up in float32; those of
/// `Int8` and of bits are exact, so equal on all instruction sets.
public enum Distance {
    /// Σ a·b.
    public static func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, count: Int) -> Float {
        kernels.dot(a, b, count)
    }

    /// The dot product of `query` `[columns]` with every row, into `rows.rows` floats at `out`.
    public static func dots(
        _ query: UnsafePointer<Float>, rows: MatrixView<Float>, into out: UnsafeMutablePointer<Float>
    ) {
        rows.withUnsafePointer {
            kernels.dots(query, $0, rows.stride, rows.rows, rows.columns, out)
        }
    }

    /// The dot product of every query with every row, `[Q, N]`: that of query q and row n at
    /// `out[q * stride + n]`.
    public static func dots(
        _ queries: MatrixView<Float>, rows: MatrixView<Float>, into out: UnsafeMutablePointer<Float>, stride: Int
    ) {
        withBoth(queries, rows, stride: stride) {
            kernels.dot_matrix(
                $0, queries.stride, queries.rows, $1, rows.stride, rows.rows, rows.columns, out, stride)
        }
    }

    /// Σ (a-b)².
    public static func squaredL2(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, count: Int) -> Float {
        kernels.squared_l2(a, b, count)
    }

    /// The squared Euclidean distance of `query` `[columns]` to every row, into `rows.rows` floats at `out`.
    public static func squaredL2s(
        _ query: UnsafePointer<Float>, rows: MatrixView<Float>, into out: UnsafeMutablePointer<Float>
    ) {
        rows.withUnsafePointer {
            kernels.squared_l2s(query, $0, rows.stride, rows.rows, rows.columns, out)
        }
    }

    /// The squared Euclidean distance of every query to every row, `[Q, N]`: that of query q and row n at
    /// `out[q * stride + n]`.
    public static func squaredL2s(
        _ queries: MatrixView<Float>, rows: MatrixView<Float>, into out: UnsafeMutablePointer<Float>, stride: Int
    ) {
        withBoth(queries, rows, stride: stride) {
            kernels.squared_l2_matrix(
                $0, queries.stride, queries.rows, $1, rows.stride, rows.rows, rows.columns, out, stride)
        }
    }

    /// a·b / (|a|·|b|), the cosine of the angle; 0 when either vector is zero.
    public static func cosine(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, count: Int) -> Float {
        kernels.cosine(a, b, count)
    }

    /// The cosine of `query` `[columns]` with every row, into `rows.rows` floats at `out`.
    public static func cosines(
        _ query: UnsafePointer<Float>, rows: MatrixView<Float>, into out: UnsafeMutablePointer<Float>
    ) {
        rows.withUnsafePointer {
            kernels.cosines(query, $0, rows.stride, rows.rows, rows.columns, out)
        }
    }

    /// The cosine of every query with every row, `[Q, N]`: that of query q and row n at
    /// `out[q * stride + n]`.
    public static func cosines(
        _ queries: MatrixView<Float>, rows: MatrixView<Float>, into out: UnsafeMutablePointer<Float>, stride: Int
    ) {
        withBoth(queries, rows, stride: stride) {
            kernels.cosine_matrix(
                $0, queries.stride, queries.rows, $1, rows.stride, rows.rows, rows.columns, out, stride)
        }
    }

    /// Lends the matrices of a many-to-many form, which fit each other and the output's stride.
    static func withBoth<Element>(
        _ queries: MatrixView<Element>, _ rows: MatrixView<Element>, stride: Int,
        _ body: (UnsafePointer<Element>, UnsafePointer<Element>) -> Void
    ) {
        precondition(
            queries.columns == rows.columns, "queries of \(queries.columns) elements, rows of \(rows.columns)")
        precondition(
            stride >= rows.rows || queries.rows <= 1, "\(rows.rows) distances a query overlap at a stride of \(stride)")
        queries.withUnsafePointer { first in rows.withUnsafePointer { body(first, $0) } }
    }
}
