import Glibc

struct WriteFailed: Error {}

/// Writes a file without waiting for the disk.
func writeWithoutCare(_ bytes: [UInt8], to path: String) throws {
    guard let file = fopen(path, "wb") else { throw WriteFailed() }
    defer { fclose(file) }
    guard fwrite(bytes, 1, bytes.count, file) == bytes.count else { throw WriteFailed() }
}
