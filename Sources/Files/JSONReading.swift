internal import FoundationEssentials

extension JSONValue {
    /// Reads one JSON document.
    ///
    /// - Parameters:
    ///   - path: The name that messages shall use.
    ///   - line: Where the bytes are one line of a larger file, which.
    public static func parse(
        _ bytes: [UInt8], path: String, line: Int? = nil
    ) throws(FilesError) -> JSONValue {
        try decodeJSON(JSONValue.self, bytes: bytes, path: path, line: line)
    }

    /// Reads a file that is one JSON document.
    public static func read(_ path: String, limit: Int = ReadLimit.json) throws(FilesError) -> JSONValue {
        try decodeJSON(JSONValue.self, path: path, limit: limit)
    }
}

/// Reads a file that is one JSON document.
///
/// Malformed UTF-8, a document larger than `limit` bytes or nested deeper than `ReadLimit.jsonDepth`, a missing key and a
/// value of another type are errors that name the path, and the key where there is one.
public func decodeJSON<T: Decodable>(
    _ type: T.Type, path: String, limit: Int = ReadLimit.json
) throws(FilesError) -> T {
    let file = try MappedFile(path: path, access: .sequential)
    guard file.count <= limit else { throw .tooLarge(path: path, limit: limit, found: file.count) }
    return try file.withUnsafeBytes { (bytes) throws(FilesError) in
        try JSONReading(path: path, line: nil).decode(type, UTF8Text.withoutByteOrderMark(bytes))
    }
}

/// Reads one JSON document that is in memory.
public func decodeJSON<T: Decodable>(
    _ type: T.Type, bytes: [UInt8], path: String, line: Int? = nil
) throws(FilesError) -> T {
    try bytes.withRawBytes { (bytes) throws(FilesError) in
        try JSONReading(path: path, line: line).decode(type, bytes)
    }
}

/// Writes a value as JSON text with sorted keys.
///
/// - Parameter path: The name that messages shall use.
public func encodeJSON<T: Encodable>(
    _ value: T, pretty: Bool = false, path: String = "JSON"
) throws(FilesError) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting =
        pretty ? [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted] : [.sortedKeys, .withoutEscapingSlashes]
    do {
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    } catch let error as EncodingError {
        guard case .invalidValue(let value, let context) = error else {
            throw .cannotEncode(path: path, reason: "\(error)")
        }
        let key = JSONReading.name(of: context.codingPath) ?? "the value"
        throw .cannotEncode(path: path, reason: "\(key): \(value) cannot be written as JSON")
    } catch {
        throw .cannotEncode(path: path, reason: "\(error)")
    }
}

/// Decodes documents of one file, or one line of it, and words the errors.
struct JSONReading {
    let path: String
    let line: Int?
    let decoder = JSONDecoder()

    func decode<T: Decodable>(_ type: T.Type, _ bytes: UnsafeRawBufferPointer) throws(FilesError) -> T {
        try UTF8Text.validate(bytes, path: path, line: line)
        guard let start = bytes.baseAddress, !bytes.isEmpty else { throw malformed("empty, JSON expected") }
        do throws(JSONSyntax.Failure) {
            try JSONSyntax.check(bytes)
        } catch {
            throw malformed(error, in: bytes)
        }
        let data = Data(
            bytesNoCopy: UnsafeMutableRawPointer(mutating: start), count: bytes.count, deallocator: .none)
        do {
            return try decoder.decode(type, from: data)
        } catch let error as DecodingError {
            throw malformed(describe(error))
        } catch {
            throw malformed("\(error)")
        }
    }

    private func malformed(_ reason: String) -> FilesError { .malformed(path: path, line: line, reason: reason) }

    /// Words what the syntax check found, with the line where the document has several.
    private func malformed(_ failure: JSONSyntax.Failure, in bytes: UnsafeRawBufferPointer) -> FilesError {
        if line != nil {
            return malformed("not valid JSON: \(failure.reason) at byte \(failure.offset) of the line")
        }
        let before = bytes[..<failure.offset]
        let number = before.count { $0 == UInt8(ascii: "\n") } + 1
        let start = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return .malformed(
            path: path, line: number,
            reason: "not valid JSON: \(failure.reason) at byte \(failure.offset - start) of the line")
    }

    private func describe(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, let context):
            let parent = JSONReading.name(of: context.codingPath).map { " in \($0)" } ?? ""
            return "key '\(key.stringValue)' is missing\(parent)"
        case .typeMismatch(let type, let context):
            return "\(key(of: context)): \(JSONReading.words(for: type)) expected"
        case .valueNotFound(let type, let context):
            return "\(key(of: context)): \(JSONReading.words(for: type)) expected, null found"
        case .dataCorrupted(let context):
            return "\(key(of: context)): \(context.debugDescription)"
        @unknown default: return "\(error)"
        }
    }

    private func key(of context: DecodingError.Context) -> String {
        JSONReading.name(of: context.codingPath) ?? "the document"
    }

    /// A key path such as `modules[0].type`.
    static func name(of path: [any CodingKey]) -> String? {
        guard !path.isEmpty else { return nil }
        var name = ""
        for key in path {
            if let index = key.intValue {
                name += "[\(index)]"
            } else {
                name += name.isEmpty ? key.stringValue : ".\(key.stringValue)"
            }
        }
        return "'\(name)'"
    }

    private static func words(for type: any Any.Type) -> String {
        switch type {
        case is String.Type: "a string"
        case is Bool.Type: "true or false"
        case is any BinaryInteger.Type: "a whole number"
        case is any BinaryFloatingPoint.Type: "a number"
        case is [Any].Type: "an array"
        case is [String: Any].Type: "an object"
        default: "\(type)"
        }
    }
}
