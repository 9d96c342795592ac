internal import Files

/// One JSON object of a configuration file, read key by key with errors that name file and key.
struct JSONObject {
    let path: String
    let members: [String: JSONValue]

    /// Reads a file that holds one object.
    init(path: String) throws(ModelFilesError) {
        let value = try ModelFilesError.wrapping { () throws(FilesError) in try JSONValue.read(path) }
        try self.init(value, path: path)
    }

    init(_ value: JSONValue, path: String) throws(ModelFilesError) {
        guard let members = value.objectValue else {
            throw .malformed(path: path, reason: "an object expected, \(value.kind) found")
        }
        (self.path, self.members) = (path, members)
    }

    /// A file's object, or an empty one where there is no such file.
    static func optional(path: String) throws(ModelFilesError) -> JSONObject {
        FileSystem.exists(path) ? try JSONObject(path: path) : try JSONObject([:], path: path)
    }

    /// The value of a key; nil where it is absent or null.
    subscript(key: String) -> JSONValue? {
        guard let value = members[key], !value.isNull else { return nil }
        return value
    }

    func string(_ key: String) throws(ModelFilesError) -> String? {
        try typed(key, "a string") { $0.stringValue }
    }

    func boolean(_ key: String) throws(ModelFilesError) -> Bool? {
        try typed(key, "true or false") { $0.boolValue }
    }

    func number(_ key: String) throws(ModelFilesError) -> Double? {
        try typed(key, "a number") { $0.doubleValue }
    }

    func integer(_ key: String) throws(ModelFilesError) -> Int? {
        try typed(key, "a whole number") { $0.intValue }
    }

    func strings(_ key: String) throws(ModelFilesError) -> [String]? {
        try typed(key, "a list of strings") { value in
            guard let elements = value.arrayValue else { return nil }
            let strings = elements.compactMap(\.stringValue)
            return strings.count == elements.count ? strings : nil
        }
    }

    /// A number that counts something: at least 1 and at most `limit`.
    func count(_ key: String, limit: Int = 1 << 24) throws(ModelFilesError) -> Int? {
        guard let value = try integer(key) else { return nil }
        guard (1...limit).contains(value) else {
            throw .malformed(path: path, reason: "'\(key)' is \(value), a number from 1 to \(limit) expected")
        }
        return value
    }

    func required<T>(_ key: String, _ value: T?) throws(ModelFilesError) -> T {
        guard let value else { throw .malformed(path: path, reason: "key '\(key)' is missing") }
        return value
    }

    private func typed<T>(
        _ key: String, _ expected: String, _ convert: (JSONValue) -> T?
    ) throws(ModelFilesError) -> T? {
        guard let value = self[key] else { return nil }
        guard let converted = convert(value) else {
            throw .malformed(path: path, reason: "'\(key)': \(expected) expected, \(value.kind) found")
        }
        return converted
    }
}
