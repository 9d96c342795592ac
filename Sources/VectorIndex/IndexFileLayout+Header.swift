internal import Files

extension IndexFileLayout {
    /// The first 64 bytes of the file.
    var header: [UInt8] {
        var bytes = Self.magic
        bytes.append(littleEndian: UInt32(version))
        bytes.append(littleEndian: metric.code)
        bytes.append(littleEndian: UInt32(dimension))
        bytes.append(littleEndian: UInt32(tagSize))
        bytes.append(littleEndian: UInt64(count))
        bytes.append(littleEndian: UInt64(fileSize))
        bytes.append(littleEndian: UInt32(hasCodes ? 1 : 0))
        bytes.append(littleEndian: storage.code)
        bytes += [UInt8](repeating: 0, count: 8)
        bytes.append(littleEndian: UInt32(PagedFile.pageSize))
        bytes.append(littleEndian: bytes.withUnsafeBytes { crc32c($0) })
        return bytes
    }

    /// Reads the header of a file and holds it against the file's real size.
    init(reading bytes: UnsafeRawBufferPointer, path: String) throws(VectorIndexError) {
        let header = try PagedFile.header(of: bytes, letters: Self.magic, path: path)
        let version = header.littleEndian(UInt32.self, at: 8)
        guard (1...UInt32(Self.version)).contains(version) else {
            throw .unsupportedVersion(path: path, found: Int(version), supported: Self.version)
        }
        guard let metric = Metric(code: header.littleEndian(UInt32.self, at: 12)),
            let storage = VectorStorage(code: header.littleEndian(UInt32.self, at: 44)),
            let count = Int(exactly: header.littleEndian(UInt64.self, at: 24)),
            let layout = IndexFileLayout(
                metric: metric, dimension: Int(header.littleEndian(UInt32.self, at: 16)), storage: storage,
                tagSize: Int(header.littleEndian(UInt32.self, at: 20)), count: count,
                hasCodes: header.littleEndian(UInt32.self, at: 40) == 1),
            // All else that the header says follows from these numbers, the format too.
            layout.header.elementsEqual(header)
        else { throw .damaged(path: path, reason: "its header holds impossible numbers") }
        guard layout.fileSize == bytes.count else {
            throw .wrongSize(path: path, expected: layout.fileSize, found: bytes.count)
        }
        self = layout
    }
}

extension [UInt8] {
    mutating func append(littleEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}

extension UnsafeRawBufferPointer {
    func littleEndian<Value: FixedWidthInteger & BitwiseCopyable>(_ type: Value.Type, at offset: Int) -> Value {
        Value(littleEndian: loadUnaligned(fromByteOffset: offset, as: type))
    }
}
