import Testing
import VectorMath

@Suite("Memory of large matrices")
struct LargeBlocksTests {
    private static let page = LargeBlocks.minimum

    @Test("is aligned to huge pages and all zeros when fresh")
    func freshBlocks() {
        let blocks = LargeBlocks(limit: 1 << 30)
        let (base, capacity, isFresh) = blocks.take(3 << 20)
        #expect(isFresh && capacity == 4 << 20)
        #expect(Int(bitPattern: base) % Self.page == 0)
        let bytes = UnsafeRawBufferPointer(start: base, count: capacity)
        #expect(bytes.allSatisfy { $0 == 0 })
        blocks.give(base, capacity: capacity)
        #expect(blocks.keptByteCount == 4 << 20)
    }

    @Test("is used again for the same size, not for one much smaller or larger")
    func reuse() {
        let blocks = LargeBlocks(limit: 1 << 30)
        let first = blocks.take(20 << 20)
        blocks.give(first.base, capacity: first.capacity)
        let larger = blocks.take(22 << 20)
        let smaller = blocks.take(10 << 20)
        #expect(larger.isFresh && smaller.isFresh)
        let again = blocks.take(17 << 20)
        #expect(!again.isFresh && again.base == first.base && again.capacity == first.capacity)
        #expect(blocks.keptByteCount == 0)
        for block in [larger, smaller, again] { blocks.give(block.base, capacity: block.capacity) }
        // The best fit wins.
        #expect(blocks.take(21 << 20).base == larger.base)
    }

    @Test("is kept up to a bound; the block that waited longest goes first")
    func bounded() {
        let blocks = LargeBlocks(limit: 5 * Self.page)
        let taken = (0..<3).map { _ in blocks.take(2 * Self.page) }
        for block in taken { blocks.give(block.base, capacity: block.capacity) }
        #expect(blocks.keptByteCount == 4 * Self.page)
        let again = [blocks.take(2 * Self.page), blocks.take(2 * Self.page)]
        #expect(again.map(\.base) == [taken[2].base, taken[1].base])
        for block in again { blocks.give(block.base, capacity: block.capacity) }
        let huge = blocks.take(6 * Self.page)
        blocks.give(huge.base, capacity: huge.capacity)
        #expect(blocks.keptByteCount == 0)
    }

    @Test("rounds sizes up by at most an eighth")
    func roundedSizes() {
        for pages in 1...1000 {
            let rounded = LargeBlocks.roundedUp(pages * Self.page)
            #expect(rounded % Self.page == 0 && rounded >= pages * Self.page)
            #expect(rounded - pages * Self.page <= pages * Self.page / 8)
        }
        #expect(LargeBlocks.roundedUp(1) == Self.page)
        #expect(LargeBlocks.roundedUp(Self.page + 1) == 2 * Self.page)
    }
}

@Suite("Cutting of products")
struct ProductSplitTests {
    @Test("covers the product and stays the same for a shape")
    func covers() {
        var generator = RandomGenerator(seed: 1)
        for _ in 0..<2000 {
            let bounds = [2, 20, 500, 3000, 100_000]
            let size = { (generator: inout RandomGenerator) in generator.below(bounds[generator.below(5)]) }
            let (m, n, k) = (size(&generator), size(&generator), size(&generator))
            let split = ProductSplit(m: m, n: n, k: k)
            #expect(split.rowBlocks * split.rowGrain >= m && split.columnBlocks * split.columnGrain >= n)
            #expect(split.innerBlocks * split.innerGrain >= k)
            #expect(m == 0 || (split.rowBlocks - 1) * split.rowGrain < m)
            #expect(n == 0 || (split.columnBlocks - 1) * split.columnGrain < n)
            #expect(k == 0 || (split.innerBlocks - 1) * split.innerGrain < k)
            if split.innerBlocks > 1 {
                #expect(split.innerBlocks <= 32 && split.rowBlocks * split.columnBlocks == 1)
            }
        }
    }

    @Test("gives several threads work where there is enough of it")
    func givesWork() {
        #expect(ProductSplit(m: 2048, n: 384, k: 384).rowBlocks == 8)
        #expect(ProductSplit(m: 12, n: 1536, k: 384).columnBlocks > 1)
        #expect(ProductSplit(m: 8, n: 384, k: 100_000).innerBlocks > 1)
        #expect(ProductSplit(m: 8, n: 8, k: 100_000).innerBlocks > 1)
        #expect(ProductSplit(m: 64, n: 100_000, k: 384).columnBlocks > 8)
        #expect(ProductSplit(m: 4, n: 8, k: 16) == ProductSplit(m: 4, n: 8, k: 16))
        #expect(ProductSplit(m: 4, n: 8, k: 16).columnBlocks == 1)
    }
}
