/// A message in the encoding of protocol buffers, as far as event files need it
/// (https://protobuf.dev/programming-guides/encoding).
struct ProtocolBuffer {
    private(set) var bytes: [UInt8] = []

    private enum WireType: UInt64 {
        case variable = 0
        case eightBytes = 1
        case lengthPrefixed = 2
        case fourBytes = 5
    }

    mutating func add(_ value: Double, field: Int) {
        addKey(field, .eightBytes)
        bytes.append(littleEndian: value.bitPattern)
    }

    mutating func add(_ value: Float, field: Int) {
        addKey(field, .fourBytes)
        bytes.append(littleEndian: value.bitPattern)
    }

    mutating func add(_ value: Int, field: Int) {
        addKey(field, .variable)
        addVariable(UInt64(bitPattern: Int64(value)))
    }

    mutating func add(_ value: String, field: Int) { add(Array(value.utf8), field: field) }

    mutating func add(_ message: ProtocolBuffer, field: Int) { add(message.bytes, field: field) }

    private mutating func add(_ value: [UInt8], field: Int) {
        addKey(field, .lengthPrefixed)
        addVariable(UInt64(value.count))
        bytes += value
    }

    private mutating func addKey(_ field: Int, _ type: WireType) {
        addVariable(UInt64(field) << 3 | type.rawValue)
    }

    /// Seven bits a byte, the lowest first; the eighth says that more follow.
    private mutating func addVariable(_ value: UInt64) {
        var value = value
        while value >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: value) | 0x80)
            value >>= 7
        }
        bytes.append(UInt8(value))
    }

    /// The last number of a field of variable length in an encoded message; 0, which is not written, where it is not there.
    /// Nil where the bytes are no message.
    static func number(field: Int, of bytes: ArraySlice<UInt8>) -> Int? {
        var rest = bytes
        var found: UInt64 = 0
        while !rest.isEmpty {
            guard let key = rest.popVariable(), let type = WireType(rawValue: key & 7) else { return nil }
            let length: UInt64
            switch type {
            case .variable:
                guard let value = rest.popVariable() else { return nil }
                if key >> 3 == UInt64(field) { found = value }
                continue
            case .eightBytes: length = 8
            case .fourBytes: length = 4
            case .lengthPrefixed:
                guard let value = rest.popVariable() else { return nil }
                length = value
            }
            guard length <= UInt64(rest.count) else { return nil }
            rest = rest.dropFirst(Int(length))
        }
        return Int(exactly: Int64(bitPattern: found))
    }
}

extension ArraySlice<UInt8> {
    fileprivate mutating func popVariable() -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard let byte = popFirst() else { return nil }
            guard shift < 63 || byte <= 1 else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
        }
        return nil
    }
}

extension [UInt8] {
    mutating func append<Value: FixedWidthInteger>(littleEndian value: Value) {
        for shift in stride(from: 0, to: Value.bitWidth, by: 8) {
            append(UInt8(truncatingIfNeeded: value >> Value(shift)))
        }
    }
}
