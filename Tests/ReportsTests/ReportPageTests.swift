import Testing

@testable import Reports

@Suite("Report page")
struct ReportPageTests {
    private static let hostile = "</script><img src=x onerror=alert(1)> & \u{202E}\u{0}"

    private static var page: ReportPage {
        var page = ReportPage(title: "Run \(hostile)", lead: hostile, footer: "made by a test")
        page.add(.figures([("0.416", "nDCG@10"), (hostile, hostile)]))
        page.add(
            section: "Curves",
            [
                .paragraph(hostile),
                .charts([
                    LineChart(
                        hostile, x: Axis("step"), y: Axis("loss"), series: [.init(hostile, [.init(0, 1), .init(1, 2)])])
                ]),
                Table(
                    hostile, columns: [.text("metric"), .number("base"), .number("tuned")],
                    rows: [["ndcg@10", "0.371", "0.416"], [hostile, "1", "2"]]
                ).markup,
                SideBySide(
                    hostile, change: "0.2 → 0.5", difference: 0.3,
                    lists: [
                        .init("base", [.init(rank: "1", text: hostile, isRelevant: false)]),
                        .init("tuned", [.init(rank: "1", text: "found", isRelevant: true)]),
                    ], isOpen: true
                ).markup,
            ])
        return page
    }

    @Test("is well-formed and keeps hostile text as text")
    func wellFormed() {
        let parsed = ParsedXML(Self.page.html)
        #expect(parsed.failure == nil)
        #expect(parsed.attributes(of: "img").isEmpty && parsed.attributes(of: "script").isEmpty)
        #expect(parsed.texts(of: "p").contains { $0.contains("</script><img src=x") })
    }

    @Test("needs nothing from elsewhere")
    func selfContained() {
        let parsed = ParsedXML(Self.page.html)
        let references = parsed.elements.flatMap { element in
            element.attributes.keys.filter { ["href", "src", "srcset", "data", "action"].contains($0) }
        }
        #expect(references.isEmpty)
        for name in ["link", "script", "iframe", "object", "img", "base"] {
            #expect(parsed.attributes(of: name).isEmpty)
        }
        let style = parsed.texts(of: "style").joined()
        #expect(!style.isEmpty && !style.contains("url(") && !style.contains("@import"))
    }

    @Test("has headers of rows and columns in its tables, and numbers set right")
    func tables() {
        let parsed = ParsedXML(Self.page.html)
        let headers = parsed.attributes(of: "th").compactMap { $0["scope"] }
        #expect(headers == ["col", "col", "col", "row", "row"])
        #expect(parsed.attributes(of: "td", class: "number").count == 4)
        #expect(parsed.texts(of: "caption").count == 1)
    }

    @Test("is made for light, dark and paper")
    func schemes() {
        let html = Self.page.html
        #expect(html.contains("@media screen and (prefers-color-scheme:dark)") && html.contains("@media print"))
        #expect(html.hasPrefix("<!DOCTYPE html>\n<html lang=\"en\">"))
    }

    @Test("marks what is relevant by more than a colour")
    func relevance() {
        let parsed = ParsedXML(Self.page.html)
        #expect(parsed.attributes(of: "li", class: "relevant").count == 1)
        #expect(parsed.texts(of: "span").contains("✓ relevant "))
    }
}
