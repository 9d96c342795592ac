/// A set of ids to search among: a compressed bitmap.
///
/// Ids are grouped by all but their low 16 bits; a group is a sorted list while it has at most 4096 members and a bitmap of
/// 8 KiB above (Chambi et al., "Better bitmap performance with Roaring bitmaps", 2016, arXiv:1402.6407).
public struct CandidateSet: Equatable, Sendable {
    /// Groups by ascending key, none empty.
    private(set) var groups: [Group] = []

    struct Group: Equatable, Sendable {
        /// The ids' bits from 16 up.
        let key: UInt64
        var members: CandidateGroup
    }

    public init() {}

    /// The set of these ids, in any order.
    public init(_ ids: some Sequence<UInt64>) {
        for id in ids { insert(id) }
    }

    /// How many ids are in the set.
    public var count: Int { groups.reduce(0) { $0 + $1.members.count } }

    public var isEmpty: Bool { groups.isEmpty }

    /// The ids in ascending order.
    public var ids: [UInt64] {
        groups.flatMap { group in group.members.values.map { group.key << 16 | UInt64($0) } }
    }

    /// - Complexity: O(log of the number of groups).
    public func contains(_ id: UInt64) -> Bool {
        let place = place(of: id >> 16)
        return place.exists && groups[place.index].members.contains(UInt16(truncatingIfNeeded: id))
    }

    /// Adds an id; cheapest when ids come in ascending order.
    public mutating func insert(_ id: UInt64) {
        let (index, exists) = place(of: id >> 16)
        if !exists { groups.insert(Group(key: id >> 16, members: CandidateGroup()), at: index) }
        groups[index].members.insert(UInt16(truncatingIfNeeded: id))
    }

    /// The ids that are in either set.
    public func union(_ other: CandidateSet) -> CandidateSet {
        var result = self
        for id in other.ids { result.insert(id) }
        return result
    }

    /// The ids that are in both sets.
    public func intersection(_ other: CandidateSet) -> CandidateSet {
        let (small, large) = count <= other.count ? (self, other) : (other, self)
        return CandidateSet(small.ids.lazy.filter { large.contains($0) })
    }

    /// The ids that are in this set and not in the other.
    public func subtracting(_ other: CandidateSet) -> CandidateSet {
        CandidateSet(ids.lazy.filter { !other.contains($0) })
    }

    private func place(of key: UInt64) -> (index: Int, exists: Bool) {
        if let last = groups.last, last.key <= key {
            return last.key == key ? (groups.count - 1, true) : (groups.count, false)
        }
        let index = groups.firstPlace { $0.key >= key }
        return (index, index < groups.count && groups[index].key == key)
    }
}

extension CandidateSet: ExpressibleByArrayLiteral {
    public init(arrayLiteral ids: UInt64...) { self.init(ids) }
}

/// The members of one group: 16-bit numbers, as a sorted list or as a bitmap.
struct CandidateGroup: Equatable, Sendable {
    static let listLimit = 4096

    private(set) var count = 0
    private var list: [UInt16] = []
    /// Used instead of the list above its limit; bit i of word i / 64.
    private var words: [UInt64] = []

    func contains(_ value: UInt16) -> Bool {
        guard words.isEmpty else { return words[Int(value) >> 6] >> (value & 63) & 1 == 1 }
        let index = list.firstPlace { $0 >= value }
        return index < list.count && list[index] == value
    }

    mutating func insert(_ value: UInt16) {
        guard words.isEmpty else {
            let bit: UInt64 = 1 << UInt64(value & 63)
            if words[Int(value) >> 6] & bit == 0 { count += 1 }
            words[Int(value) >> 6] |= bit
            return
        }
        let index = list.last.map { $0 < value } ?? true ? list.count : list.firstPlace { $0 >= value }
        if index < list.count, list[index] == value { return }
        list.insert(value, at: index)
        count += 1
        if count > Self.listLimit { becomeBitmap() }
    }

    /// In ascending order.
    var values: [UInt16] {
        guard !words.isEmpty else { return list }
        var values: [UInt16] = []
        values.reserveCapacity(count)
        for (index, word) in words.enumerated() {
            var rest = word
            while rest != 0 {
                values.append(UInt16(index << 6 + rest.trailingZeroBitCount))
                rest &= rest - 1
            }
        }
        return values
    }

    /// The members as a bitmap of 1024 words.
    var bitmap: [UInt64] {
        guard words.isEmpty else { return words }
        var words = [UInt64](repeating: 0, count: 1024)
        for value in list { words[Int(value) >> 6] |= 1 << (value & 63) }
        return words
    }

    private mutating func becomeBitmap() {
        words = bitmap
        list = []
    }
}

extension RandomAccessCollection {
    /// The first index whose element fulfils a condition that, once true, stays true; the end where none does.
    func firstPlace(where condition: (Element) -> Bool) -> Index {
        var (low, length) = (startIndex, count)
        while length > 0 {
            let half = length / 2
            let middle = index(low, offsetBy: half)
            if condition(self[middle]) {
                length = half
            } else {
                low = index(after: middle)
                length -= half + 1
            }
        }
        return low
    }
}
