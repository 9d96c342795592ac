internal import CAttuneKernels

/// Distances of a float32 query to rows that are stored in fewer bits. A result has the bits that float32 has with the
/// numbers that the row stands for, on the same instruction set.
extension Distance {
    // MARK: Rows of bfloat16

    /// Σ a·b.
    public static func dot(_ query: UnsafePointer<Float>, _ row: UnsafePointer<BFloat16>, count: Int) -> Float {
        kernels.bfloat16_rows.dot(query, bits(row), count)
    }

    /// The dot product of `query` `[columns]` with every row, into `rows.rows` floats at `out`.
    public static func dots(
        _ query: UnsafePointer<Float>, rows: MatrixView<BFloat16>, into out: UnsafeMutablePointer<Float>
    ) {
        rows.withUnsafePointer {
            kernels.bfloat16_rows.dots(query, bits($0), rows.stride, rows.rows, rows.columns, out)
        }
    }

    /// Σ (a-b)².
    public static func squaredL2(_ query: UnsafePointer<Float>, _ row: UnsafePointer<BFloat16>, count: Int) -> Float {
        kernels.bfloat16_rows.squared_l2(query, bits(row), count)
    }

    /// The squared Euclidean distance of `query` `[columns]` to every row, into `rows.rows` floats at `out`.
    public static func squaredL2s(
        _ query: UnsafePointer<Float>, rows: MatrixView<BFloat16>, into out: UnsafeMutablePointer<Float>
    ) {
        rows.withUnsafePointer {
            kernels.bfloat16_rows.squared_l2s(query, bits($0), rows.stride, rows.rows, rows.columns, out)
        }
    }

    // MARK: Rows of bytes, as ``ByteRow`` writes them

    /// Σ a·b of a query `[D]` and a row.
    public static func dot(_ query: UnsafePointer<Float>, byteRow: UnsafePointer<UInt8>, dimension: Int) -> Float {
        kernels.byte_rows.dot(query, byteRow, dimension)
    }

    /// The dot product of `query` `[D]` with every row, into `rows.rows` floats at `out`.
    public static func dots(
        _ query: UnsafePointer<Float>, byteRows rows: MatrixView<UInt8>, dimension: Int,
        into out: UnsafeMutablePointer<Float>
    ) {
        ByteRow.check(rows, dimension: dimension)
        rows.withUnsafePointer { kernels.byte_rows.dots(query, $0, rows.stride, rows.rows, dimension, out) }
    }

    /// Σ (a-b)² of a query `[D]` and a row.
    public static func squaredL2(
        _ query: UnsafePointer<Float>, byteRow: UnsafePointer<UInt8>, dimension: Int
    ) -> Float {
        kernels.byte_rows.squared_l2(query, byteRow, dimension)
    }

    /// The squared Euclidean distance of `query` `[D]` to every row, into `rows.rows` floats at `out`.
    public static func squaredL2s(
        _ query: UnsafePointer<Float>, byteRows rows: MatrixView<UInt8>, dimension: Int,
        into out: UnsafeMutablePointer<Float>
    ) {
        ByteRow.check(rows, dimension: dimension)
        rows.withUnsafePointer { kernels.byte_rows.squared_l2s(query, $0, rows.stride, rows.rows, dimension, out) }
    }

    private static func bits(_ pointer: UnsafePointer<BFloat16>) -> UnsafePointer<UInt16> {
        UnsafeRawPointer(pointer).assumingMemoryBound(to: UInt16.self)
    }
}

/// A vector in 8 bits an element: the range of its elements in 255 equal steps.
///
/// A row is D bytes, filled up with 0 to a multiple of 8, and two floats, the step and the lowest value; a byte b stands for
/// lowest + step·b, rounded once, so for the same float on every processor. No element is farther than half a step from
/// the one that it stands for.
public enum ByteRow {
    /// The bytes of a row.
    public static func size(dimension: Int) -> Int { attune_byte_row_size(dimension) }

    /// Writes a vector `[D]` of finite numbers as a row.
    ///
    /// - Parameter toLength1: Whether the vector that the row stands for is then brought to length 1, where it has any: its
    ///   bytes stay, step and lowest value are divided by its length.
    public static func write(
        _ vector: UnsafePointer<Float>, dimension: Int, toLength1: Bool, into row: UnsafeMutablePointer<UInt8>
    ) {
        attune_byte_row_write(vector, dimension, toLength1 ? 1 : 0, row)
    }

    /// The numbers that a row stands for, into `[D]` floats at `out`.
    public static func read(_ row: UnsafePointer<UInt8>, dimension: Int, into out: UnsafeMutablePointer<Float>) {
        kernels.byte_rows.values(row, dimension, out)
    }

    static func check(_ rows: MatrixView<UInt8>, dimension: Int) {
        precondition(
            rows.columns >= size(dimension: dimension), "rows of \(rows.columns) bytes for \(dimension) elements")
    }
}
