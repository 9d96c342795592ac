/// The header of a `.npy` file: the text of a Python dictionary with three keys.
struct NumpyHeader: Equatable {
    let type: String
    let isFortranOrder: Bool
    let shape: [Int]

    /// Whether the header's type is this one. A single byte has no order, so that `<i1` is `|i1`; `=` would be the writer's own.
    func accepts(_ element: ElementType) -> Bool {
        let name = element.numpyDescription
        return type == name || (element.size == 1 && type.dropFirst() == name.dropFirst())
    }

    init(_ bytes: [UInt8], path: String) throws(FilesError) {
        var scanner = PythonScanner(bytes: bytes, path: path)
        var (type, order, shape): (String?, Bool?, [Int]?)
        try scanner.expect("{")
        while !scanner.take("}") {
            let key = try scanner.string()
            try scanner.expect(":")
            switch key {
            case "descr" where type == nil: type = try scanner.string()
            case "fortran_order" where order == nil: order = try scanner.boolean()
            case "shape" where shape == nil: shape = try scanner.tuple()
            default: throw scanner.malformed("unexpected key '\(key)'")
            }
            guard scanner.take(",") else {
                try scanner.expect("}")
                break
            }
        }
        guard scanner.isAtEnd else { throw scanner.malformed("text after the dictionary") }
        guard let type else { throw scanner.malformed("key 'descr' is missing") }
        guard let order else { throw scanner.malformed("key 'fortran_order' is missing") }
        guard let shape else { throw scanner.malformed("key 'shape' is missing") }
        (self.type, isFortranOrder, self.shape) = (type, order, shape)
    }

    /// A version 1.0 header as numpy writes it, from the magic bytes to the line end: the numbers begin 64-byte aligned, and there is
    /// room for the first dimension to grow to 21 digits.
    static func bytes(type: ElementType, shape: [Int]) -> [UInt8] {
        let dimensions = shape.map(String.init).joined(separator: ", ") + (shape.count == 1 ? "," : "")
        var text = "{'descr': '\(type.numpyDescription)', 'fortran_order': False, 'shape': (\(dimensions)), }"
        if let first = shape.first { text += String(repeating: " ", count: max(0, 21 - String(first).count)) }
        let unpadded = 10 + text.utf8.count + 1
        text += String(repeating: " ", count: 64 - unpadded % 64) + "\n"
        let count = text.utf8.count
        precondition(count <= UInt16.max, "a .npy header of version 1.0 holds at most 65535 bytes")
        return [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(count & 0xFF), UInt8(count >> 8)] + Array(text.utf8)
    }
}

/// Reads the few Python literals that a header is made of.
private struct PythonScanner {
    private let bytes: [UInt8]
    private let path: String
    private var position = 0

    init(bytes: [UInt8], path: String) { (self.bytes, self.path) = (bytes, path) }

    func malformed(_ reason: String) -> FilesError {
        .malformed(path: path, line: nil, reason: ".npy header: \(reason)")
    }

    var isAtEnd: Bool {
        mutating get {
            skipSpace()
            return position == bytes.count
        }
    }

    private mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
    }

    mutating func take(_ text: String) -> Bool {
        skipSpace()
        guard bytes[position...].starts(with: text.utf8) else { return false }
        position += text.utf8.count
        return true
    }

    mutating func expect(_ text: String) throws(FilesError) {
        guard take(text) else { throw malformed("'\(text)' expected at byte \(position)") }
    }

    mutating func string() throws(FilesError) -> String {
        skipSpace()
        guard position < bytes.count, bytes[position] == UInt8(ascii: "'") || bytes[position] == UInt8(ascii: "\"")
        else {
            throw malformed("a string expected at byte \(position)")
        }
        let quote = bytes[position]
        guard let end = bytes[(position + 1)...].firstIndex(of: quote) else { throw malformed("a string has no end") }
        defer { position = end + 1 }
        return String(decoding: bytes[(position + 1)..<end], as: UTF8.self)
    }

    mutating func boolean() throws(FilesError) -> Bool {
        if take("False") { return false }
        if take("True") { return true }
        throw malformed("True or False expected at byte \(position)")
    }

    mutating func tuple() throws(FilesError) -> [Int] {
        try expect("(")
        var elements: [Int] = []
        while !take(")") {
            skipSpace()
            let digits = bytes[position...].prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard let number = Int(String(decoding: digits, as: UTF8.self)) else {
                throw malformed("a dimension expected at byte \(position)")
            }
            position += digits.count
            elements.append(number)
            guard elements.count <= 32 else { throw malformed("more than 32 dimensions") }
            guard take(",") else {
                try expect(")")
                break
            }
        }
        return elements
    }
}
