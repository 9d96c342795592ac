/// Damaged copies of a well-formed file, for readers that must refuse them and never crash.
public enum HostileFiles {
    /// The file cut short before each of its bytes.
    public static func truncations(of bytes: [UInt8]) -> [[UInt8]] {
        bytes.indices.map { Array(bytes[..<$0]) }
    }

    /// The file with one byte changed, at each of the places, to each of several values.
    public static func corruptions(of bytes: [UInt8], in range: Range<Int>) -> [[UInt8]] {
        let values: [UInt8] = [0x00, 0x01, 0x20, 0x2C, 0x2D, 0x30, 0x39, 0x7B, 0x7D, 0x22, 0x5C, 0x7F, 0x80, 0xFF]
        return range.flatMap { place in
            values.filter { $0 != bytes[place] }.map { value in
                var copy = bytes
                copy[place] = value
                return copy
            }
        }
    }
}
