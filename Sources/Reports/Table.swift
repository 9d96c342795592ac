/// A table: named columns, rows whose first cell names them.
public struct Table: Sendable, Equatable {
    /// What stands above a column, and how its cells are set.
    public struct Column: Sendable, Equatable {
        /// The name, with the unit.
        public let title: String
        /// Whether its cells are numbers, which stand right-aligned.
        public let isNumeric: Bool

        /// A column of text.
        public static func text(_ title: String) -> Column { Column(title: title, isNumeric: false) }
        /// A column of numbers. Give all of them the same digits behind the point: then their points stand below each other.
        public static func number(_ title: String) -> Column { Column(title: title, isNumeric: true) }
    }

    /// What the table holds; nil for none.
    public let caption: String?
    /// The columns, the one of the rows' names first.
    public let columns: [Column]
    /// The cells; each row has one for each column.
    public let rows: [[String]]

    /// A table.
    public init(_ caption: String? = nil, columns: [Column], rows: [[String]]) {
        precondition(rows.allSatisfy { $0.count == columns.count }, "every row has a cell for each of the columns")
        (self.caption, self.columns, self.rows) = (caption, columns, rows)
    }

    /// The table as an element of a page.
    public var markup: Markup {
        let head = columns.map { column in
            column.isNumeric
                ? Markup.element("th", ["scope": "col", "class": "number"], column.title)
                : Markup.element("th", ["scope": "col"], column.title)
        }
        let body = rows.map { row in
            Markup.element("tr", [:], zip(columns, row).enumerated().map { cell(number: $0, $1.0, $1.1) })
        }
        let caption = caption.map { [Markup.element("caption", [:], $0)] } ?? []
        let table = Markup.element(
            "table", [:],
            caption + [.element("thead", [:], [.element("tr", [:], head)]), .element("tbody", [:], body)])
        return .element("div", ["class": "wide"], [table])
    }

    private func cell(number: Int, _ column: Column, _ text: String) -> Markup {
        if number == 0 { return .element("th", ["scope": "row"], text) }
        return column.isNumeric ? .element("td", ["class": "number"], text) : .element("td", [:], text)
    }
}
