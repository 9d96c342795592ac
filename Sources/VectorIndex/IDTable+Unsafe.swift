/// The ascending ids of a segment's rows, in memory or in a mapped file.
///
/// What it points at does not change, and its owner lives as long as the table.
struct IDTable: @unchecked Sendable {
    private let base: UnsafePointer<UInt64>
    let count: Int
    private let owner: AnyObject

    /// - Parameter base: Numbers in the byte order of the file, which is that of every processor we run on.
    init(base: UnsafePointer<UInt64>, count: Int, owner: AnyObject) {
        self.base = base
        self.count = count
        self.owner = owner
    }

    init(_ ids: [UInt64]) {
        let memory = Memory(ids)
        self.init(base: UnsafePointer(memory.base), count: ids.count, owner: memory)
    }

    /// The id of a row.
    subscript(row: Int) -> UInt64 {
        precondition(row >= 0 && row < count, "row \(row) of \(count)")
        return UInt64(littleEndian: base[row])
    }

    /// The first row from `start` on whose id is at least `id`: near rows are found in few steps.
    func firstRow(from start: Int, atLeast id: UInt64) -> Int {
        var (low, step) = (start, 1)
        while low + step <= count, self[low + step - 1] < id {
            low += step
            step *= 2
        }
        return (low..<min(count, low + step - 1)).firstPlace { self[$0] >= id }
    }

    private final class Memory: @unchecked Sendable {
        let base: UnsafeMutablePointer<UInt64>

        init(_ ids: [UInt64]) {
            base = .allocate(capacity: max(1, ids.count))
            for (row, id) in ids.enumerated() { (base + row).initialize(to: id.littleEndian) }
        }

        deinit { base.deallocate() }
    }
}
