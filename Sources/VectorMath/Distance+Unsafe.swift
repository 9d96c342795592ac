internal import CAttuneKernels

/// Distances between float32 vectors, by raw pointer or row by row of a matrix.
///
/// A row's result in the one-to-many forms has the bits of the one-to-one form, whatever the number of rows and its place.
public enum Distance {
    /// Σ a·b.
    public static func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, count: Int) -> Float {
        kernels.dot(a, b, count)
    }

    /// Σ (a-b)².
    public static func squaredL2(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, count: Int) -> Float {
        kernels.squared_l2(a, b, count)
    }

    /// a·b / (|a|·|b|), the cosine of the angle; 0 when either vector is zero.
    public static func cosine(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, count: Int) -> Float {
        kernels.cosine(a, b, count)
    }

    /// The dot product of `query` `[columns]` with every row, into `rows.rows` floats at `out`.
    public static func dots(
        _ query: UnsafePointer<Float>, rows: MatrixView<Float>, into out: UnsafeMutablePointer<Float>
    ) {
        rows.withUnsafePointer { kernels.dots(query, $0, rows.stride, rows.rows, rows.columns, out) }
    }

    /// The squared Euclidean distance of `query` `[columns]` to every row, into `rows.rows` floats at `out`.
    public static func squaredL2s(
        _ query: UnsafePointer<Float>, rows: MatrixView<Float>, into out: UnsafeMutablePointer<Float>
    ) {
        rows.withUnsafePointer { kernels.squared_l2s(query, $0, rows.stride, rows.rows, rows.columns, out) }
    }

    /// The cosine of `query` `[columns]` with every row, into `rows.rows` floats at `out`.
    public static func cosines(
        _ query: UnsafePointer<Float>, rows: MatrixView<Float>, into out: UnsafeMutablePointer<Float>
    ) {
        rows.withUnsafePointer { kernels.cosines(query, $0, rows.stride, rows.rows, rows.columns, out) }
    }
}
