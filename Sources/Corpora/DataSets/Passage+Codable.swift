internal import Files

/// The fields of a line of `corpus.jsonl`: BEIR's `_id`, `title` and `text`, and ours.
private enum PassageKey: String, CodingKey {
    case id = "_id"
    case title, text, source, start, end, metadata
}

extension Passage: Codable {
    /// Reads a line of `corpus.jsonl`; everything but `_id` may be absent.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: PassageKey.self)
        id = try fields.decode(Identifier.self, forKey: .id).text
        title = try fields.decodeIfPresent(String.self, forKey: .title) ?? ""
        text = try fields.decodeIfPresent(String.self, forKey: .text) ?? ""
        source = try fields.decodeIfPresent(String.self, forKey: .source)
        metadata = try fields.decodeIfPresent([String: JSONValue].self, forKey: .metadata) ?? [:]
        let start = try fields.decodeIfPresent(Int.self, forKey: .start)
        let end = try fields.decodeIfPresent(Int.self, forKey: .end)
        guard let start, let end else {
            byteRange = nil
            return
        }
        guard 0 <= start, start <= end else {
            throw DecodingError.dataCorruptedError(
                forKey: .start, in: fields, debugDescription: "\(start)..<\(end) is no range of bytes")
        }
        byteRange = start..<end
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: PassageKey.self)
        try fields.encode(id, forKey: .id)
        try fields.encode(title, forKey: .title)
        try fields.encode(text, forKey: .text)
        try fields.encodeIfPresent(source, forKey: .source)
        try fields.encodeIfPresent(byteRange?.lowerBound, forKey: .start)
        try fields.encodeIfPresent(byteRange?.upperBound, forKey: .end)
        if !metadata.isEmpty { try fields.encode(metadata, forKey: .metadata) }
    }
}

extension Query: Codable {
    private enum Key: String, CodingKey {
        case id = "_id"
        case text, metadata
    }

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        id = try fields.decode(Identifier.self, forKey: .id).text
        text = try fields.decode(String.self, forKey: .text)
        metadata = try fields.decodeIfPresent([String: JSONValue].self, forKey: .metadata) ?? [:]
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode(id, forKey: .id)
        try fields.encode(text, forKey: .text)
        if !metadata.isEmpty { try fields.encode(metadata, forKey: .metadata) }
    }
}

/// An identifier that a file may write as a string or as a whole number.
struct Identifier: Decodable {
    let text: String

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let text = try? value.decode(String.self) {
            self.text = text
        } else {
            text = String(try value.decode(Int.self))
        }
    }
}
