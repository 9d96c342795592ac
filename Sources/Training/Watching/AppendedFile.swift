internal import Files

#if canImport(Glibc)
    internal import Glibc
#endif

/// A file that grows by whole records: what was appended is in the system's hands at once, and on the disk when asked.
final class AppendedFile {
    private let path: String
    private let file: UnsafeMutablePointer<FILE>

    init(_ path: String) throws(FilesError) {
        guard let file = fopen(path, "ae") else {
            throw .cannotWrite(path: path, reason: String(cString: strerror(errno)))
        }
        self.path = path
        self.file = file
    }

    deinit { fclose(file) }

    func append(_ bytes: [UInt8]) throws(FilesError) {
        guard fwrite(bytes, 1, bytes.count, file) == bytes.count, fflush(file) == 0 else { throw failure }
    }

    /// Puts what was appended on the disk.
    func synchronize() throws(FilesError) {
        guard fsync(fileno(file)) == 0 else { throw failure }
    }

    private var failure: FilesError { .cannotWrite(path: path, reason: String(cString: strerror(errno))) }
}
