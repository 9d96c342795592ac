internal import Glibc

/// An exclusive lock between processes, held while this object lives.
///
/// The lock is advisory (`flock`), on a file that stays where it is: removing it would let two processes hold two locks.
public final class FileLock: Sendable {
    /// The file that carries the lock.
    public let path: String
    private let descriptor: Int32

    /// Takes the lock, or throws `locked` at once when another holds it.
    public init(path: String) throws(FilesError) {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw .cannotOpen(path: path, reason: SystemCall.lastError) }
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let code = errno
            if code == EINTR { continue }
            close(descriptor)
            if code == EWOULDBLOCK { throw .locked(path: path) }
            throw .cannotOpen(path: path, reason: SystemCall.message(for: code))
        }
    }

    deinit { close(descriptor) }
}
