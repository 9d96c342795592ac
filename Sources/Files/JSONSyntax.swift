/// Checks that bytes are one JSON document (RFC 8259), and says where they are not.
///
/// It runs before the decoder, which recurses without a limit of ours, takes commas before a closing bracket, and does not say where it
/// stopped. The bytes are known to be UTF-8.
struct JSONSyntax {
    struct Failure: Error {
        let reason: String
        /// In bytes from the start of the document.
        let offset: Int
    }

    private enum Expectation {
        case value, valueOrEnd, keyOrEnd, key, colon, commaOrEnd, nothing
    }

    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    /// The brackets that close what is open.
    private var closing: [UInt8] = []

    private init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    static func check(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
        var syntax = JSONSyntax(bytes)
        try syntax.document()
    }

    private mutating func document() throws(Failure) {
        var expectation = Expectation.value
        while true {
            skipSpace()
            guard position < bytes.count else {
                if expectation == .nothing { return }
                throw failure("it ends too early")
            }
            expectation = try step(expectation, bytes[position])
        }
    }

    /// Takes what stands at the position and returns what must follow.
    private mutating func step(_ expectation: Expectation, _ byte: UInt8) throws(Failure) -> Expectation {
        switch expectation {
        case .value: return try value(byte)
        case .valueOrEnd: return byte == UInt8(ascii: "]") ? close() : try value(byte)
        case .keyOrEnd where byte == UInt8(ascii: "}"): return close()
        case .key, .keyOrEnd:
            guard byte == UInt8(ascii: "\"") else { throw failure("a key in double quotes expected") }
            try string()
            return .colon
        case .colon:
            guard byte == UInt8(ascii: ":") else { throw failure("':' expected") }
            position += 1
            return .value
        case .commaOrEnd:
            if byte == closing.last { return close() }
            guard byte == UInt8(ascii: ",") else {
                throw failure("',' or '\(closing.last == UInt8(ascii: "]") ? "]" : "}")' expected")
            }
            position += 1
            return closing.last == UInt8(ascii: "]") ? .value : .key
        case .nothing: throw failure("the end expected")
        }
    }

    private mutating func value(_ byte: UInt8) throws(Failure) -> Expectation {
        switch byte {
        case UInt8(ascii: "["): return try open(UInt8(ascii: "]"), .valueOrEnd)
        case UInt8(ascii: "{"): return try open(UInt8(ascii: "}"), .keyOrEnd)
        case UInt8(ascii: "\""): try string()
        case UInt8(ascii: "t"): try literal("true")
        case UInt8(ascii: "f"): try literal("false")
        case UInt8(ascii: "n"): try literal("null")
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): try number()
        default: throw failure("a value expected")
        }
        return afterValue
    }

    private var afterValue: Expectation { closing.isEmpty ? .nothing : .commaOrEnd }

    private mutating func open(_ end: UInt8, _ next: Expectation) throws(Failure) -> Expectation {
        guard closing.count < ReadLimit.jsonDepth else {
            throw failure("nested deeper than \(ReadLimit.jsonDepth) levels")
        }
        closing.append(end)
        position += 1
        return next
    }

    private mutating func close() -> Expectation {
        closing.removeLast()
        position += 1
        return afterValue
    }

    private mutating func literal(_ text: StaticString) throws(Failure) {
        let expected = UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        guard bytes[position...].starts(with: expected) else { throw failure("a value expected") }
        position += expected.count
    }

    private mutating func number() throws(Failure) {
        if bytes[position] == UInt8(ascii: "-") { position += 1 }
        if position < bytes.count, bytes[position] == UInt8(ascii: "0") {
            position += 1
        } else {
            try digits()
        }
        if position < bytes.count, bytes[position] == UInt8(ascii: ".") {
            position += 1
            try digits()
        }
        guard position < bytes.count, bytes[position] | 0x20 == UInt8(ascii: "e") else { return }
        position += 1
        if position < bytes.count, bytes[position] == UInt8(ascii: "-") || bytes[position] == UInt8(ascii: "+") {
            position += 1
        }
        try digits()
    }

    private mutating func digits() throws(Failure) {
        let start = position
        while position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) {
            position += 1
        }
        guard position > start else { throw failure("a digit expected") }
    }

    /// A string, from its opening to its closing quote.
    private mutating func string() throws(Failure) {
        let start = position
        position += 1
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "\""):
                position += 1
                return
            case UInt8(ascii: "\\"): try escape()
            case 0..<0x20: throw failure("a control character in a string")
            default: position += 1
            }
        }
        position = start
        throw failure("a string that is never closed")
    }

    private mutating func escape() throws(Failure) {
        guard position + 1 < bytes.count else { throw failure("it ends too early") }
        switch bytes[position + 1] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 2
        case UInt8(ascii: "u"):
            let unit = try codeUnit()
            guard UTF16.isSurrogate(unit) else { return }
            guard UTF16.isLeadSurrogate(unit), position < bytes.count, bytes[position] == UInt8(ascii: "\\"),
                UTF16.isTrailSurrogate(try codeUnit())
            else { throw failure("half of a surrogate pair") }
        default: throw failure("an unknown escape")
        }
    }

    /// Four hexadecimal digits after `\u`.
    private mutating func codeUnit() throws(Failure) -> UInt16 {
        guard position + 6 <= bytes.count, bytes[position + 1] == UInt8(ascii: "u") else {
            throw failure("half of an escape")
        }
        var unit: UInt16 = 0
        for byte in bytes[(position + 2)..<(position + 6)] {
            guard let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw failure("four hexadecimal digits expected")
            }
            unit = unit << 4 | UInt16(digit)
        }
        position += 6
        return unit
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    private func failure(_ reason: String) -> Failure { Failure(reason: reason, offset: position) }
}
