/// Decoding of single characters from UTF-8 bytes that are known to be valid.
///
/// Bytes that are not valid give wrong characters but no access outside of the bytes, and no scalar above 10FFFF.
extension Span<UInt8> {
    /// The character that begins at a byte, and how many bytes it has.
    @inline(__always)
    func character(at index: Int) -> (scalar: UInt32, length: Int) {
        let first = UInt32(self[index])
        if first < 0x80 { return (first, 1) }
        let length = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
        guard index + length <= count else { return (0xFFFD, 1) }
        switch length {
        case 2: return ((first & 0x1F) << 6 | trailing(index + 1), 2)
        case 3: return ((first & 0x0F) << 12 | trailing(index + 1) << 6 | trailing(index + 2), 3)
        default:
            let high = (first & 0x07) << 18 | trailing(index + 1) << 12
            return (Swift.min(high | trailing(index + 2) << 6 | trailing(index + 3), 0x10_FFFF), 4)
        }
    }

    /// The character that ends before a byte other than the first, and how many bytes it has.
    func character(endingAt end: Int) -> (scalar: UInt32, length: Int) {
        var start = end - 1
        while start > 0, end - start < 4, self[start] & 0xC0 == 0x80 { start -= 1 }
        return (character(at: start).scalar, end - start)
    }

    @inline(__always)
    private func trailing(_ index: Int) -> UInt32 { UInt32(self[index] & 0x3F) }
}

extension [UInt8] {
    /// Appends the UTF-8 bytes of a scalar.
    mutating func append(scalar: UInt32) {
        switch scalar {
        case 0..<0x80: append(UInt8(scalar))
        case 0x80..<0x800:
            append(UInt8(0xC0 | scalar >> 6))
            append(UInt8(0x80 | scalar & 0x3F))
        case 0x800..<0x1_0000:
            append(UInt8(0xE0 | scalar >> 12))
            append(UInt8(0x80 | scalar >> 6 & 0x3F))
            append(UInt8(0x80 | scalar & 0x3F))
        default:
            append(UInt8(0xF0 | scalar >> 18))
            append(UInt8(0x80 | scalar >> 12 & 0x3F))
            append(UInt8(0x80 | scalar >> 6 & 0x3F))
            append(UInt8(0x80 | scalar & 0x3F))
        }
    }
}
