internal import CAttuneKernels

/// What making one-bit codes needs: residuals, sums in one order, and the packing of 32 codes to a block.
///
/// Results have the same bits on all instruction sets.
package enum CodeKernels {
    /// How many vectors a block holds.
    package static let blockCount = Int(ATTUNE_CODE_BLOCK)

    /// The bytes of a block: codes, then 32 floats each of squared lengths, rescales and, where there are some, addends.
    package static func blockSize(width: Int, hasAddends: Bool) -> Int {
        attune_code_block_size(width, hasAddends ? 1 : 0)
    }

    /// The bytes of a block's codes, which the floats stand behind.
    package static func codeSize(width: Int) -> Int { 4 * width }

    /// out `[width]` = (row − centre) · scale, filled up with 0. Row and centre are `[D]`.
    package static func residual(
        _ row: UnsafePointer<Float>, centre: UnsafePointer<Float>, count: Int, scale: Float,
        into out: UnsafeMutablePointer<Float>, width: Int
    ) {
        attune_code_residual(row, centre, count, width, scale, out)
    }

    /// Σ x² and Σ |x|.
    package static func norms(_ x: UnsafePointer<Float>, count: Int) -> (squares: Double, magnitudes: Double) {
        var (squares, magnitudes) = (0.0, 0.0)
        attune_code_norms(x, count, &squares, &magnitudes)
        return (squares, magnitudes)
    }

    /// Σ a·b.
    package static func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, count: Int) -> Double {
        attune_code_dot(a, b, count)
    }

    /// sums `[D]` += row `[D]`.
    package static func add(_ row: UnsafePointer<Float>, count: Int, to sums: UnsafeMutablePointer<Double>) {
        attune_code_add_columns(row, count, 1, count, sums)
    }

    /// Writes the signs of at most 32 rotated vectors as a block's codes.
    package static func pack(_ rows: MatrixView<Float>, into codes: UnsafeMutablePointer<UInt8>) {
        precondition(rows.rows <= blockCount && rows.columns % Int(ATTUNE_CODE_UNIT) == 0)
        rows.withUnsafePointer { attune_code_pack($0, rows.stride, rows.rows, rows.columns, codes) }
    }

    /// The bits of one vector of a block, eight to a byte.
    package static func unpack(_ codes: UnsafePointer<UInt8>, vector: Int, width: Int) -> [UInt8] {
        precondition(vector < blockCount)
        var bits = [UInt8](repeating: 0, count: width / 8)
        attune_code_unpack(codes, vector, width, &bits)
        return bits
    }

    /// Asks for memory that will be read soon.
    package static func prefetch(_ bytes: UnsafeRawPointer, byteCount: Int) {
        attune_code_prefetch(bytes, byteCount)
    }
}
