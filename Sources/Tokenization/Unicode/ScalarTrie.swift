/// A table over all Unicode scalars in blocks of 256: two loads a lookup, blocks of one value are shared.
struct ScalarTrie: Sendable {
    private static let blockSize = 256
    private static let scalarCount = 0x11_0000

    /// Which block of `values` holds the scalars of each block of the code space.
    private var blocks: [UInt16]
    private var values: [UInt16]
    private var sharedBlocks: [UInt16: UInt16] = [0: 0]

    /// A table of zeros.
    init() {
        blocks = Array(repeating: 0, count: ScalarTrie.scalarCount / ScalarTrie.blockSize)
        values = Array(repeating: 0, count: ScalarTrie.blockSize)
    }

    /// The value of a scalar below 0x110000.
    @inline(__always)
    subscript(scalar: UInt32) -> UInt16 {
        values[Int(blocks[Int(scalar >> 8)]) << 8 | Int(scalar & 0xFF)]
    }

    /// Gives a value to scalars that have none yet; whole blocks of one value are stored once.
    mutating func fill(_ range: Range<Int>, with value: UInt16) {
        precondition(range.upperBound <= ScalarTrie.scalarCount, "a scalar is beyond 10FFFF")
        guard value != 0 else { return }
        var scalar = range.lowerBound
        while scalar < range.upperBound {
            let block = scalar / ScalarTrie.blockSize
            let end = min(range.upperBound, (block + 1) * ScalarTrie.blockSize)
            if end - scalar == ScalarTrie.blockSize {
                blocks[block] = sharedBlock(of: value)
            } else {
                if blocks[block] == 0 { blocks[block] = appendBlock(of: 0) }
                let base = Int(blocks[block]) * ScalarTrie.blockSize
                for place in scalar..<end { values[base + place % ScalarTrie.blockSize] = value }
            }
            scalar = end
        }
    }

    private mutating func sharedBlock(of value: UInt16) -> UInt16 {
        if let block = sharedBlocks[value] { return block }
        let block = appendBlock(of: value)
        sharedBlocks[value] = block
        return block
    }

    private mutating func appendBlock(of value: UInt16) -> UInt16 {
        let block = values.count / ScalarTrie.blockSize
        values.append(contentsOf: repeatElement(value, count: ScalarTrie.blockSize))
        return UInt16(block)
    }
}
