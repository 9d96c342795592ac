internal import Foundation

/// Measurements in a process of their own, so that memory and start are theirs alone.
public enum Apart {
    /// Runs this program again with other arguments and returns the numbers of the JSON object that it prints; 0 where
    /// it has none of that name.
    public static func run(_ arguments: [String]) throws -> (String) -> Double {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard let fields = try JSONSerialization.jsonObject(with: data) as? [String: Any] else {
            throw CocoaError(.coderReadCorrupt)
        }
        return { (fields[$0] as? NSNumber)?.doubleValue ?? 0 }
    }
}
