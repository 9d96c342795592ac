internal import Files

/// The header of a safetensors file, read and checked.
struct SafetensorsHeader {
    struct Entry {
        let type: TensorType
        let shape: [Int]

        /// Bytes, counted from the end of the header.
        let range: Range<Int>
    }

    let entries: [String: Entry]
    let metadata: [String: String]

    /// Where the tensors' bytes begin in the file.
    let dataOffset: Int

    init(of file: MappedFile) throws(ModelFilesError) {
        let path = file.path
        guard file.count >= 8 else { throw .file(.truncated(path: path, expected: 8, found: file.count)) }
        let claimed = UInt64(littleEndian: file.baseAddress.loadUnaligned(as: UInt64.self))
        guard claimed <= SafetensorsFile.headerLimit else {
            throw .malformed(
                path: path,
                reason:
                    "its header claims \(claimed) bytes, the limit is \(SafetensorsFile.headerLimit): no safetensors?")
        }
        dataOffset = 8 + Int(claimed)
        guard dataOffset <= file.count else {
            throw .file(.truncated(path: path, expected: dataOffset, found: file.count))
        }
        let bytes = Array(UnsafeRawBufferPointer(start: file.baseAddress + 8, count: Int(claimed)))
        guard bytes.first == UInt8(ascii: "{") else {
            throw .malformed(path: path, reason: "its header does not begin with '{': no safetensors?")
        }
        let header = try ModelFilesError.wrapping { () throws(FilesError) in try JSONValue.parse(bytes, path: path) }
        guard let members = header.objectValue else {
            throw .malformed(path: path, reason: "its header is \(header.kind), not an object")
        }
        guard SafetensorsHeader.memberCount(of: header) == SafetensorsHeader.colonCount(in: bytes) else {
            throw .malformed(path: path, reason: "its header has the same key twice")
        }

        var (entries, metadata): ([String: Entry], [String: String]) = ([:], [:])
        for (name, value) in members {
            if name == "__metadata__" {
                metadata = try SafetensorsHeader.metadata(value, path: path)
            } else {
                entries[name] = try SafetensorsHeader.entry(name, value, path: path)
            }
        }
        try SafetensorsHeader.checkCoverage(of: entries, path: path, byteCount: file.count - dataOffset)
        (self.entries, self.metadata) = (entries, metadata)
    }

    private static func metadata(_ value: JSONValue, path: String) throws(ModelFilesError) -> [String: String] {
        guard let members = value.objectValue else {
            throw .malformed(path: path, reason: "its __metadata__ is \(value.kind), not an object")
        }
        var metadata: [String: String] = [:]
        for (key, value) in members {
            guard let text = value.stringValue else {
                throw .malformed(path: path, reason: "'\(key)' of its __metadata__ is \(value.kind), not a string")
            }
            metadata[key] = text
        }
        return metadata
    }

    private static func entry(_ name: String, _ value: JSONValue, path: String) throws(ModelFilesError) -> Entry {
        func malformed(_ reason: String) -> ModelFilesError {
            .malformed(path: path, reason: "tensor '\(name)': \(reason)")
        }
        guard let members = value.objectValue else { throw malformed("\(value.kind) instead of an object") }
        guard Set(members.keys) == ["dtype", "shape", "data_offsets"] else {
            throw malformed("the keys dtype, shape and data_offsets expected, \(members.keys.sorted()) found")
        }
        guard let typeName = value["dtype"]?.stringValue else { throw malformed("its dtype is no string") }
        guard let type = TensorType(rawValue: typeName) else {
            throw .unsupported(path: path, what: "dtype '\(typeName)' of tensor '\(name)'")
        }
        guard let shape = counts(value["shape"]) else { throw malformed("its shape is no list of sizes") }
        guard let offsets = counts(value["data_offsets"]), offsets.count == 2, offsets[0] <= offsets[1] else {
            throw malformed("its data_offsets are no range")
        }
        guard let byteCount = (shape + [type.size]).checkedProduct else {
            throw malformed("its shape \(shape) is impossible")
        }
        guard byteCount == offsets[1] - offsets[0] else {
            throw malformed(
                "shape \(shape) of \(typeName) takes \(byteCount) bytes, its data_offsets give \(offsets[1] - offsets[0])"
            )
        }
        return Entry(type: type, shape: shape, range: offsets[0]..<offsets[1])
    }

    /// A list of whole numbers that are not negative; nil for anything else.
    private static func counts(_ value: JSONValue?) -> [Int]? {
        guard let elements = value?.arrayValue else { return nil }
        let counts = elements.compactMap(\.intValue)
        return counts.count == elements.count && counts.allSatisfy { $0 >= 0 } ? counts : nil
    }

    /// Tensors in order of their bytes must follow one another from the first byte to the last.
    private static func checkCoverage(
        of entries: [String: Entry], path: String, byteCount: Int
    ) throws(ModelFilesError) {
        let ordered = entries.sorted {
            ($0.value.range.lowerBound, $0.value.range.upperBound, $0.key)
                < ($1.value.range.lowerBound, $1.value.range.upperBound, $1.key)
        }
        var end = 0
        for (name, entry) in ordered {
            guard entry.range.lowerBound == end else {
                let what = entry.range.lowerBound < end ? "overlaps the one before" : "leaves a hole before it"
                throw .malformed(path: path, reason: "tensor '\(name)' \(what)")
            }
            end = entry.range.upperBound
        }
        guard end <= byteCount else { throw .file(.truncated(path: path, expected: end, found: byteCount)) }
        guard end == byteCount else {
            throw .malformed(path: path, reason: "\(byteCount - end) bytes after the last tensor")
        }
    }

    /// The members of all objects together. A parser keeps one of two equal keys, so that fewer members than colons mean a
    /// duplicate.
    private static func memberCount(of value: JSONValue) -> Int {
        switch value {
        case .object(let members): members.values.reduce(members.count) { $0 + memberCount(of: $1) }
        case .array(let elements): elements.reduce(0) { $0 + memberCount(of: $1) }
        default: 0
        }
    }

    /// The colons outside of strings: in valid JSON, one for each member.
    private static func colonCount(in bytes: [UInt8]) -> Int {
        var count = 0
        var isInString = false
        var index = 0
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\\") where isInString: index += 1
            case UInt8(ascii: "\""): isInString.toggle()
            case UInt8(ascii: ":") where !isInString: count += 1
            default: break
            }
            index += 1
        }
        return count
    }
}
