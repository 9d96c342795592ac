/// The best few of a stream of scored ids: a heap with the worst of them on top.
///
/// The order is total (larger key first, then the lower id), so what is kept does not depend on the order of the stream.
struct TopNeighbours: Sendable {
    struct Entry: Equatable, Sendable {
        /// Larger is nearer, never NaN.
        var key: Float
        var id: UInt64

        func precedes(_ other: Entry) -> Bool { key != other.key ? key > other.key : id < other.id }
    }

    let limit: Int
    private(set) var entries: [Entry] = []

    /// - Parameter limit: How many are kept, at least 1.
    init(limit: Int) {
        self.limit = limit
    }

    /// What is below this key cannot enter.
    var threshold: Float { entries.count < limit ? -.infinity : entries[0].key }

    mutating func offer(_ key: Float, id: UInt64) {
        let entry = Entry(key: key, id: id)
        if entries.count < limit {
            entries.append(entry)
            siftUp(entries.count - 1)
        } else if entry.precedes(entries[0]) {
            entries[0] = entry
            siftDown(0)
        }
    }

    /// The first `limit` of several streams, in order.
    static func merging(_ parts: [TopNeighbours], limit: Int) -> ArraySlice<Entry> {
        var all = parts.flatMap(\.entries)
        all.sort { $0.precedes($1) }
        return all.prefix(limit)
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard entries[parent].precedes(entries[child]) else { return }
            entries.swapAt(parent, child)
            child = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var parent = start
        while true {
            let left = 2 * parent + 1
            guard left < entries.count else { return }
            let right = left + 1
            let worst = right < entries.count && entries[left].precedes(entries[right]) ? right : left
            guard entries[parent].precedes(entries[worst]) else { return }
            entries.swapAt(parent, worst)
            parent = worst
        }
    }
}
