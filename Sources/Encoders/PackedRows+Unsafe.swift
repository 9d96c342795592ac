internal import VectorMath

/// Rows of activations in an arena, in the form that products of a precision read.
struct PackedRows: @unchecked Sendable {
    let precision: Precision
    /// Values in a row.
    let width: Int
    /// Values from a row to the next.
    let stride: Int
    private let values: UnsafeMutableRawPointer
    /// In int8: where floats are put before they are packed, and what their packed form means.
    private let floats: UnsafeMutablePointer<Float>?
    private let scales: UnsafeMutablePointer<Float>?
    private let zeros: UnsafeMutablePointer<Int32>?

    /// Rows that are packed from floats that a kernel wrote to ``target``.
    init(rows: Int, width: Int, precision: Precision, in arena: Arena) {
        let floats = precision == .int8 ? arena.take(Float.self, count: rows * Self.stride(width)) : nil
        self.init(rows: rows, width: width, precision: precision, in: arena, floats: floats, values: nil)
    }

    /// Rows that are packed one by one from `source`, which they are where products are in float32.
    init(of source: UnsafeMutablePointer<Float>, rows: Int, width: Int, precision: Precision, in arena: Arena) {
        self.init(
            rows: rows, width: width, precision: precision, in: arena, floats: nil,
            values: precision == .f32 ? UnsafeMutableRawPointer(source) : nil)
    }

    private init(
        rows: Int, width: Int, precision: Precision, in arena: Arena, floats: UnsafeMutablePointer<Float>?,
        values: UnsafeMutableRawPointer?
    ) {
        self.precision = precision
        self.width = width
        self.floats = floats
        stride = values == nil ? Self.stride(width) : width
        let byteCount = rows * stride * precision.byteCount
        self.values = values ?? UnsafeMutableRawPointer(arena.take(UInt8.self, count: byteCount))
        // A step of a product reads a group of values: what lies behind the last one must be a number.
        if stride != width { self.values.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount) }
        let isQuantized = precision == .int8
        scales = isQuantized ? arena.take(Float.self, count: rows) : nil
        zeros = isQuantized ? arena.take(Int32.self, count: rows) : nil
    }

    /// Whole groups of four values: what a step of a product in 8 bits takes.
    private static func stride(_ width: Int) -> Int { (width + 3) / 4 * 4 }

    /// The memory that the rows need.
    static func byteCount(rows: Int, width: Int, precision: Precision, takesFloats: Bool) -> Int {
        let values = Arena.byteCount(of: UInt8.self, count: rows * stride(width) * precision.byteCount)
        guard precision == .int8 else { return values }
        let floats = takesFloats ? Arena.byteCount(of: Float.self, count: rows * stride(width)) : 0
        return values + floats + 2 * Arena.byteCount(of: Float.self, count: rows)
    }

    /// Where a kernel writes rows, `stride` values apart: floats, or bfloat16 where that is the precision.
    var target: UnsafeMutableRawPointer { floats.map { UnsafeMutableRawPointer($0) } ?? values }

    /// Some rows, to multiply.
    func input(_ part: Range<Int>) -> ProductInput {
        ProductInput(
            values: values + part.lowerBound * stride * precision.byteCount, stride: stride, rows: part.count,
            scales: scales.map { UnsafePointer($0 + part.lowerBound) },
            zeros: zeros.map { UnsafePointer($0 + part.lowerBound) })
    }

    /// Packs the rows that were written to ``target``.
    func pack(_ part: Range<Int>) {
        guard let floats else { return }
        parallelFor(part.count, grain: 16) { range in
            for i in range { pack(floats + (part.lowerBound + i) * stride, as: part.lowerBound + i) }
        }
    }

    /// Packs one row of floats.
    func pack(_ floats: UnsafePointer<Float>, as row: Int) {
        let place = values + row * stride * precision.byteCount
        switch precision {
        case .f32: return
        case .bf16:
            Convert.bfloat16s(from: floats, into: place.assumingMemoryBound(to: BFloat16.self), count: width)
        case .int8:
            (scales![row], zeros![row]) = RowKernels.quantize(
                floats, count: width, into: place.assumingMemoryBound(to: UInt8.self))
        }
    }
}
