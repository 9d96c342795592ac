import Files
import Glibc

/// A web server on this machine that serves a folder, for as long as the object lives: that of Python.
final class LocalServer {
    let address: String
    private let process: pid_t

    static let isAvailable = (FileSystem.environment("PATH") ?? "").split(separator: ":").contains {
        access("\($0)/python3", X_OK) == 0
    }

    init(serving folder: String) throws {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw FilesError.cannotOpen(path: "pipe", reason: "\(errno)") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        let arguments = ["python3", "-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", folder]
        var pointers = arguments.map { strdup($0) }
        pointers.append(nil)
        defer { for pointer in pointers { free(pointer) } }
        var process = pid_t()
        let code = posix_spawnp(&process, "python3", &actions, nil, pointers, environ)
        close(ends[1])
        defer { close(ends[0]) }
        guard code == 0 else { throw FilesError.cannotOpen(path: "python3", reason: "\(code)") }
        self.process = process
        // It says where it listens once it does: "Serving HTTP on 127.0.0.1 port 35711 (http://127.0.0.1:35711/) ..."
        var line = ""
        var byte: UInt8 = 0
        while read(ends[0], &byte, 1) == 1, byte != UInt8(ascii: "\n") {
            line.unicodeScalars.append(Unicode.Scalar(byte))
        }
        let words = line.split(separator: " ")
        guard let place = words.firstIndex(of: "port"), let port = Int(words[place + 1]) else {
            kill(process, SIGKILL)
            waitpid(process, nil, 0)
            throw FilesError.cannotOpen(path: "python3 -m http.server", reason: "it said '\(line)'")
        }
        address = "http://127.0.0.1:\(port)"
    }

    deinit {
        kill(process, SIGKILL)
        waitpid(process, nil, 0)
    }
}
