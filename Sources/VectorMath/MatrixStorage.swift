/// The memory of one matrix: bytes aligned to 64, given back when the last matrix or view of it goes.
///
/// Writes happen only while one matrix alone refers to the object, so it may pass between threads.
@usableFromInline final class MatrixStorage: @unchecked Sendable {
    @usableFromInline let base: UnsafeMutableRawPointer
    private let capacity: Int

    /// Memory for `byteCount` bytes; what is in it is anything, unless `zeroed`.
    init(byteCount: Int, zeroed: Bool) {
        if byteCount >= LargeBlocks.minimum {
            let (base, capacity, isFresh) = LargeBlocks.shared.take(byteCount)
            self.base = base
            self.capacity = capacity
            if zeroed && !isFresh { base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount) }
        } else {
            capacity = Swift.max(byteCount, 64)
            base = .allocate(byteCount: capacity, alignment: 64)
            if zeroed { base.initializeMemory(as: UInt8.self, repeating: 0, count: capacity) }
        }
    }

    deinit {
        if capacity >= LargeBlocks.minimum {
            LargeBlocks.shared.give(base, capacity: capacity)
        } else {
            base.deallocate()
        }
    }
}
