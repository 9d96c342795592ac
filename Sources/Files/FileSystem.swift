internal import Glibc

/// Questions and small deeds about paths. Paths are strings, relative ones relative to the current folder.
public enum FileSystem {
    /// Whether anything stands at the path, a broken link included.
    public static func exists(_ path: String) -> Bool { SystemCall.statusOfLink(at: path) != nil }

    /// Whether the path leads to a folder; symbolic links are followed.
    public static func isDirectory(_ path: String) -> Bool {
        SystemCall.status(of: path).map(SystemCall.isDirectory) ?? false
    }

    /// Whether the path leads to a regular file; symbolic links are followed.
    public static func isFile(_ path: String) -> Bool {
        SystemCall.status(of: path).map(SystemCall.isRegular) ?? false
    }

    /// The size of a file in bytes.
    public static func size(of path: String) throws(FilesError) -> Int {
        guard let status = SystemCall.status(of: path) else {
            throw .cannotOpen(path: path, reason: SystemCall.lastError)
        }
        return Int(status.st_size)
    }

    /// When a file's content last changed, in nanoseconds since 1970.
    public static func modificationTime(of path: String) throws(FilesError) -> Int64 {
        guard let status = SystemCall.status(of: path) else {
            throw .cannotOpen(path: path, reason: SystemCall.lastError)
        }
        return Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    }

    /// Makes a folder; one that is there already is fine.
    public static func makeDirectory(_ path: String, withIntermediates: Bool = true) throws(FilesError) {
        if isDirectory(path) { return }
        if withIntermediates {
            let parent = parent(of: path)
            if parent != path, !isDirectory(parent) { try makeDirectory(parent) }
        }
        guard mkdir(path, 0o777) == 0 else {
            // Another process may have made it in the meantime.
            let reason = SystemCall.lastError
            if isDirectory(path) { return }
            throw .cannotWrite(path: path, reason: reason)
        }
    }

    /// Removes a file, a link or a whole folder; what is not there is no error.
    public static func remove(_ path: String) throws(FilesError) {
        guard let status = SystemCall.statusOfLink(at: path) else { return }
        if SystemCall.isDirectory(status) {
            for name in try names(in: path) { try remove(joined(path, name)) }
            guard rmdir(path) == 0 || errno == ENOENT else {
                throw .cannotWrite(path: path, reason: SystemCall.lastError)
            }
        } else {
            guard unlink(path) == 0 || errno == ENOENT else {
                throw .cannotWrite(path: path, reason: SystemCall.lastError)
            }
        }
    }

    /// The names in a folder, sorted by their bytes; without `.` and `..`.
    public static func names(in folder: String) throws(FilesError) -> [String] {
        guard let stream = opendir(folder) else {
            throw .cannotOpen(path: folder, reason: SystemCall.lastError)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = readdir(stream) else {
                guard errno == 0 else { throw .cannotRead(path: folder, reason: SystemCall.lastError) }
                break
            }
            let name = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                tuple.withMemoryRebound(to: CChar.self, capacity: Int(NAME_MAX) + 1) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// The files below a folder as sorted paths relative to it.
    ///
    /// Only files and links to files are listed. Links to folders are not entered, so that a loop of links ends.
    public static func list(_ folder: String, recursively: Bool = true) throws(FilesError) -> [String] {
        var files: [String] = []
        var pending = [""]
        while let relative = pending.popLast() {
            for name in try names(in: relative.isEmpty ? folder : joined(folder, relative)) {
                let path = relative.isEmpty ? name : joined(relative, name)
                let full = joined(folder, path)
                guard let status = SystemCall.statusOfLink(at: full) else { continue }
                if SystemCall.isDirectory(status) {
                    if recursively { pending.append(path) }
                } else if !SystemCall.isLink(status) || !isDirectory(full) {
                    files.append(path)
                }
            }
        }
        return files.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Copies a regular file's bytes; the copy appears complete or not at all.
    public static func copyFile(_ source: String, to destination: String, force: Bool = true) throws(FilesError) {
        let file = try MappedFile(path: source, access: .sequential)
        let copy = try AtomicFile(replacing: destination, force: force)
        try file.withUnsafeBytes { (bytes) throws(FilesError) in try copy.write(bytes) }
        try copy.commit()
    }

    // MARK: Paths

    /// `folder/name`, or `name` alone where it is absolute or the folder is empty.
    public static func joined(_ folder: String, _ name: String) -> String {
        if folder.isEmpty || name.hasPrefix("/") { return name }
        return folder.hasSuffix("/") ? folder + name : folder + "/" + name
    }

    /// The folder that a path stands in: `.` for a bare name, `/` for the root.
    public static func parent(of path: String) -> String {
        let trimmed = withoutTrailingSlashes(path)
        guard let slash = trimmed.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        let parent = withoutTrailingSlashes(String(trimmed[..<slash]))
        return parent.isEmpty ? "/" : parent
    }

    /// The last part of a path.
    public static func name(of path: String) -> String {
        let trimmed = withoutTrailingSlashes(path)
        guard trimmed != "/", let slash = trimmed.utf8.lastIndex(of: UInt8(ascii: "/")) else { return trimmed }
        return String(trimmed[trimmed.utf8.index(after: slash)...])
    }

    /// The part of a name after its last dot, in lower case: `npy` of `a/B.NPY`; empty where there is none.
    public static func fileExtension(of path: String) -> String {
        let name = name(of: path)
        guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return "" }
        return name[name.index(after: dot)...].lowercased()
    }

    /// The path from the root, symbolic links and `..` resolved as far as the path exists.
    public static func absolutePath(of path: String) -> String {
        if let resolved = realpath(path, nil) {
            defer { free(resolved) }
            return String(cString: resolved)
        }
        let parent = parent(of: path)
        guard parent != path else { return path }
        return joined(absolutePath(of: parent), name(of: path))
    }

    /// The folder that relative paths begin in.
    public static var currentFolder: String { absolutePath(of: ".") }

    /// `$HOME`, or what the system's user table says.
    public static var homeFolder: String {
        if let home = environment("HOME"), !home.isEmpty { return home }
        guard let user = getpwuid(getuid()), let folder = user.pointee.pw_dir else { return "/" }
        return String(cString: folder)
    }

    /// Where files live that nobody keeps: `$TMPDIR`, else `/tmp`.
    public static var temporaryFolder: String {
        if let folder = environment("TMPDIR"), !folder.isEmpty { return folder }
        return "/tmp"
    }

    /// A variable of the process's environment.
    package static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    private static func withoutTrailingSlashes(_ path: String) -> String {
        var end = path.utf8.endIndex
        let start = path.utf8.startIndex
        while end > start, path.utf8[path.utf8.index(before: end)] == UInt8(ascii: "/") {
            let previous = path.utf8.index(before: end)
            if previous == start { break }
            end = previous
        }
        return String(path[..<end])
    }
}
