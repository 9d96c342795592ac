internal import Synchronization
internal import VectorMath

/// Memory for the blocks of one store: all of one size, cut from large arenas, used again.
final class RowPool: Sendable {
    let blockSize: Int
    private let state = Mutex(State())

    private struct State: @unchecked Sendable {
        var arenas: [Arena] = []
        var free: [UnsafeMutablePointer<UInt8>] = []
        var blockCount = 0
    }

    /// The most that is asked of the system at once.
    private static let largestArena = 64 << 20

    init(blockSize: Int) {
        precondition(blockSize > 0 && blockSize % 64 == 0, "blocks of \(blockSize) bytes")
        self.blockSize = blockSize
    }

    fileprivate func take() -> UnsafeMutablePointer<UInt8> {
        let base = state.withLock { state in
            if state.free.isEmpty {
                // As much as there is already, so that small stores stay small.
                let most = max(1, Self.largestArena / blockSize)
                let count = min(most, max(state.blockCount, 1))
                let arena = Arena(byteCount: count * blockSize)
                for _ in 0..<count { state.free.append(arena.take(UInt8.self, count: blockSize)) }
                state.free.reverse()
                state.arenas.append(arena)
                state.blockCount += count
            }
            return state.free.removeLast()
        }
        return base
    }

    fileprivate func give(_ base: UnsafeMutablePointer<UInt8>) {
        state.withLock { $0.free.append(base) }
    }
}

/// Some rows. Whoever holds it alone may write them, unless they are a file's.
final class RowBlock: @unchecked Sendable {
    fileprivate let base: UnsafeMutablePointer<UInt8>
    /// The bytes that may be read.
    fileprivate let byteCount: Int
    private let pool: RowPool?
    private let owner: AnyObject?

    fileprivate var isFiled: Bool { pool == nil }

    fileprivate init(_ pool: RowPool) {
        (self.pool, owner) = (pool, nil)
        base = pool.take()
        byteCount = pool.blockSize
    }

    /// A part of a file.
    fileprivate init(_ base: UnsafeRawPointer, byteCount: Int, owner: AnyObject) {
        (pool, self.owner, self.byteCount) = (nil, owner, byteCount)
        self.base = UnsafeMutableRawPointer(mutating: base).assumingMemoryBound(to: UInt8.self)
    }

    deinit { pool?.give(base) }
}

/// Where the blocks are, for C.
final class RowTable: @unchecked Sendable {
    fileprivate let bases: UnsafeMutablePointer<UnsafeMutablePointer<UInt8>>

    fileprivate init(_ blocks: [RowBlock]) {
        bases = .allocate(capacity: max(1, blocks.count))
        for (index, block) in blocks.enumerated() { (bases + index).initialize(to: block.base) }
    }

    deinit { bases.deallocate() }
}

/// Rows of bytes in blocks that copies share until one is written.
struct RowStore: Sendable {
    let rowSize: Int
    /// A block has 1 << shift rows.
    let shift: Int
    private let pool: RowPool
    private var blocks: [RowBlock] = []
    private var table: RowTable

    /// About so large is a block, unless a row is larger.
    private static let blockBytes = 1 << 18

    init(rowSize: Int) {
        self.rowSize = rowSize
        var shift = 0
        while rowSize << (shift + 1) <= Self.blockBytes { shift += 1 }
        self.shift = shift
        pool = RowPool(blockSize: ((rowSize << shift) + 63) / 64 * 64)
        table = RowTable([])
    }

    /// The rows of a file that its owner has in memory; one that is written becomes a copy.
    init(_ base: UnsafeRawPointer, rowSize: Int, count: Int, owner: AnyObject) {
        self.init(rowSize: rowSize)
        let size = rowSize << shift
        blocks = stride(from: 0, to: count * rowSize, by: size).map {
            RowBlock(base + $0, byteCount: min(size, count * rowSize - $0), owner: owner)
        }
        table = RowTable(blocks)
    }

    /// The bytes of a row of float32 vectors.
    static func vectorSize(dimension: Int) -> Int { (4 * dimension + 63) / 64 * 64 }

    /// How many rows there is room for.
    var capacity: Int { blocks.count << shift }

    /// The bytes of all blocks.
    var byteCount: Int { blocks.count * pool.blockSize }

    /// How many blocks are the same memory in both.
    func sharedBlocks(with other: RowStore) -> Int {
        zip(blocks, other.blocks).reduce(0) { $0 + ($1.0 === $1.1 ? 1 : 0) }
    }

    var blockCount: Int { blocks.count }

    /// Makes room for rows up to a number.
    mutating func grow(to count: Int) {
        guard count > capacity else { return }
        while capacity < count { blocks.append(RowBlock(pool)) }
        table = RowTable(blocks)
    }

    /// Gives back blocks that no row below a number is in.
    mutating func shrink(to count: Int) {
        let needed = (count + (1 << shift) - 1) >> shift
        guard needed < blocks.count else { return }
        blocks.removeLast(blocks.count - needed)
        table = RowTable(blocks)
    }

    /// Gives these rows memory of their own, that they may be written.
    mutating func makeWritable(_ rows: some Sequence<UInt32>) {
        var isNeeded = [Bool](repeating: false, count: blocks.count)
        for row in rows { isNeeded[Int(row) >> shift] = true }
        var hasChanged = false
        for index in blocks.indices
        where isNeeded[index] && (blocks[index].isFiled || !isKnownUniquelyReferenced(&blocks[index])) {
            let copy = RowBlock(pool)
            copy.base.update(from: blocks[index].base, count: min(rowSize << shift, blocks[index].byteCount))
            blocks[index] = copy
            hasChanged = true
        }
        if hasChanged { table = RowTable(blocks) }
    }

    /// Lends the table of the blocks; it and what it points at live as long as this store.
    var bases: UnsafePointer<UnsafeMutablePointer<UInt8>> { UnsafePointer(table.bases) }

    /// Where a row begins. It lives as long as this store; who writes it has made it writable.
    func row(_ index: Int) -> UnsafeMutableRawPointer {
        precondition(index >= 0 && index < capacity, "row \(index) of \(capacity)")
        return UnsafeMutableRawPointer(table.bases[index >> shift] + (index & (1 << shift - 1)) * rowSize)
    }
}
