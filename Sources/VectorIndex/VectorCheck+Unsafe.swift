internal import VectorMath

extension VectorCheck {
    /// Scales each row to length 1; a row without direction becomes 0.
    ///
    /// - Parameter squares: The square of each row's length.
    static func normalize(_ rows: inout Matrix<Float>, squares: [Double]) {
        let (count, columns, stride) = (rows.rows, rows.columns, rows.stride)
        rows.withUnsafeMutablePointer { base in
            nonisolated(unsafe) let base = base
            parallelFor(count, grain: 64) { block in
                for row in block { normalize(base + row * stride, count: columns, length: squares[row].squareRoot()) }
            }
        }
    }

    private static func normalize(_ row: UnsafeMutablePointer<Float>, count: Int, length: Double) {
        guard length >= smallestLength else {
            row.update(repeating: 0, count: count)
            return
        }
        // The reciprocal of a very short or long vector is no normal number: come near by a power of two first.
        let power: Float = length < 0x1p-64 ? 0x1p64 : length > 0x1p64 ? 0x1p-64 : 1
        if power != 1 { RowKernels.scale(row, count: count, by: power) }
        RowKernels.scale(row, count: count, by: Float(1 / (length * Double(power))))
    }
}
