internal import Glibc

/// Runs another program and waits for it.
enum ChildProcess {
    struct Result {
        /// The exit code; 128 and the signal's number for one that a signal ended.
        let status: Int
        let output: String
        let errors: String
    }

    struct Failure: Error {
        let reason: String
    }

    /// - Parameters:
    ///   - arguments: The program, looked for in `PATH`, and its arguments.
    ///   - capturesErrors: Whether stderr is returned; else it goes to this process's.
    static func run(_ arguments: [String], capturesErrors: Bool) throws(Failure) -> Result {
        let output = try Pipe()
        let errors = try Pipe()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output.writeEnd, 1)
        if capturesErrors { posix_spawn_file_actions_adddup2(&actions, errors.writeEnd, 2) }

        // The child shall hear the signals that this process may have blocked.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var (none, stopping) = (sigset_t(), sigset_t())
        sigemptyset(&none)
        sigemptyset(&stopping)
        for signal in [SIGINT, SIGTERM, SIGPIPE] { sigaddset(&stopping, signal) }
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &stopping)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

        var pointers = arguments.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        var child = pid_t()
        let code = posix_spawnp(&child, arguments[0], &actions, &attributes, pointers, environ)
        output.closeWriteEnd()
        errors.closeWriteEnd()
        guard code == 0 else { throw Failure(reason: String(cString: strerror(code))) }
        // One after the other is enough: what goes to stdout here is a few bytes and fits the pipe.
        let errorText = errors.readAll()
        let outputText = output.readAll()
        var status: Int32 = 0
        while waitpid(child, &status, 0) < 0, errno == EINTR {}
        let signal = Int(status & 0x7F)
        return Result(
            status: signal == 0 ? Int(status >> 8 & 0xFF) : 128 + signal, output: outputText, errors: errorText)
    }

    private final class Pipe {
        private let readEnd: Int32
        private(set) var writeEnd: Int32

        init() throws(Failure) {
            var ends: [Int32] = [-1, -1]
            guard pipe(&ends) == 0 else { throw Failure(reason: String(cString: strerror(errno))) }
            (readEnd, writeEnd) = (ends[0], ends[1])
            // The child gets copies through dup2, which are kept; these it must not hold open.
            for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        }

        deinit {
            close(readEnd)
            closeWriteEnd()
        }

        func closeWriteEnd() {
            guard writeEnd >= 0 else { return }
            close(writeEnd)
            writeEnd = -1
        }

        func readAll() -> String {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 4096)
            while true {
                let count = read(readEnd, &buffer, buffer.count)
                if count > 0 {
                    bytes += buffer[..<count]
                } else if count == 0 || errno != EINTR {
                    return String(decoding: bytes, as: UTF8.self)
                }
            }
        }
    }
}
