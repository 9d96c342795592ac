/// C = alpha·op(A)·op(B) + beta·C, where op transposes if asked to.
///
/// op(A) is `[m, k]`, op(B) `[k, n]`, C `[m, n]`. Through OpenBLAS, one of its threads a call inside our own pool. The work
/// is split by the shapes alone – blocks of C, or when C is small and k long, blocks of k whose products are added in
/// order – so the result has the same bits for any number of threads. With `beta` 0 C may hold anything before.
/// - Complexity: O(m·n·k)
public func multiply(
    _ a: MatrixView<Float>, transposingFirst: Bool = false, _ b: MatrixView<Float>, transposingSecond: Bool = false,
    into c: inout Matrix<Float>, alpha: Float = 1, beta: Float = 0
) {
    let (m, k) = transposingFirst ? (a.columns, a.rows) : (a.rows, a.columns)
    let (inner, n) = transposingSecond ? (b.columns, b.rows) : (b.rows, b.columns)
    precondition(k == inner, "a product of \(m) × \(k) and \(inner) × \(n)")
    precondition(c.rows == m && c.columns == n, "a product of \(m) × \(n) into \(c.rows) × \(c.columns)")
    let operands = ProductOperands(
        a: a, b: b, transposingFirst: transposingFirst, transposingSecond: transposingSecond, alpha: alpha)
    let split = ProductSplit(m: m, n: n, k: k)
    let stride = c.stride
    c.withUnsafeMutablePointer { c in
        if split.innerBlocks == 1 {
            operands.multiply(split, into: c, stride: stride, beta: beta)
        } else {
            operands.multiplyInBlocksOfInner(split, into: c, stride: stride, beta: beta)
        }
    }
}

/// How a product of `[m, k]` and `[k, n]` is cut: by its shape alone.
package struct ProductSplit: Equatable {
    package let m, n, k: Int
    /// Rows of C in a block.
    package let rowGrain: Int
    /// Columns of C in a block.
    package let columnGrain: Int
    /// Elements of the inner dimension in a block.
    package let innerGrain: Int

    package var rowBlocks: Int { rowGrain == 0 ? 0 : (m + rowGrain - 1) / rowGrain }
    package var columnBlocks: Int { columnGrain == 0 ? 0 : (n + columnGrain - 1) / columnGrain }
    package var innerBlocks: Int { max(1, (k + innerGrain - 1) / innerGrain) }

    package init(m: Int, n: Int, k: Int) {
        self.m = m
        self.n = n
        self.k = k
        // Blocks of 256 rows repack B often enough to matter little (one part in 256 of the work); of columns likewise.
        let rowBlocks = max(1, (m + 255) / 256)
        var columnBlocks = max(1, (n + 2047) / 2048)
        var innerGrain = max(1, k)
        // A block of less than about 2 million multiplications is not worth a thread.
        let work = Double(m) * Double(n) * Double(k) / Double(2 << 20)
        let wanted = Int(min(8, work))
        if rowBlocks * columnBlocks < wanted {
            columnBlocks = max(columnBlocks, min(wanted / rowBlocks, n / 96))
        }
        if rowBlocks * columnBlocks < wanted, k >= 1024, m * n <= 1 << 16 {
            // At most 32 partial results, so that their memory stays bounded.
            innerGrain = max(512, ((k + 31) / 32 + 63) / 64 * 64)
            columnBlocks = 1
        }
        rowGrain = Self.grain(m, blocks: innerGrain < k ? 1 : rowBlocks)
        columnGrain = Self.grain(n, blocks: max(1, columnBlocks))
        self.innerGrain = innerGrain
    }

    /// An even share, rounded up to whole 16: the tiles of the fastest kernels.
    private static func grain(_ count: Int, blocks: Int) -> Int {
        min(count, ((count + blocks - 1) / blocks + 15) / 16 * 16)
    }
}
