internal import Files

extension GraphFileLayout {
    /// The first 64 bytes of the file.
    ///
    /// | offset | bytes | what |
    /// | --- | --- | --- |
    /// | 0 | 8 | `ATTUNEVG` |
    /// | 8 | 2, 2 | format, degree |
    /// | 12 | 1, 1, 1, 1 | metric, profile (0 fast, 1 small), whether vectors are kept, 16: a page has 2 to its power bytes |
    /// | 16 | 4, 4, 4, 4 | D, bytes of the tag, E, N |
    /// | 32 | 8, 8, 8 | I, T, bytes of the whole file |
    /// | 56 | 4, 4 | 0, CRC-32C of the 60 bytes before |
    var header: [UInt8] {
        var bytes = Self.magic
        bytes.append(littleEndian: UInt16(Self.version))
        bytes.append(littleEndian: UInt16(numbers.degree))
        bytes.append(littleEndian: UInt8(numbers.metric.code))
        bytes.append(littleEndian: UInt8(numbers.profile == .fast ? 0 : 1))
        bytes.append(littleEndian: UInt8(numbers.keepsVectors ? 1 : 0))
        bytes.append(littleEndian: UInt8(PagedFile.pageShift))
        bytes.append(littleEndian: UInt32(numbers.dimension))
        bytes.append(littleEndian: UInt32(numbers.tagSize))
        bytes.append(littleEndian: UInt32(numbers.entryCount))
        bytes.append(littleEndian: UInt32(numbers.vertexEnd))
        bytes.append(littleEndian: UInt64(numbers.idCount))
        bytes.append(littleEndian: UInt64(numbers.twinCount))
        bytes.append(littleEndian: UInt64(fileSize))
        bytes.append(littleEndian: UInt32(0))
        bytes.append(littleEndian: bytes.withUnsafeBytes { crc32c($0) })
        return bytes
    }

    /// Reads the header of a file and holds it against the file's real size.
    init(reading bytes: UnsafeRawBufferPointer, path: String) throws(VectorIndexError) {
        let header = try PagedFile.header(of: bytes, letters: Self.magic, path: path)
        let version = Int(header.littleEndian(UInt16.self, at: 8))
        guard version == Self.version else {
            throw .unsupportedVersion(path: path, found: version, supported: Self.version)
        }
        guard let metric = Metric(code: UInt32(header[12])),
            let idCount = Int(exactly: header.littleEndian(UInt64.self, at: 32)),
            let twinCount = Int(exactly: header.littleEndian(UInt64.self, at: 40)),
            let layout = GraphFileLayout(
                Numbers(
                    metric: metric, dimension: Int(header.littleEndian(UInt32.self, at: 16)),
                    degree: Int(header.littleEndian(UInt16.self, at: 10)), profile: header[13] == 0 ? .fast : .small,
                    keepsVectors: header[14] != 0, tagSize: Int(header.littleEndian(UInt32.self, at: 20)),
                    vertexEnd: Int(header.littleEndian(UInt32.self, at: 28)), idCount: idCount, twinCount: twinCount,
                    entryCount: Int(header.littleEndian(UInt32.self, at: 24)))),
            layout.header.elementsEqual(header)
        else { throw .damaged(path: path, reason: "its header holds impossible numbers") }
        guard layout.fileSize == bytes.count else {
            throw .wrongSize(path: path, expected: layout.fileSize, found: bytes.count)
        }
        self = layout
    }
}
