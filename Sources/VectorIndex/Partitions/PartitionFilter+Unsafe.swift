internal import VectorMath

/// The candidates of a call as bits of slots, made where a search comes to them, or for all of them at once.
final class PartitionFilter: @unchecked Sendable {
    let candidates: CandidateSet
    let count: Int
    /// A bit for each slot of all partitions, each from a word of its own on.
    private let words: UnsafeMutablePointer<UInt32>
    private let starts: [Int]
    /// Which partitions are done, and those of them that have candidates once all are known.
    private let state: Guarded<(done: [Bool], holders: [Int]?)>

    init(_ candidates: CandidateSet, bodies: [PartitionBody]) {
        self.candidates = candidates
        count = candidates.count
        var (starts, end) = ([Int](), 0)
        for body in bodies {
            starts.append(end)
            end += (body.count + 31) / 32
        }
        self.starts = starts
        words = .allocate(capacity: max(1, end))
        words.initialize(repeating: 0, count: end)
        state = Guarded(([Bool](repeating: false, count: bodies.count), nil))
    }

    deinit { words.deallocate() }

    /// The bits of partitions, whose bodies are checked.
    func masks(
        _ probes: UnsafePointer<PartitionEntry>, count: Int, in index: PartitionState
    ) -> [UnsafePointer<UInt32>?] {
        state.withLock { state in
            (0..<count).map { place in
                let partition = Int(probes[place].partition)
                let mask = words + starts[partition]
                if !state.done[partition] {
                    let body = index.bodies[partition]
                    for slot in 0..<body.count where candidates.contains(body.id(slot)) {
                        mask[slot >> 5] |= 1 << UInt32(slot & 31)
                    }
                    state.done[partition] = true
                }
                return UnsafePointer(mask)
            }
        }
    }

    /// How many of the slots of partitions whose bits are made are candidates.
    func count(_ probes: UnsafePointer<PartitionEntry>, _ number: Int, in index: PartitionState) -> Int {
        (0..<number).reduce(0) { sum, place in
            let partition = Int(probes[place].partition)
            let mask = words + starts[partition]
            return sum + (0..<(index.bodies[partition].count + 31) / 32).reduce(0) { $0 + mask[$1].nonzeroBitCount }
        }
    }

    /// Looks every candidate up; returns the partitions that have some, ascending. Their bits are all that other calls then need.
    func holders(in index: PartitionState) throws(VectorIndexError) -> [Int] {
        try state.withLock { (state) throws(VectorIndexError) in
            if let holders = state.holders { return holders }
            var ids: [Int: [UInt64]] = [:]
            for id in candidates.ids {
                if let partition = index.table[id] { ids[Int(partition), default: []].append(id) }
            }
            let holders = ids.keys.sorted()
            for partition in holders where !state.done[partition] {
                try index.file?.check(partition: partition)
                let body = index.bodies[partition]
                let mask = words + starts[partition]
                for id in ids[partition] ?? [] {
                    if let slot = body.slot(of: id) { mask[slot >> 5] |= 1 << UInt32(slot & 31) }
                }
                state.done[partition] = true
            }
            state.holders = holders
            return holders
        }
    }
}
