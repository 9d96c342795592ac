internal import Files

extension GraphFileLayout {
    /// The first 64 bytes of the file: `ATTUNEVG`, format, metric, D, degree (16 bits), profile (8), whether vectors are kept (8),
    /// bytes of the tag, E, N, I, T, bytes of the file; T and the file's size as uint64, a page's size, CRC-32C of the 60
    /// bytes before.
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
        guard bytes.count >= Self.magic.count, bytes.prefix(Self.magic.count).elementsEqual(Self.magic) else {
            throw .notAnIndex(path: path)
        }
        guard bytes.count >= Self.headerSize else {
            throw .wrongSize(path: path, expected: Self.headerSize, found: bytes.count)
        }
        let header = UnsafeRawBufferPointer(rebasing: bytes[..<Self.headerSize])
        guard crc32c(UnsafeRawBufferPointer(rebasing: header[..<60])) == header.littleEndian(UInt32.self, at: 60) else {
            throw .damaged(path: path, reason: "the checksum of its header is wrong")
        }
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
