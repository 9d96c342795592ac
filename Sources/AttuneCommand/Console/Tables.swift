import Attune

/// What the commands print when they do not print JSON.
enum Tables {
    /// Metrics, a line each, in the order given.
    static func metrics(_ values: [String: Double], order: [String]) -> [String] {
        order.compactMap { name in values[name].map { pad(name, 16) + Console.fixed($0, 4) } }
    }

    /// Named values, a line each.
    static func fields(_ fields: [(String, JSONValue)]) -> [String] {
        fields.map { name, value in pad(name, 16) + (value.stringValue ?? value.serialized()) }
    }

    static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }

    /// The beginning of a text on one line.
    static func snippet(_ text: String, length: Int = 160) -> String {
        let line = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        guard line.count > length else { return line }
        let cut = line.prefix(length)
        return String(cut[..<(cut.lastIndex(of: " ") ?? cut.endIndex)]) + " …"
    }
}
