internal import Glibc

/// Memory for large matrices: blocks on huge pages, kept for the next matrix of about the same size.
///
/// Training allocates the same few sizes at every step; taking them from the operating system each time costs a page
/// fault for every page. A block is reused for a request of at least four fifths of its size. Kept blocks are bounded in
/// sum; beyond the bound the one that waited longest is given back.
package final class LargeBlocks: Sendable {
    /// The smallest size that is served from here: one huge page.
    package static let minimum = 2 << 20

    static let shared = LargeBlocks(limit: 1 << 30)

    private struct Block: @unchecked Sendable {
        let base: UnsafeMutableRawPointer
        let capacity: Int
    }

    private struct Kept {
        /// The one that waited longest first.
        var blocks: [Block] = []
        var byteCount = 0
    }

    private let limit: Int
    private let kept = Guarded(Kept())

    /// An empty store that keeps at most `limit` bytes.
    package init(limit: Int) {
        self.limit = limit
    }

    /// The bytes kept for reuse now.
    package var keptByteCount: Int { kept.withLock { $0.byteCount } }

    /// A block of at least `byteCount` bytes, aligned to a huge page; `isFresh` when it is still all zeros.
    package func take(_ byteCount: Int) -> (base: UnsafeMutableRawPointer, capacity: Int, isFresh: Bool) {
        let wanted = Self.roundedUp(byteCount)
        let found: Block? = kept.withLock { kept in
            var best: Int?
            for index in kept.blocks.indices.reversed() {
                let capacity = kept.blocks[index].capacity
                guard capacity >= wanted, capacity - wanted <= capacity / 5 else { continue }
                if best.map({ kept.blocks[$0].capacity > capacity }) ?? true { best = index }
                if capacity == wanted { break }
            }
            guard let best else { return nil }
            kept.byteCount -= kept.blocks[best].capacity
            return kept.blocks.remove(at: best)
        }
        if let found { return (found.base, found.capacity, false) }
        return (Self.map(wanted), wanted, true)
    }

    /// Takes a block back.
    package func give(_ base: UnsafeMutableRawPointer, capacity: Int) {
        let dropped: [Block] = kept.withLock { kept in
            kept.blocks.append(Block(base: base, capacity: capacity))
            kept.byteCount += capacity
            var count = 0
            while kept.byteCount > limit {
                kept.byteCount -= kept.blocks[count].capacity
                count += 1
            }
            defer { kept.blocks.removeFirst(count) }
            return Array(kept.blocks.prefix(count))
        }
        for block in dropped { munmap(block.base, block.capacity) }
    }

    /// The size rounded up to whole huge pages, and from 16 of them on to an eighth of its power of two, so that sizes
    /// that differ little share blocks.
    package static func roundedUp(_ byteCount: Int) -> Int {
        let pages = (byteCount + minimum - 1) / minimum
        guard pages > 16 else { return pages * minimum }
        let step = 1 << (Int.bitWidth - 1 - pages.leadingZeroBitCount - 3)
        return (pages + step - 1) / step * step * minimum
    }

    /// Fresh zeros from the operating system, aligned to a huge page.
    private static func map(_ byteCount: Int) -> UnsafeMutableRawPointer {
        // One huge page more than needed, so that an aligned run is inside; the ends are given back at once.
        let total = byteCount + minimum
        guard let start = mmap(nil, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            start != UnsafeMutableRawPointer(bitPattern: -1)
        else { fatalError("out of memory: no \(byteCount) bytes for a matrix") }
        let head = (minimum - Int(bitPattern: start) % minimum) % minimum
        let base = start + head
        if head > 0 { munmap(start, head) }
        if total - head - byteCount > 0 { munmap(base + byteCount, total - head - byteCount) }
        madvise(base, byteCount, MADV_HUGEPAGE)
        return base
    }
}
