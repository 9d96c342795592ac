import Foundation
import TestSupport

/// The tool itself, run as a person or a script runs it.
struct Tool {
    /// What a run left behind.
    struct Outcome {
        let status: Int32
        let output: String
        let errors: String

        /// The lines that the tool itself wrote about what went wrong.
        var complaints: [Substring] { errors.split(separator: "\n").filter { $0.hasPrefix("attune: ") } }

        func json() throws -> [String: Any] {
            let value = try JSONSerialization.jsonObject(with: Data(output.utf8))
            return value as? [String: Any] ?? [:]
        }
    }

    /// Where relative paths begin, and where `ATTUNE_HOME` is.
    let folder: String

    /// Beside the tests' own executable: SwiftPM builds both into one folder.
    static let path: String = {
        let tests = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        var folder = tests.deletingLastPathComponent()
        while folder.path != "/" {
            let candidate = folder.appendingPathComponent("attune").path
            if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
            folder = folder.deletingLastPathComponent()
        }
        return "attune"
    }()

    func run(
        _ arguments: String..., input: String? = nil, environment: [String: String] = [:]
    ) throws -> Outcome {
        try start(arguments, input: input, environment: environment).wait()
    }

    /// A run that is under way.
    struct Running {
        let process: Process
        let output: Pipe
        let errorsPath: String

        func wait() -> Outcome {
            let data = output.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            let errors = (try? String(contentsOfFile: errorsPath, encoding: .utf8)) ?? ""
            return Outcome(
                status: process.terminationStatus, output: String(decoding: data, as: UTF8.self), errors: errors)
        }
    }

    func start(_ arguments: [String], input: String? = nil, environment: [String: String] = [:]) throws -> Running {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.path)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        var variables = ProcessInfo.processInfo.environment
        variables["ATTUNE_HOME"] = folder + "/home"
        process.environment = variables.merging(environment) { $1 }
        let output = Pipe()
        process.standardOutput = output
        // A file and not a second pipe: nobody has to read both at once.
        let errorsPath = folder + "/stderr-\(UUID().uuidString)"
        _ = FileManager.default.createFile(atPath: errorsPath, contents: nil)
        process.standardError = FileHandle(forWritingAtPath: errorsPath)
        let stdin = Pipe()
        process.standardInput = stdin
        try process.run()
        if let input { stdin.fileHandleForWriting.write(Data(input.utf8)) }
        try stdin.fileHandleForWriting.close()
        return Running(process: process, output: output, errorsPath: errorsPath)
    }

    func write(_ text: String, to name: String) throws {
        let path = folder + "/" + name
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: folder + "/" + name) }

    func read(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: folder + "/" + name)) }
}
