/// Which rows of a segment take part: a plain bitmap.
struct PositionSet: Sendable {
    /// Bit i of word j is position 64·j + i.
    private(set) var words: [UInt64]
    private(set) var count = 0
    let capacity: Int

    init(capacity: Int) {
        self.capacity = capacity
        words = [UInt64](repeating: 0, count: (capacity + 63) / 64)
    }

    func contains(_ position: Int) -> Bool { words[position >> 6] >> (position & 63) & 1 == 1 }

    mutating func insert(_ position: Int) {
        precondition(position < capacity)
        if !contains(position) { count += 1 }
        words[position >> 6] |= 1 << (position & 63)
    }

    mutating func remove(_ position: Int) {
        if contains(position) { count -= 1 }
        words[position >> 6] &= ~(1 << (position & 63))
    }

    /// Takes out the positions of another set of the same capacity.
    mutating func subtract(_ other: PositionSet) {
        precondition(other.capacity == capacity)
        for index in words.indices { words[index] &= ~other.words[index] }
        count = words.reduce(0) { $0 + $1.nonzeroBitCount }
    }

    /// Inserts a bitmap's members: its bit `low` stands for the range's first position, the next for the next.
    mutating func insert(_ bitmap: [UInt64], from low: Int, at range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= capacity && low + range.count <= 64 * bitmap.count)
        var position = range.lowerBound
        while position < range.upperBound {
            let end = min(range.upperBound, (position >> 6 + 1) << 6)
            let bit = low + position - range.lowerBound
            var word = bitmap[bit >> 6] >> UInt64(bit & 63)
            if bit & 63 != 0, bit >> 6 + 1 < bitmap.count { word |= bitmap[bit >> 6 + 1] << UInt64(64 - bit & 63) }
            if end - position < 64 { word &= (1 << UInt64(end - position)) - 1 }
            word = word << UInt64(position & 63) & ~words[position >> 6]
            count += word.nonzeroBitCount
            words[position >> 6] |= word
            position = end
        }
    }

    /// Every position that is not in the set.
    var complement: PositionSet {
        var result = self
        for index in words.indices { result.words[index] = ~words[index] }
        if capacity & 63 != 0 { result.words[words.count - 1] &= 1 << (capacity & 63) - 1 }
        result.count = capacity - count
        return result
    }

    /// How many positions of the range are in the set.
    func count(in range: Range<Int>) -> Int {
        var count = 0
        var position = range.lowerBound
        while position < range.upperBound {
            let end = min(range.upperBound, (position >> 6 + 1) << 6)
            count += word(from: position, to: end).nonzeroBitCount
            position = end
        }
        return count
    }

    /// The longest runs of consecutive members within a range, ascending.
    func runs(in range: Range<Int>) -> [Range<Int>] {
        var runs: [Range<Int>] = []
        var position = range.lowerBound
        while position < range.upperBound {
            let end = min(range.upperBound, (position >> 6 + 1) << 6)
            var rest = word(from: position, to: end)
            let base = position & ~63
            while rest != 0 {
                let start = rest.trailingZeroBitCount
                let length = (~(rest >> start)).trailingZeroBitCount
                let run = base + start..<base + start + length
                if let last = runs.last, last.upperBound == run.lowerBound {
                    runs[runs.count - 1] = last.lowerBound..<run.upperBound
                } else {
                    runs.append(run)
                }
                rest &= start + length == 64 ? 0 : ~0 << (start + length)
            }
            position = end
        }
        return runs
    }

    /// The bits of `start..<end`, which lie in one word, in their places; the others 0.
    private func word(from start: Int, to end: Int) -> UInt64 {
        let low = (~0 as UInt64) << (start & 63)
        let high = end & 63 == 0 ? ~0 : ((1 as UInt64) << (end & 63)) - 1
        return words[start >> 6] & low & high
    }
}
