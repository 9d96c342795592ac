internal import CAttuneKernels

/// Conversions between the float types, many at once.
///
/// To `Float` they are exact. From `Float` they round to nearest, ties to even; NaN stays NaN, too large becomes infinite.
public enum Convert {
    /// `count` numbers of 16 bits to `Float`.
    public static func floats(
        from source: UnsafePointer<Float16>, into target: UnsafeMutablePointer<Float>, count: Int
    ) {
        kernels.float16_to_float32(UnsafeRawPointer(source).assumingMemoryBound(to: UInt16.self), target, count)
    }

    /// `count` numbers of 16 bits to `Float`.
    public static func floats(
        from source: UnsafePointer<BFloat16>, into target: UnsafeMutablePointer<Float>, count: Int
    ) {
        kernels.bfloat16_to_float32(UnsafeRawPointer(source).assumingMemoryBound(to: UInt16.self), target, count)
    }

    /// `count` numbers to 16 bits.
    public static func float16s(
        from source: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float16>, count: Int
    ) {
        kernels.float32_to_float16(
            source, UnsafeMutableRawPointer(target).assumingMemoryBound(to: UInt16.self), count)
    }

    /// `count` numbers to 16 bits.
    public static func bfloat16s(
        from source: UnsafePointer<Float>, into target: UnsafeMutablePointer<BFloat16>, count: Int
    ) {
        kernels.float32_to_bfloat16(
            source, UnsafeMutableRawPointer(target).assumingMemoryBound(to: UInt16.self), count)
    }
}

extension Matrix where Element == Float {
    /// The same numbers in 32 bits.
    public init(_ view: MatrixView<Float16>) {
        self.init(uninitializedRows: view.rows, columns: view.columns)
        convertRows(of: view) { Convert.floats(from: $0, into: $1, count: $2) }
    }

    /// The same numbers in 32 bits.
    public init(_ view: MatrixView<BFloat16>) {
        self.init(uninitializedRows: view.rows, columns: view.columns)
        convertRows(of: view) { Convert.floats(from: $0, into: $1, count: $2) }
    }
}

extension Matrix where Element == Float16 {
    /// The nearest numbers of 16 bits.
    public init(_ view: MatrixView<Float>) {
        self.init(uninitializedRows: view.rows, columns: view.columns)
        convertRows(of: view) { Convert.float16s(from: $0, into: $1, count: $2) }
    }
}

extension Matrix where Element == BFloat16 {
    /// The nearest numbers of 16 bits.
    public init(_ view: MatrixView<Float>) {
        self.init(uninitializedRows: view.rows, columns: view.columns)
        convertRows(of: view) { Convert.bfloat16s(from: $0, into: $1, count: $2) }
    }
}

extension Matrix {
    /// Fills the rows by converting those of a view of the same shape.
    private mutating func convertRows<Source>(
        of view: MatrixView<Source>,
        _ convert: (UnsafePointer<Source>, UnsafeMutablePointer<Element>, Int) -> Void
    ) {
        let stride = stride
        withUnsafeMutablePointer { target in
            view.withUnsafePointer { source in
                forEachRow(view.rows, columns: view.columns) { row in
                    convert(source + row * view.stride, target + row * stride, view.columns)
                }
            }
        }
    }
}
