internal import Glibc
internal import Synchronization

/// Remembers the digests of large files, so that a program that starts does not read gigabytes first.
///
/// A file is known again by device, inode, size and the times of its last changes. Whoever verifies computes the digest anew.
/// The cache is one JSON file that is safe to delete; where it cannot be read or written, digests are computed each time.
public struct DigestCache: Sendable {
    /// The cache of this user: `$ATTUNE_HOME/cache/digests.json`.
    public static var shared: DigestCache {
        DigestCache(path: FileSystem.joined(AttuneHome.cache, "digests.json"))
    }

    /// The JSON file.
    public let path: String

    /// A file that changed more recently than this is not remembered, as it could change again within the clock's tick.
    private let settlingSeconds: Int

    /// A cache in a JSON file of its own, made when something is to be remembered.
    public init(path: String) { self.init(path: path, settlingSeconds: 2) }

    package init(path: String, settlingSeconds: Int) {
        (self.path, self.settlingSeconds) = (path, settlingSeconds)
    }

    /// Files below this size in bytes are always computed: that is as fast as looking.
    public static let smallestSize = 1 << 20

    private static let capacity = 1000

    /// One process at a time here; between processes the last writer wins, which costs a computation at most.
    private static let mutex = Mutex(())

    private struct Entry: Codable {
        var digest: SHA256Digest
        var usedAt: Int
    }

    /// The digest of a file, from memory where the file is surely the same.
    public func digest(ofFileAt file: String) throws(FilesError) -> SHA256Digest {
        guard let before = SystemCall.status(of: file), before.st_size >= DigestCache.smallestSize else {
            return try SHA256Digest.of(fileAt: file)
        }
        let key = DigestCache.key(of: before)
        if let known = entries()[key] { return known.digest }
        let digest = try SHA256Digest.of(fileAt: file)
        let now = time(nil)
        guard let after = SystemCall.status(of: file), DigestCache.key(of: after) == key,
            max(after.st_mtim.tv_sec, after.st_ctim.tv_sec) + settlingSeconds <= now
        else { return digest }
        remember(digest, for: key, at: now)
        return digest
    }

    private func remember(_ digest: SHA256Digest, for key: String, at now: Int) {
        DigestCache.mutex.withLock { _ in
            var entries = entries()
            entries[key] = Entry(digest: digest, usedAt: now)
            if entries.count > DigestCache.capacity {
                let oldest = entries.sorted { $0.value.usedAt < $1.value.usedAt }.prefix(DigestCache.capacity / 2)
                for (key, _) in oldest { entries[key] = nil }
            }
            // A folder that cannot be written must not stop anyone who only wants a digest.
            try? FileSystem.makeDirectory(FileSystem.parent(of: path))
            guard let text = try? encodeJSON(entries, pretty: true, path: path) else { return }
            try? writeFile(text + "\n", to: path)
        }
    }

    private func entries() -> [String: Entry] {
        guard FileSystem.isFile(path) else { return [:] }
        return (try? decodeJSON([String: Entry].self, path: path, limit: 1 << 24)) ?? [:]
    }

    private static func key(of status: stat) -> String {
        let times = [status.st_mtim, status.st_ctim].map { "\($0.tv_sec).\($0.tv_nsec)" }
        return "\(status.st_dev):\(status.st_ino):\(status.st_size):\(times[0]):\(times[1])"
    }
}
