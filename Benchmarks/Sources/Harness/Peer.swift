internal import Foundation

/// A peer's measurement, taken by one of the scripts in `Benchmarks/peers` in a Python that has the peers installed
/// (`Benchmarks/peers/install.sh`; `ATTUNE_PEERS` names its interpreter).
public struct Peer {
    /// The interpreter, where there is one: without it the tables show Attune alone, and say so.
    public static var interpreter: String? {
        ProcessInfo.processInfo.environment["ATTUNE_PEERS"].flatMap { $0.isEmpty ? nil : $0 }
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

    /// A script that stays and answers, so that a benchmark can take turns between peers.
    public final class Session {
        private let process = Process()
        private let input = Pipe()
        private let output = Pipe()
        private var unread = Data()

        /// Starts a script; without an interpreter it never answers.
        public init(script: String, arguments: [String]) throws {
            guard let interpreter else { return }
            process.executableURL = URL(fileURLWithPath: interpreter)
            process.arguments = [scripts + "/" + script] + arguments
            process.standardInput = input
            process.standardOutput = output
            try process.run()
        }

        deinit {
            try? input.fileHandleForWriting.close()
            if process.isRunning { process.waitUntilExit() }
        }

        /// Asks for one more answer.
        public func ask() {
            input.fileHandleForWriting.write(Data("\n".utf8))
        }

        /// The next JSON object that the script prints; nil where it has ended.
        public func next() -> [String: Any]? {
            while true {
                if let end = unread.firstIndex(of: UInt8(ascii: "\n")) {
                    let line = unread[..<end]
                    unread = Data(unread[(end + 1)...])
                    if let object = (try? JSONSerialization.jsonObject(with: line)) as? [String: Any] { return object }
                } else {
                    let more = process.isRunning || !unread.isEmpty ? output.fileHandleForReading.availableData : Data()
                    if more.isEmpty { return nil }
                    unread += more
                }
            }
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
