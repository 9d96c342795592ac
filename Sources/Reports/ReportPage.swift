/// A page in one file: no script, no font and no picture from elsewhere, readable in light and dark and on paper.
///
/// The page is HTML5 that is well-formed XML too.
public struct ReportPage: Sendable {
    /// What stands in the window's title and at the top.
    public let title: String
    /// A line below it.
    public let lead: String
    /// What stands at the end of the page.
    public let footer: String
    private var blocks: [Markup] = []

    /// A page that holds nothing yet.
    public init(title: String, lead: String, footer: String = "") {
        (self.title, self.lead, self.footer) = (title, lead, footer)
    }

    /// Adds what follows.
    public mutating func add(_ block: Markup) { blocks.append(block) }

    /// Adds a heading and what stands below it.
    public mutating func add(section title: String, _ blocks: [Markup]) {
        self.blocks.append(.element("section", [:], [.element("h2", [:], title)] + blocks))
    }

    /// The whole file.
    public var html: String {
        let head: [Markup] = [
            .element("meta", ["charset": "utf-8"]),
            .element("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"]),
            .element("meta", ["name": "color-scheme", "content": "light dark"]),
            .element("title", [:], title),
            .style(Style.colors(of: ":root") + "\n" + Style.charts + Style.page),
        ]
        var main: [Markup] = [
            .element("header", [:], [.element("h1", [:], title), .element("p", ["class": "lead"], lead)])
        ]
        main += blocks
        if !footer.isEmpty { main.append(.element("footer", [:], footer)) }
        let body = Markup.element("body", [:], [.element("main", [:], main)])
        return "<!DOCTYPE html>\n"
            + Markup.element("html", ["lang": "en"], [.element("head", [:], head), body]).source + "\n"
    }
}

extension Markup {
    /// A paragraph.
    public static func paragraph(_ text: String) -> Markup { .element("p", [:], text) }

    /// A paragraph in small, pale letters.
    public static func note(_ text: String) -> Markup { .element("p", ["class": "note"], text) }

    /// A heading below that of a section.
    public static func heading(_ text: String) -> Markup { .element("h3", [:], text) }

    /// The figures that matter, large, each with what it is.
    public static func figures(_ figures: [(value: String, name: String)]) -> Markup {
        .element(
            "ul", ["class": "figures"],
            figures.map { value, name in
                .element("li", [:], [.element("strong", [:], value), .element("span", [:], name)])
            })
    }

    /// Pictures, side by side where there is room.
    public static func charts(_ charts: [any Chart]) -> Markup {
        .element("div", ["class": "charts"], charts.map { .element("figure", [:], [$0.svg]) })
    }
}
