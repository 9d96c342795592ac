internal import Foundation

/// A peer's measurement, taken by one of the scripts in `Benchmarks/peers` in a Python that has the peers installed
/// (`Benchmarks/peers/install.sh`; `ATTUNE_PEERS` names its interpreter).
public struct Peer {
    /// The interpreter, where there is one: without it the tables show Attune alone, and say so.
    public static var interpreter: String? {
        ProcessInfo.processInfo.environment["ATTUNE_PEERS"]
    }

    /// Runs a script and returns the JSON objects that it printed, one a line.
    public static func run(script: String, arguments: [String]) throws -> [[String: Any]] {
        guard let interpreter else { return [] }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: interpreter)
        process.arguments = [scripts + "/" + script] + arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw PeerError(script: script, status: process.terminationStatus)
        }
        return String(decoding: data, as: UTF8.self).split(separator: "\n").compactMap { line in
            (try? JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: Any]
        }
    }

    private static let scripts: String = {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("peers").path
    }()
}

/// A peer's script that did not end well.
public struct PeerError: Error, CustomStringConvertible {
    public let script: String
    public let status: Int32

    public var description: String { "the peers' script \(script) ended with status \(status)" }
}
