internal import Glibc

/// The few places where this target talks to the operating system, with its failures made into values.
enum SystemCall {
    /// The system's words for the error that the last call left.
    static var lastError: String { message(for: errno) }

    static func message(for code: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// What a path leads to, symbolic links followed; nil when it leads nowhere.
    static func status(of path: String) -> stat? {
        var status = stat()
        return stat(path, &status) == 0 ? status : nil
    }

    /// What stands at a path itself, a symbolic link being a link.
    static func statusOfLink(at path: String) -> stat? {
        var status = stat()
        return lstat(path, &status) == 0 ? status : nil
    }

    static func isDirectory(_ status: stat) -> Bool { status.st_mode & S_IFMT == S_IFDIR }
    static func isRegular(_ status: stat) -> Bool { status.st_mode & S_IFMT == S_IFREG }
    static func isLink(_ status: stat) -> Bool { status.st_mode & S_IFMT == S_IFLNK }

    /// Writes everything or throws: a short write goes on where it stopped, an interrupted one is repeated.
    static func writeAll(
        _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, path: String
    ) throws(FilesError) {
        var offset = 0
        while offset < bytes.count {
            let written = write(descriptor, bytes.baseAddress! + offset, bytes.count - offset)
            if written > 0 {
                offset += written
            } else if written == 0 {
                throw .cannotWrite(path: path, reason: "the system took \(offset) of \(bytes.count) bytes")
            } else if errno != EINTR {
                throw .cannotWrite(path: path, reason: lastError)
            }
        }
    }

    /// Reads until the end of a stream or until `limit` is passed.
    static func readAll(from descriptor: Int32, path: String, limit: Int) throws(FilesError) -> [UInt8] {
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count == 0 { return result }
            if count < 0 {
                if errno == EINTR { continue }
                throw .cannotRead(path: path, reason: lastError)
            }
            result.append(contentsOf: buffer[..<count])
            if result.count > limit { throw .tooLarge(path: path, limit: limit, found: result.count) }
        }
    }

    /// Puts a file's or a folder's content on the disk itself.
    static func synchronize(_ descriptor: Int32, path: String) throws(FilesError) {
        while fsync(descriptor) != 0 {
            switch errno {
            case EINTR: continue
            // Pipes, devices and some network file systems cannot be synchronised: nothing is lost by that.
            case EINVAL, EROFS, ENOTSUP: return
            default: throw .cannotWrite(path: path, reason: lastError)
            }
        }
    }

    static func synchronizeFolder(_ path: String) throws(FilesError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .cannotWrite(path: path, reason: lastError) }
        defer { close(descriptor) }
        try synchronize(descriptor, path: path)
    }

    /// `renameat2(2)` with its flags, which the C library's headers hide from Swift; nil where the library has none.
    private static let renameWithFlags:
        (@convention(c) (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32) -> Int32)? =
            dlsym(nil, "renameat2").map {
                unsafeBitCast(
                    $0,
                    to: (@convention(c) (Int32, UnsafePointer<CChar>, Int32, UnsafePointer<CChar>, UInt32) -> Int32)
                        .self)
            }

    enum RenameRule: UInt32 {
        /// Fails with EEXIST where the new name is taken.
        case withoutReplacing = 1
        /// Swaps what stands under the two names.
        case exchanging = 2
    }

    /// Renames by a rule: 0 when done, else the error's number; ENOSYS where the kernel or file system knows no such rule.
    static func rename(_ old: String, to new: String, _ rule: RenameRule) -> Int32 {
        guard let renameWithFlags else { return ENOSYS }
        guard renameWithFlags(AT_FDCWD, old, AT_FDCWD, new, rule.rawValue) != 0 else { return 0 }
        return errno == EINVAL ? ENOSYS : errno
    }
}
