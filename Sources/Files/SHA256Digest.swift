internal import CAttuneKernels

/// A SHA-256 digest (FIPS 180-4).
public struct SHA256Digest: Hashable, Sendable {
    /// The 32 bytes.
    public let bytes: [UInt8]

    /// 64 hexadecimal digits in lower case.
    public var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// A digest of 64 hexadecimal digits; nil where the text is something else.
    public init?(hex: String) {
        let digits = hex.utf8.compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
        guard digits.count == 64, hex.utf8.count == 64 else { return nil }
        bytes = stride(from: 0, to: 64, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// The digest of bytes.
    public static func of(_ bytes: [UInt8]) -> SHA256Digest { bytes.withRawBytes { of($0) } }

    /// The digest of bytes.
    public static func of(_ bytes: UnsafeRawBufferPointer) -> SHA256Digest {
        var hasher = Hasher()
        hasher.update(bytes)
        return hasher.finalize()
    }

    /// The digest of a text's UTF-8.
    public static func of(_ text: String) -> SHA256Digest { of(Array(text.utf8)) }

    /// The digest of a file's bytes, read anew. For large files that rarely change see `DigestCache`.
    public static func of(fileAt path: String) throws(FilesError) -> SHA256Digest {
        try MappedFile(path: path, access: .sequential).withUnsafeBytes { of($0) }
    }

    /// Computes a digest of bytes that come piece by piece.
    public struct Hasher {
        private var context = attune_sha256()

        /// Begins with no bytes.
        public init() { attune_sha256_init(&context) }

        /// Adds bytes.
        public mutating func update(_ bytes: UnsafeRawBufferPointer) {
            attune_sha256_update(&context, bytes.baseAddress, bytes.count)
        }

        /// Adds bytes.
        public mutating func update(_ bytes: [UInt8]) { bytes.withRawBytes { update($0) } }

        /// The digest of everything so far; what comes later goes on from there.
        public func finalize() -> SHA256Digest {
            var copy = context
            var digest = [UInt8](repeating: 0, count: 32)
            attune_sha256_final(&copy, &digest)
            return SHA256Digest(bytes: digest)
        }
    }
}

extension SHA256Digest: Codable, CustomStringConvertible {
    public var description: String { hex }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let digest = SHA256Digest(hex: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "64 hexadecimal digits expected")
        }
        self = digest
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(hex)
    }
}

/// The CRC-32C (Castagnoli) checksum of bytes; `seed` is the checksum of what came before.
public func crc32c(_ bytes: UnsafeRawBufferPointer, seed: UInt32 = 0) -> UInt32 {
    attune_crc32c(seed, bytes.baseAddress, bytes.count)
}
