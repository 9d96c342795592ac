internal import VectorMath

/// The memory of one search at a time.
final class PartitionScratch: @unchecked Sendable {
    let width: Int
    /// A placed query or vector.
    let vector: UnsafeMutablePointer<Float>
    let numbers: UnsafeMutablePointer<Float>
    let tables: UnsafeMutablePointer<UInt8>
    let bytes: UnsafeMutablePointer<Int8>
    private(set) var estimates: UnsafeMutablePointer<Float>
    private(set) var order: UnsafeMutablePointer<PartitionEntry>
    /// Distances of centres, by partition, where they were probed.
    private(set) var bases: UnsafeMutablePointer<Float>
    private(set) var best: UnsafeMutablePointer<ExtendedEntry>
    private var partitions = 0
    private var limit = 0

    init(width: Int) {
        self.width = width
        (vector, numbers) = (.allocate(capacity: width), .allocate(capacity: width))
        (tables, bytes) = (.allocate(capacity: 4 * width), .allocate(capacity: width))
        (estimates, order) = (.allocate(capacity: 1), .allocate(capacity: 1))
        (bases, best) = (.allocate(capacity: 1), .allocate(capacity: 1))
    }

    /// Makes room for searches of so many partitions that keep so many vectors.
    func prepare(partitions: Int, limit: Int) {
        if partitions > self.partitions {
            self.partitions = partitions
            estimates.deallocate()
            order.deallocate()
            bases.deallocate()
            estimates = .allocate(capacity: PartitionRows.room(partitions: partitions))
            (order, bases) = (.allocate(capacity: partitions), .allocate(capacity: partitions))
        }
        if limit > self.limit {
            self.limit = limit
            best.deallocate()
            best = .allocate(capacity: limit)
        }
    }

    deinit {
        vector.deallocate()
        numbers.deallocate()
        tables.deallocate()
        bytes.deallocate()
        estimates.deallocate()
        order.deallocate()
        bases.deallocate()
        best.deallocate()
    }
}

/// Scratch memory that waits for the next search: about one for each thread that searched at once.
final class PartitionScratchPool: Sendable {
    private let width: Int
    private let waiting = Guarded<[PartitionScratch]>([])

    init(width: Int) { self.width = width }

    func use<R, Failure: Error>(
        partitions: Int, limit: Int, _ body: (PartitionScratch) throws(Failure) -> R
    ) throws(Failure) -> R {
        let scratch = waiting.withLock { $0.popLast() } ?? PartitionScratch(width: width)
        scratch.prepare(partitions: partitions, limit: limit)
        defer { waiting.withLock { $0.append(scratch) } }
        return try body(scratch)
    }
}
