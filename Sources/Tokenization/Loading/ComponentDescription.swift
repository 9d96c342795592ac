internal import Files

/// One object of a tokenizer.json, with its place, so that every complaint says where.
struct ComponentDescription {
    let path: String
    /// The path inside the file, such as `post_processor.single[0]`.
    let key: String
    let value: JSONValue

    /// The `type` that says which component this is.
    var type: String {
        get throws(TokenizationError) { try string("type") }
    }

    func bool(_ name: String) throws(TokenizationError) -> Bool {
        guard let flag = value[name]?.boolValue else { throw wrong(name, "true or false") }
        return flag
    }

    /// Nil where the key is missing or null.
    func optionalBool(_ name: String) throws(TokenizationError) -> Bool? {
        guard let found = value[name], !found.isNull else { return nil }
        return try bool(name)
    }

    func string(_ name: String) throws(TokenizationError) -> String {
        guard let text = value[name]?.stringValue else { throw wrong(name, "a string") }
        return text
    }

    /// A whole number from 0 to the largest of 32 bits.
    func index(_ name: String) throws(TokenizationError) -> Int32 {
        guard let number = value[name]?.intValue, let index = Int32(exactly: number), index >= 0 else {
            throw wrong(name, "a whole number from 0 to \(Int32.max)")
        }
        return index
    }

    /// This value as a token's id.
    func tokenID() throws(TokenizationError) -> Int32 {
        guard let id = value.intValue.flatMap(Int32.init(exactly:)), id >= 0 else {
            throw malformed("a token's id expected")
        }
        return id
    }

    func elements(_ name: String) throws(TokenizationError) -> [ComponentDescription] {
        guard let elements = value[name]?.arrayValue else { throw wrong(name, "an array") }
        return elements.enumerated().map { place, element in
            ComponentDescription(path: path, key: "\(key).\(name)[\(place)]", value: element)
        }
    }

    func members(_ name: String) throws(TokenizationError) -> [(name: String, description: ComponentDescription)] {
        guard let members = value[name]?.objectValue else { throw wrong(name, "an object") }
        return members.sorted { $0.key < $1.key }.map { member in
            (member.key, ComponentDescription(path: path, key: "\(key).\(name).\(member.key)", value: member.value))
        }
    }

    /// The member, where there is one.
    func member(_ name: String) -> ComponentDescription? {
        value[name].map { ComponentDescription(path: path, key: "\(key).\(name)", value: $0) }
    }

    func malformed(_ reason: String) -> TokenizationError { .malformed(path: path, key: key, reason: reason) }

    private func wrong(_ name: String, _ expected: String) -> TokenizationError {
        guard value.objectValue != nil else { return malformed("an object expected, \(value.kind) found") }
        guard let found = value[name] else { return malformed("the key '\(name)' is missing") }
        return .malformed(path: path, key: "\(key).\(name)", reason: "\(expected) expected, \(found.kind) found")
    }
}
