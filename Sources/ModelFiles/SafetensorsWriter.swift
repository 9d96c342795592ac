internal import Files
public import VectorMath

/// Writes a safetensors file, byte for byte as the format's own library does: tensors by falling alignment of their type, then by
/// name; the header padded with spaces to a multiple of 8 bytes.
public struct SafetensorsWriter {
    private enum Content {
        case floats([Float])
        case matrix(MatrixView<Float>)
        case bytes([UInt8])
        case copy(Tensor)
    }

    private struct Entry {
        let type: TensorType
        let shape: [Int]
        let content: Content
    }

    private var entries: [String: Entry] = [:]

    /// Begins without tensors.
    public init() {}

    /// Adds floats in row-major order, to be written as F32, F16 or BF16.
    public mutating func add(_ name: String, shape: [Int], floats: [Float], as type: TensorType = .float32) {
        precondition(shape.reduce(1, *) == floats.count, "\(floats.count) floats for a shape of \(shape)")
        add(name, Entry(type: type, shape: shape, content: .floats(floats)))
    }

    /// Adds a matrix, to be written as F32, F16 or BF16. Its elements are read when the file is written.
    public mutating func add(_ name: String, matrix: MatrixView<Float>, as type: TensorType = .float32) {
        add(name, Entry(type: type, shape: [matrix.rows, matrix.columns], content: .matrix(matrix)))
    }

    /// Adds whole numbers, written as I64.
    public mutating func add(_ name: String, shape: [Int], integers: [Int64]) {
        precondition(shape.reduce(1, *) == integers.count, "\(integers.count) numbers for a shape of \(shape)")
        let bytes = integers.withUnsafeBytes { Array($0) }
        add(name, Entry(type: .int64, shape: shape, content: .bytes(bytes)))
    }

    /// Adds a tensor of another file as it is.
    public mutating func add(_ tensor: Tensor, as name: String? = nil) {
        add(name ?? tensor.name, Entry(type: tensor.type, shape: tensor.shape, content: .copy(tensor)))
    }

    private mutating func add(_ name: String, _ entry: Entry) {
        precondition(entries[name] == nil, "two tensors are called \(name)")
        switch entry.content {
        case .floats, .matrix:
            precondition(
                [.float32, .float16, .bfloat16].contains(entry.type), "floats are not written as \(entry.type.rawValue)"
            )
        case .bytes, .copy: break
        }
        entries[name] = entry
    }

    /// Writes the file; it appears complete or not at all.
    public func write(
        to path: String, metadata: [String: String] = ["format": "pt"], force: Bool = true
    ) throws(ModelFilesError) {
        let ordered = entries.sorted { ($1.value.type.rank, $0.key) < ($0.value.type.rank, $1.key) }
        try ModelFilesError.wrapping { () throws(FilesError) in
            let file = try AtomicFile(replacing: path, force: force)
            try file.write(SafetensorsWriter.header(of: ordered, metadata: metadata))
            for (_, entry) in ordered { try SafetensorsWriter.write(entry, to: file) }
            try file.commit()
        }
    }

    private static func header(of ordered: [(key: String, value: Entry)], metadata: [String: String]) -> [UInt8] {
        var members: [String] = []
        if !metadata.isEmpty {
            members.append("\"__metadata__\":" + JSONValue.object(metadata.mapValues { .string($0) }).serialized())
        }
        var offset = 0
        for (name, entry) in ordered {
            let end = offset + entry.shape.reduce(1, *) * entry.type.size
            let shape = entry.shape.map(String.init).joined(separator: ",")
            members.append(
                JSONValue.string(name).serialized()
                    + ":{\"dtype\":\"\(entry.type.rawValue)\",\"shape\":[\(shape)],\"data_offsets\":[\(offset),\(end)]}"
            )
            offset = end
        }
        var json = Array("{\(members.joined(separator: ","))}".utf8)
        while json.count % 8 != 0 { json.append(UInt8(ascii: " ")) }
        return withUnsafeBytes(of: UInt64(json.count).littleEndian) { Array($0) } + json
    }

    private static func write(_ entry: Entry, to file: AtomicFile) throws(FilesError) {
        switch entry.content {
        case .bytes(let bytes): try file.write(bytes)
        case .copy(let tensor): try tensor.withUnsafeBytes { (bytes) throws(FilesError) in try file.write(bytes) }
        case .floats(let floats):
            try file.write(floats.withUnsafeBufferPointer { entry.type.bytes(of: $0) })
        case .matrix(let matrix):
            for row in 0..<matrix.rows {
                try file.write(matrix.row(row).withUnsafeBufferPointer { entry.type.bytes(of: $0) })
            }
        }
    }
}
