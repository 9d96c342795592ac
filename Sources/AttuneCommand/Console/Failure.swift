import ArgumentParser
import Attune
import Glibc

/// How the tool ends when it did not do what was asked: one clear line on stderr and the exit code of the contract.
enum Failure {
    /// It ran, and the answer is no: a check found problems, B is not better than A.
    static let no = ExitCode(2)

    static func exit(with error: any Error) -> Never {
        if Interruption.isRequested { Interruption.end() }
        // The parser's own errors carry their message, the usage and the code 64; `--help` and `--version` arrive here too.
        if error is ExitCode || AttuneTool.exitCode(for: error) != .failure { AttuneTool.exit(withError: error) }
        TemporaryPaths.removeAll()
        Console.complain(oneLine(error))
        Glibc.exit(EXIT_FAILURE)
    }

    private static func oneLine(_ error: any Error) -> String {
        String(describing: error).split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}

/// An error of the tool's own: what stands between the flags and the library.
struct CommandError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
