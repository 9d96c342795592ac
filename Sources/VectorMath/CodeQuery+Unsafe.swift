internal import CAttuneKernels

/// A rotated query as a scan of one-bit codes reads it: look-up tables, and the test that rows have to pass.
///
/// A row stands for the test ⟨v, w⟩ ≥ t with t = addend + `addendScale`·|v|² + `threshold`. Its code rules it out where the
/// estimate of ⟨v, w⟩ lies farther below t than the bound allows; the formula stands at `attune_code_query`.
package struct CodeQuery: Sendable {
    /// The coordinates of a code.
    package let width: Int
    private let tables: Matrix<UInt8>
    private let step: Float
    private let offset: Float

    /// Whether blocks have addends; without them an addend is 0.
    package var hasAddends = false
    package var addendScale: Float = 0
    /// −∞ keeps every row.
    package var threshold: Float = -.infinity
    /// The square of the number of deviations that are allowed, over `width - 1`.
    package var spread: Float = .infinity
    package var rescaleSquare: Float
    /// |w|².
    package var lengthSquare: Float = .infinity

    /// Makes the tables of a rotated query `[width]`. What rounding them may cost is added to every estimate.
    package init(rotated query: UnsafePointer<Float>, width: Int) {
        self.width = width
        var tables = Matrix<UInt8>(uninitializedRows: 1, columns: 4 * width)
        var (step, offset, error): (Float, Float, Float) = (0, 0, 0)
        tables.withUnsafeMutablePointer { kernels.code_tables(query, width, $0, &step, &offset, &error) }
        self.tables = tables
        self.step = step
        self.offset = offset + error
        rescaleSquare = Float(width)
    }

    /// Writes which of the first `count` rows of consecutive blocks are not ruled out, ascending, and how far each reaches:
    /// the larger, the nearer.
    ///
    /// - Parameters:
    ///   - eligible: A bit for each row, 32 to a word; nil for all.
    ///   - rows: Room for `count`.
    ///   - reaches: Room for `count`.
    /// - Returns: How many there are.
    package func scan(
        _ blocks: UnsafeRawPointer, count: Int, eligible: UnsafePointer<UInt32>?, rows: UnsafeMutablePointer<UInt32>,
        reaches: UnsafeMutablePointer<Float>
    ) -> Int {
        withQuery { kernels.code_scan(&$0, blocks.assumingMemoryBound(to: UInt8.self), count, eligible, rows, reaches) }
    }

    /// Of rows that a scan of these blocks kept, moves those to the front that the test keeps now.
    ///
    /// - Returns: How many they are.
    package func sift(
        _ blocks: UnsafeRawPointer, rows: UnsafeMutablePointer<UInt32>, reaches: UnsafeMutablePointer<Float>, count: Int
    ) -> Int {
        let size = CodeKernels.blockSize(width: width, hasAddends: hasAddends)
        return withQuery {
            attune_code_sift(&$0, blocks.assumingMemoryBound(to: UInt8.self), size, rows, reaches, count)
        }
    }

    private func withQuery<R>(_ body: (inout attune_code_query) -> R) -> R {
        tables.withUnsafePointer { tables in
            var query = attune_code_query(
                tables: tables, columns: width / 4, step: step, offset: offset, has_addends: hasAddends ? 1 : 0,
                addend_scale: addendScale, threshold: threshold, spread: spread, rescale_square: rescaleSquare,
                length_square: lengthSquare)
            return body(&query)
        }
    }
}
