internal import Foundation

/// A table in plain text: the first column to the left, the others to the right.
public struct Table {
    private let header: [String]
    private var rows: [[String]] = []

    public init(_ header: String...) {
        self.header = header
    }

    public init(_ header: [String]) {
        self.header = header
    }

    public mutating func add(_ row: String...) {
        add(row)
    }

    public mutating func add(_ row: [String]) {
        precondition(row.count == header.count, "the row has \(row.count) cells, the header \(header.count)")
        rows.append(row)
    }

    public var text: String {
        let all = [header] + rows
        let widths = header.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            row.indices.map { column in
                let padding = String(repeating: " ", count: widths[column] - row[column].count)
                return column == 0 ? row[column] + padding : padding + row[column]
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}

/// A number with so many digits behind the point.
public func fixed(_ value: Double, _ digits: Int = 1) -> String {
    String(format: "%.\(digits)f", value)
}

/// Prints one JSON document, keys sorted.
public func printJSON(_ fields: [String: Any]) throws {
    let data = try JSONSerialization.data(withJSONObject: fields, options: [.sortedKeys, .prettyPrinted])
    print(String(decoding: data, as: UTF8.self))
}
