internal import Glibc
internal import Synchronization

/// The files and folders that are being written under a temporary name.
///
/// A program that is told to stop calls `removeAll()` as its last act, so that nothing half-written stays. It takes a lock and
/// allocates: call it from a thread that waits for the signal, never from within a signal handler.
public enum TemporaryPaths {
    private static let paths = Mutex<Set<String>>([])

    /// Removes everything that is not yet committed. Safe from any thread.
    public static func removeAll() {
        let pending = paths.withLock { paths in
            defer { paths = [] }
            return paths
        }
        for path in pending {
            // A thread may still be adding files to a folder that is being removed.
            for _ in 0..<5 where FileSystem.exists(path) { try? FileSystem.remove(path) }
        }
    }

    static func insert(_ path: String) { paths.withLock { _ = $0.insert(path) } }
    static func remove(_ path: String) { paths.withLock { _ = $0.remove(path) } }

    /// A name that nobody else uses, in the folder of `path`: only there can it be renamed into place.
    static func name(beside path: String) -> String {
        let suffix = String(UInt64.random(in: .min ... .max), radix: 36)
        return FileSystem.joined(FileSystem.parent(of: path), ".attune-\(getpid())-\(suffix).tmp")
    }
}
