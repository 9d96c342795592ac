internal import Glibc

/// A file that appears complete under its name or not at all.
///
/// Bytes go to a temporary file in the same folder; `commit()` puts them on the disk and renames the file into place. Without
/// a commit everything is removed. A device or pipe, such as `/dev/stdout`, is written directly.
/// For use by one thread at a time.
public final class AtomicFile {
    /// The path that the file will have.
    public let path: String

    private let destination: String
    private let temporaryPath: String?
    private let force: Bool
    private var descriptor: Int32
    private var buffer: [UInt8] = []

    private static let bufferSize = 1 << 18

    /// Begins a file.
    ///
    /// - Parameter force: Whether a file of that name may be replaced; without it, `alreadyExists` is thrown here or, when one
    ///   appears in the meantime, by `commit()`.
    public init(replacing path: String, force: Bool = true) throws(FilesError) {
        self.path = path
        self.force = force
        let status = SystemCall.status(of: path)
        if let status, !SystemCall.isRegular(status) {
            guard !SystemCall.isDirectory(status) else { throw .cannotWrite(path: path, reason: "it is a folder") }
            // Renaming over a device would destroy the device.
            destination = path
            temporaryPath = nil
            descriptor = open(path, O_WRONLY | O_CLOEXEC)
            guard descriptor >= 0 else { throw .cannotWrite(path: path, reason: SystemCall.lastError) }
            return
        }
        if !force, FileSystem.exists(path) { throw .alreadyExists(path: path) }
        // The file that a symbolic link leads to is replaced, not the link.
        destination = status == nil ? path : FileSystem.absolutePath(of: path)
        let temporary = TemporaryPaths.name(beside: destination)
        TemporaryPaths.insert(temporary)
        descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
        temporaryPath = temporary
        guard descriptor >= 0 else {
            let reason = SystemCall.lastError
            TemporaryPaths.remove(temporary)
            throw .cannotWrite(path: path, reason: reason)
        }
        if let status { fchmod(descriptor, status.st_mode & 0o777) }
    }

    deinit { discard() }

    /// Appends bytes. After an error the file is discarded.
    public func write(_ bytes: UnsafeRawBufferPointer) throws(FilesError) {
        precondition(descriptor >= 0, "write to an atomic file after commit or discard")
        if buffer.count + bytes.count <= AtomicFile.bufferSize {
            buffer.append(contentsOf: bytes)
            return
        }
        try flush()
        if bytes.count >= AtomicFile.bufferSize {
            try writeThrough(bytes)
        } else {
            buffer.append(contentsOf: bytes)
        }
    }

    /// Writes numbers as they stand in memory.
    public func write<T: BitwiseCopyable>(_ elements: [T]) throws(FilesError) {
        try elements.withUnsafeBufferPointer { (buffer) throws(FilesError) in try write(UnsafeRawBufferPointer(buffer))
        }
    }

    /// Appends a text as UTF-8.
    public func write(_ text: String) throws(FilesError) {
        try write(Array(text.utf8))
    }

    /// Puts the bytes on the disk and gives the file its name; the folder's entry is on the disk too when this returns.
    public func commit() throws(FilesError) {
        precondition(descriptor >= 0, "commit of an atomic file after commit or discard")
        try flush()
        do throws(FilesError) {
            try SystemCall.synchronize(descriptor, path: path)
            let closed = close(descriptor)
            descriptor = -1
            guard closed == 0 || errno == EINTR else {
                throw .cannotWrite(path: path, reason: SystemCall.lastError)
            }
            guard let temporaryPath else { return }
            try rename(temporaryPath)
            TemporaryPaths.remove(temporaryPath)
            try SystemCall.synchronizeFolder(FileSystem.parent(of: destination))
        } catch {
            discard()
            throw error
        }
    }

    /// Drops what was written. After a commit it does nothing.
    public func discard() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
        buffer = []
        guard let temporaryPath else { return }
        unlink(temporaryPath)
        TemporaryPaths.remove(temporaryPath)
    }

    private func rename(_ temporary: String) throws(FilesError) {
        if force {
            guard Glibc.rename(temporary, destination) == 0 else {
                throw .cannotWrite(path: path, reason: SystemCall.lastError)
            }
            return
        }
        var code = SystemCall.rename(temporary, to: destination, .withoutReplacing)
        if code == ENOSYS {
            // A hard link never replaces either.
            code = link(temporary, destination) == 0 ? 0 : errno
            if code == 0 { unlink(temporary) }
        }
        if code == EEXIST { throw .alreadyExists(path: path) }
        guard code == 0 else { throw .cannotWrite(path: path, reason: SystemCall.message(for: code)) }
    }

    private func flush() throws(FilesError) {
        guard !buffer.isEmpty else { return }
        try buffer.withRawBytes { (bytes) throws(FilesError) in try writeThrough(bytes) }
        buffer.removeAll(keepingCapacity: true)
    }

    private func writeThrough(_ bytes: UnsafeRawBufferPointer) throws(FilesError) {
        do throws(FilesError) {
            try SystemCall.writeAll(bytes, to: descriptor, path: path)
        } catch {
            discard()
            throw error
        }
    }
}

/// Writes a whole file atomically.
public func writeFile(_ bytes: [UInt8], to path: String, force: Bool = true) throws(FilesError) {
    let file = try AtomicFile(replacing: path, force: force)
    try file.write(bytes)
    try file.commit()
}

/// Writes a whole text file atomically, as UTF-8.
public func writeFile(_ text: String, to path: String, force: Bool = true) throws(FilesError) {
    let file = try AtomicFile(replacing: path, force: force)
    try file.write(text)
    try file.commit()
}
