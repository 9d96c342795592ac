/// Numbers looked up by byte strings: open addressing with linear probing, over bytes that the caller keeps.
///
/// Lookup is O(length of the key) and touches one cache line of the table, and the bytes where the key is there.
struct ByteStringTable: Sendable {
    /// FNV-1a over the key's bytes, so that the hashes of all prefixes of a text cost one pass.
    ///
    /// Source: Fowler, Noll and Vo, draft-eastlake-fnv.
    struct Hash {
        private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

        @inline(__always)
        mutating func combine(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }

        /// The high bits of FNV are poor for short keys.
        @inline(__always)
        fileprivate var mixed: UInt64 { (value ^ value >> 32) &* 0x9E37_79B9_7F4A_7C15 }
    }

    private struct Slot {
        var tag: UInt32 = 0
        var start: UInt32 = 0
        /// 0 marks a free slot; keys are stored with their length plus one.
        var lengthPlusOne: UInt32 = 0
        var value: Int32 = 0
    }

    private var slots: [Slot]
    private let shift: UInt64
    private(set) var count = 0

    /// The longest key, in bytes.
    private(set) var maximumLength = 0

    /// A table that holds `capacity` keys.
    init(capacity: Int) {
        var bits = 4
        while 1 << bits < capacity * 2 { bits += 1 }
        slots = Array(repeating: Slot(), count: 1 << bits)
        shift = UInt64(64 - bits)
    }

    /// Adds a key; returns the value that it has already, if so, and changes nothing then.
    ///
    /// - Parameter key: Where the key is in `bytes`; the same bytes must be there at each lookup.
    mutating func insert(_ key: Range<Int>, in bytes: [UInt8], value: Int32) -> Int32? {
        precondition(count < slots.count / 2, "a byte string table is full")
        var hash = Hash()
        for byte in bytes[key] { hash.combine(byte) }
        let mixed = hash.mixed
        var place = Int(truncatingIfNeeded: mixed >> shift)
        while slots[place].lengthPlusOne != 0 {
            let slot = slots[place]
            let start = Int(slot.start)
            if Int(slot.lengthPlusOne) - 1 == key.count, bytes[start..<start + key.count].elementsEqual(bytes[key]) {
                return slot.value
            }
            place = (place + 1) & (slots.count - 1)
        }
        slots[place] = Slot(
            tag: UInt32(truncatingIfNeeded: mixed), start: UInt32(key.lowerBound),
            lengthPlusOne: UInt32(key.count + 1), value: value)
        count += 1
        maximumLength = max(maximumLength, key.count)
        return nil
    }

    /// The value of the key that is in `text` at `range`; -1 where it is not in the table.
    ///
    /// - Parameters:
    ///   - hash: Of exactly these bytes.
    ///   - bytes: What the keys were inserted from.
    @inline(__always)
    func value(of text: Span<UInt8>, _ range: Range<Int>, hash: Hash, in bytes: [UInt8]) -> Int32 {
        let mixed = hash.mixed
        let tag = UInt32(truncatingIfNeeded: mixed)
        var place = Int(truncatingIfNeeded: mixed >> shift)
        while true {
            let slot = slots[place]
            if slot.lengthPlusOne == 0 { return -1 }
            if slot.tag == tag, Int(slot.lengthPlusOne) == range.count + 1 {
                let start = Int(slot.start)
                var offset = 0
                while offset < range.count, bytes[start + offset] == text[range.lowerBound + offset] { offset += 1 }
                if offset == range.count { return slot.value }
            }
            place = (place + 1) & (slots.count - 1)
        }
    }
}
