internal import Glibc

/// A file's bytes, read-only, in memory for as long as this object lives.
///
/// A regular file is mapped, so that its pages are read when they are touched and shared between processes. A pipe or a
/// device is read to its end. Cutting a mapped file short while it is read is outside what the system lets us detect: files of
/// this package are replaced by renaming, never changed in place.
public final class MappedFile: @unchecked Sendable {
    /// How the bytes will be visited, a hint to the system.
    public enum Access: Sendable {
        case normal, sequential, random
    }

    /// The most that is read from a pipe or device, in bytes.
    public static let streamLimit = 1 << 32

    /// The path that the file was opened by.
    public let path: String

    /// The number of bytes.
    public let count: Int

    /// The first byte; valid while this object lives. At least 16-byte aligned, page-aligned for a regular file.
    public let baseAddress: UnsafeRawPointer

    private let isMapped: Bool

    /// Opens a file. A folder, or what may not be read, is an error.
    public init(path: String, access: Access = .normal) throws(FilesError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .cannotOpen(path: path, reason: SystemCall.lastError) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .cannotOpen(path: path, reason: SystemCall.lastError) }
        guard !SystemCall.isDirectory(status) else { throw .cannotOpen(path: path, reason: "it is a folder") }

        self.path = path
        // Files of /proc and the like say that they are regular and empty: only reading tells.
        guard SystemCall.isRegular(status), status.st_size > 0 else {
            let bytes = try SystemCall.readAll(from: descriptor, path: path, limit: MappedFile.streamLimit)
            (baseAddress, count, isMapped) = (MappedFile.copy(bytes), bytes.count, false)
            return
        }
        let size = Int(status.st_size)
        guard let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), address != MAP_FAILED else {
            throw .cannotOpen(path: path, reason: SystemCall.lastError)
        }
        switch access {
        case .normal: break
        case .sequential: madvise(address, size, MADV_SEQUENTIAL)
        case .random: madvise(address, size, MADV_RANDOM)
        }
        (baseAddress, count, isMapped) = (UnsafeRawPointer(address), size, true)
    }

    /// Bytes that are in memory already, such as those of standard input, under the name that messages shall use.
    public init(bytes: [UInt8], path: String) {
        self.path = path
        (baseAddress, count, isMapped) = (MappedFile.copy(bytes), bytes.count, false)
    }

    deinit {
        if isMapped {
            munmap(UnsafeMutableRawPointer(mutating: baseAddress), count)
        } else {
            baseAddress.deallocate()
        }
    }

    /// All bytes of the file.
    public func withUnsafeBytes<R, E: Error>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        defer { withExtendedLifetime(self) {} }
        return try body(UnsafeRawBufferPointer(start: baseAddress, count: count))
    }

    /// Tells the system that the bytes are not needed for now: they leave this process's memory, and come back when they are touched.
    public func releasePages() {
        if isMapped { madvise(UnsafeMutableRawPointer(mutating: baseAddress), count, MADV_DONTNEED) }
    }

    private static func copy(_ bytes: [UInt8]) -> UnsafeRawPointer {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: max(bytes.count, 1), alignment: 64)
        bytes.withUnsafeBytes {
            memory.copyMemory(from: $0.baseAddress ?? UnsafeRawPointer(memory), byteCount: $0.count)
        }
        return UnsafeRawPointer(memory)
    }
}

extension MappedFile {
    /// The byte at an offset, which must be below `count`.
    func byte(at offset: Int) -> UInt8 { baseAddress.load(fromByteOffset: offset, as: UInt8.self) }

    /// Where a byte value next occurs at or after an offset.
    func firstIndex(of byte: UInt8, from offset: Int) -> Int? {
        guard offset < count, let found = memchr(baseAddress + offset, Int32(byte), count - offset) else { return nil }
        return UnsafeRawPointer(found) - baseAddress
    }
}
