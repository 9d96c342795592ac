import Testing

@testable import Reports

@Suite("Charts")
struct ChartTests {
    private static func line(_ values: [[Double]]) -> LineChart {
        LineChart(
            "Loss <of> \"steps\"", x: Axis("step", isWhole: true), y: Axis("loss, nats"),
            series: values.enumerated().map { number, values in
                LineChart.Series("series \(number) & more", values.enumerated().map { .init(Double($0), $1) })
            })
    }

    @Test(
        "draws anything as well-formed SVG with title, description and axes in place",
        arguments: [
            [[]], [], [[1]], [[2, 2, 2]], [[.nan]], [[1, .nan, 3]], [[.infinity, 1, 2]], [[1, 2], [], [5, .nan]],
            [[1e300, -1e300]], [[1e-12, 2e-12]], [[0, 0]], (0..<7).map { _ in [1, 2] },
        ] as [[[Double]]])
    func anything(values: [[Double]]) {
        let bars = BarChart(
            "bars", groups: ["a", "b<"], y: Axis("value"),
            series: values.map { values in
                BarChart.Series(
                    "s",
                    (0..<2).map { group in
                        guard group < values.count else { return nil }
                        let value = values[group]
                        return .init(value, interval: value.isNaN ? nil : value...value)
                    })
            })
        let histogram = Histogram(
            "lengths", x: Axis("tokens", isWhole: true), y: Axis("texts"),
            series: values.map { Histogram.Series("s", $0) }, mark: .init(at: 1.5, "limit"))
        for chart in [Self.line(values), bars, histogram] as [any Chart] {
            let parsed = ParsedXML(chart.document)
            #expect(parsed.failure == nil, "\(chart.document)")
            #expect(parsed.elements.first?.attributes["role"] == "img")
            #expect(parsed.texts(of: "title").contains(chart.title))
            #expect(parsed.texts(of: "desc") == [chart.summary])
            let numbers = parsed.elements.flatMap { element in
                element.attributes.filter { ["x", "y", "x1", "x2", "y1", "y2", "cx", "cy"].contains($0.key) }.values
            }
            #expect(!numbers.isEmpty && numbers.allSatisfy { Double($0).map { (-20...700).contains($0) } ?? false })
        }
    }

    @Test("lifts the pen where a value is no number")
    func gaps() {
        let parsed = ParsedXML(Self.line([[1, 2, .nan, 3, 4, .infinity, 5]]).document)
        #expect(parsed.attributes(of: "polyline").count == 2)
        // A lone value between two gaps is a dot.
        #expect(parsed.attributes(of: "circle").count == 1)
    }

    @Test("puts higher values higher and later ones further right")
    func directions() throws {
        let parsed = ParsedXML(Self.line([[1, 3, 2]]).document)
        let points = try #require(parsed.attributes(of: "polyline").first?["points"]).split(separator: " ").map {
            $0.split(separator: ",").compactMap { Double($0) }
        }
        #expect(points.count == 3)
        #expect(points[0][0] < points[1][0] && points[1][0] < points[2][0])
        #expect(points[1][1] < points[2][1] && points[2][1] < points[0][1])
    }

    @Test("has a legend where there is more than one series, and none for one")
    func legends() {
        let names = ["series 0 & more", "series 1 & more"]
        let two = ParsedXML(Self.line([[1, 2], [2, 3]]).document).texts(of: "text")
        #expect(names.allSatisfy(two.contains))
        #expect(!ParsedXML(Self.line([[1, 2]]).document).texts(of: "text").contains(names[0]))
        #expect(two.contains("loss, nats") && two.contains("step"))
    }

    @Test("keeps the peaks of a series that is longer than the picture is wide")
    func thins() throws {
        var values = [Double](repeating: 1, count: 100_000)
        values[54_321] = 9
        values[77_777] = -9
        let parsed = ParsedXML(Self.line([values]).document)
        let heights = try #require(parsed.attributes(of: "polyline").first?["points"]).split(separator: " ").compactMap
        {
            $0.split(separator: ",").last.flatMap { Double($0) }
        }
        #expect(heights.count <= 1000)
        let flat = heights[0]
        #expect(heights.contains { $0 < flat - 50 } && heights.contains { $0 > flat + 50 })
    }

    @Test("draws intervals as a band, as a whisker for a lone value, as error bars on bars")
    func intervals() {
        func chart(_ count: Int) -> String {
            LineChart(
                "c", x: Axis("x"), y: Axis("y"),
                series: [.init("s", (0..<count).map { .init(Double($0), 1, interval: 0...2) }, emphasis: .dots)]
            ).document
        }
        #expect(ParsedXML(chart(3)).attributes(of: "polygon", class: "band").count == 1)
        #expect(ParsedXML(chart(1)).attributes(of: "line", class: "whisker").count == 1)
        let bars = BarChart(
            "b", groups: ["ndcg@10"], y: Axis("value"),
            series: [.init("base", [.init(0.4, interval: 0.3...0.5)]), .init("tuned", [.init(0.5)])])
        #expect(ParsedXML(bars.document).attributes(of: "line", class: "whisker").count == 3)
        #expect(bars.summary == "ndcg@10: base 0.400 (0.300 to 0.500), tuned 0.500")
    }

    @Test("counts every value of a histogram once, also those at the ends")
    func counts() {
        let histogram = Histogram(
            "lengths", x: Axis("tokens", includesZero: true, isWhole: true), y: Axis("texts"),
            series: [.init("queries", [0, 1, 5, 5, 10, 10]), .init("documents", [3, 500, 500, .nan])],
            mark: .init(at: 256, "limit 256"))
        let titles = ParsedXML(histogram.document).texts(of: "title").dropFirst()
        let counted = titles.compactMap { $0.split(separator: ": ").last.flatMap { Int($0) } }
        #expect(counted.reduce(0, +) == 9)
        #expect(ParsedXML(histogram.document).texts(of: "text").contains("limit 256"))
    }
}
