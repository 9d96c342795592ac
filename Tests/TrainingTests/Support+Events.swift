import Files

/// A reader of event files that accepts nothing but what the format says.
enum EventReader {
    struct Event: Equatable {
        var wallTime = 0.0
        var step = 0
        var fileVersion: String?
        var scalars: [String: Float] = [:]
    }

    struct Refusal: Error, CustomStringConvertible {
        let description: String
    }

    static func read(_ bytes: [UInt8]) throws -> [Event] {
        var rest = bytes[...]
        var events: [Event] = []
        while !rest.isEmpty {
            let length = try take(8, of: &rest)
            guard masked(length) == number(try take(4, of: &rest)) else {
                throw Refusal(description: "length's checksum")
            }
            let data = try take(Int(number(length)), of: &rest)
            guard masked(data) == number(try take(4, of: &rest)) else { throw Refusal(description: "data's checksum") }
            events.append(try event(data))
        }
        return events
    }

    private static func event(_ data: ArraySlice<UInt8>) throws -> Event {
        var event = Event()
        try fields(data) { field, value in
            switch (field, value) {
            case (1, .eight(let bits)): event.wallTime = Double(bitPattern: bits)
            case (2, .variable(let value)): event.step = Int(value)
            case (3, .bytes(let bytes)): event.fileVersion = String(decoding: bytes, as: UTF8.self)
            case (5, .bytes(let summary)):
                try fields(summary) { field, value in
                    guard field == 1, case .bytes(let bytes) = value else {
                        throw Refusal(description: "summary field \(field)")
                    }
                    var (tag, scalar): (String?, Float?)
                    try fields(bytes) { field, value in
                        switch (field, value) {
                        case (1, .bytes(let bytes)): tag = String(decoding: bytes, as: UTF8.self)
                        case (2, .four(let bits)): scalar = Float(bitPattern: bits)
                        default: throw Refusal(description: "value field \(field)")
                        }
                    }
                    guard let tag, let scalar, event.scalars.updateValue(scalar, forKey: tag) == nil else {
                        throw Refusal(description: "a value lacks its tag or its number, or is there twice")
                    }
                }
            default: throw Refusal(description: "event field \(field)")
            }
        }
        return event
    }

    private enum Value {
        case variable(UInt64), eight(UInt64), four(UInt32), bytes(ArraySlice<UInt8>)
    }

    private static func fields(_ data: ArraySlice<UInt8>, _ body: (UInt64, Value) throws -> Void) throws {
        var rest = data
        while !rest.isEmpty {
            let key = try variable(&rest)
            switch key & 7 {
            case 0: try body(key >> 3, .variable(try variable(&rest)))
            case 1: try body(key >> 3, .eight(number(try take(8, of: &rest))))
            case 2: try body(key >> 3, .bytes(try take(Int(try variable(&rest)), of: &rest)))
            case 5: try body(key >> 3, .four(UInt32(number(try take(4, of: &rest)))))
            default: throw Refusal(description: "wire type \(key & 7)")
            }
        }
    }

    private static func variable(_ rest: inout ArraySlice<UInt8>) throws -> UInt64 {
        var value: UInt64 = 0
        var shift: UInt64 = 0
        while true {
            let byte = try take(1, of: &rest).first!
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return value }
            shift += 7
            guard shift < 64 else { throw Refusal(description: "a number of more than 64 bits") }
        }
    }

    private static func take(_ count: Int, of rest: inout ArraySlice<UInt8>) throws -> ArraySlice<UInt8> {
        guard count >= 0, count <= rest.count else {
            throw Refusal(description: "\(count) bytes wanted, \(rest.count) left")
        }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    private static func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Computed bit by bit, by the definition of RFC 3720, and masked as tensorflow/core/lib/hash/crc32c.h has it.
    private static func masked(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        var checksum = UInt32.max
        for byte in bytes {
            checksum ^= UInt32(byte)
            for _ in 0..<8 { checksum = checksum & 1 == 1 ? checksum >> 1 ^ 0x82F6_3B78 : checksum >> 1 }
        }
        checksum = ~checksum
        return UInt64((checksum >> 15 | checksum << 17) &+ 0xA282_EAD8)
    }
}
