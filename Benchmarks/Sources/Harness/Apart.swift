internal import Foundation

/// Measurements in a process of their own, so that memory and start are theirs alone.
public enum Apart {
    /// What a run printed: a JSON object.
    public struct Fields {
        fileprivate let values: [String: Any]

        /// A number; 0 where there is none of that name.
        public func number(_ name: String) -> Double { (values[name] as? NSNumber)?.doubleValue ?? 0 }

        /// The numbers of an object within; none where there is none of that name.
        public func numbers(_ name: String) -> [String: Double] {
            (values[name] as? [String: Any])?.compactMapValues { ($0 as? NSNumber)?.doubleValue } ?? [:]
        }
    }

    /// Runs this program again with other arguments.
    public static func run(_ arguments: [String]) throws -> Fields {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard let values = try JSONSerialization.jsonObject(with: data) as? [String: Any] else {
            throw CocoaError(.coderReadCorrupt)
        }
        return Fields(values: values)
    }
}
