internal import Files
internal import Glibc

/// A folder for one test, removed with everything in it when the last reference goes.
public final class TemporaryFolder: Sendable {
    /// The folder, links resolved.
    public let path: String

    /// Makes an empty folder.
    public init() throws {
        path = FileSystem.joined(
            FileSystem.absolutePath(of: FileSystem.temporaryFolder),
            "attune-test-" + String(UInt64.random(in: .min ... .max), radix: 36))
        try FileSystem.makeDirectory(path)
    }

    deinit { try? FileSystem.remove(path) }

    /// The path of a name in the folder.
    public func file(_ name: String) -> String { FileSystem.joined(path, name) }

    /// Writes a file into the folder, folders on the way included, and returns its path.
    @discardableResult
    public func write(_ bytes: [UInt8], to name: String) throws -> String {
        let path = file(name)
        try FileSystem.makeDirectory(FileSystem.parent(of: path))
        // Not through `writeFile`, which waits for the disk: tests write thousands of files.
        guard let stream = fopen(path, "wb") else { throw FilesError.cannotWrite(path: path, reason: "fopen") }
        defer { fclose(stream) }
        guard fwrite(bytes, 1, bytes.count, stream) == bytes.count else {
            throw FilesError.cannotWrite(path: path, reason: "fwrite")
        }
        return path
    }

    /// Writes a text as UTF-8 into the folder and returns its path.
    @discardableResult
    public func write(_ text: String, to name: String) throws -> String { try write(Array(text.utf8), to: name) }

    /// Every file in the folder, relative and sorted, those with hidden names too.
    public var files: [String] { get throws { try FileSystem.list(path) } }
}
