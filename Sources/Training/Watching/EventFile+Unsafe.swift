internal import Files

extension EventFile {
    static func checksum(of bytes: [UInt8]) -> UInt32 { bytes.withUnsafeBytes { crc32c($0) } }
}
