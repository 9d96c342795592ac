/// Values over a number, as lines; a series may have an interval around each value, drawn as a band.
public struct LineChart: Chart {
    /// A place in a chart.
    public struct Point: Sendable, Equatable {
        /// The place along the horizontal axis.
        public let x: Double
        /// The value there.
        public let y: Double
        /// The interval of the value.
        public let interval: ClosedRange<Double>?

        /// A value at a place.
        public init(_ x: Double, _ y: Double, interval: ClosedRange<Double>? = nil) {
            (self.x, self.y, self.interval) = (x, y, interval)
        }

        fileprivate var isDrawable: Bool { x.isDrawable && y.isDrawable }
    }

    /// How a series is drawn.
    public enum Emphasis: Sendable {
        /// A line.
        case line
        /// A thin, pale line behind the others.
        case faint
        /// A line with a dot at every value.
        case dots
    }

    /// Values that belong together.
    public struct Series: Sendable, Equatable {
        /// What the legend calls it.
        public let name: String
        /// The values, by their place.
        public let points: [Point]
        /// How it is drawn.
        public let emphasis: Emphasis
        /// The number of its colour; nil for its place among the series.
        public let color: Int?

        /// A series; its points may come in any order.
        public init(_ name: String, _ points: [Point], emphasis: Emphasis = .line, color: Int? = nil) {
            self.name = name
            self.points = points
            self.emphasis = emphasis
            self.color = color
        }
    }

    public let title: String
    /// The horizontal axis.
    public let x: Axis
    /// The vertical axis.
    public let y: Axis
    /// What is drawn, the first behind the others.
    public let series: [Series]

    /// A chart of several series.
    public init(_ title: String, x: Axis, y: Axis, series: [Series]) {
        (self.title, self.x, self.y, self.series) = (title, x, y, series)
    }

    public var legend: [LegendEntry] {
        series.enumerated().map { number, series in
            LegendEntry(
                name: series.name, color: color(of: number), sample: series.emphasis == .faint ? .faintLine : .line)
        }
    }

    public var summary: String {
        let parts = series.map { series in
            let points = series.points.filter(\.isDrawable).sorted { $0.x < $1.x }
            guard let first = points.first, let last = points.last else { return "\(series.name): no values" }
            let values = points.map(\.y)
            return "\(series.name): \(points.count == 1 ? "1 value" : "\(Figures.grouped(points.count)) values"), "
                + "from \(Figures.short(first.y)) to \(Figures.short(last.y)), lowest "
                + "\(Figures.short(values.min() ?? 0)), highest \(Figures.short(values.max() ?? 0))"
        }
        return "\(y.label) over \(x.label). " + parts.joined(separator: "; ")
    }

    public func body(top: Double) -> (shapes: [Markup], height: Double) {
        let finite = series.flatMap { $0.points.filter(\.isDrawable) }
        guard !finite.isEmpty else { return Frame.nothing(top: top) }
        let heights = finite.flatMap { [$0.y] + ($0.interval.map { [$0.lowerBound, $0.upperBound] } ?? []) }
        let frame = Frame(
            xTicks: Ticks(covering: finite.map(\.x), axis: x, count: 6), xAxis: x,
            yTicks: Ticks(covering: heights, axis: y), yAxis: y, top: top)
        var shapes = frame.shapes
        for (number, series) in series.enumerated() {
            for stretch in stretches(of: series.points) { shapes += draw(stretch, series, number, frame) }
        }
        return (shapes, frame.height)
    }

    private func color(of number: Int) -> Int { (series[number].color ?? number) % Style.colorCount }

    /// What can be drawn without lifting the pen: a value that is no number ends a stretch.
    private func stretches(of points: [Point]) -> [[Point]] {
        points.filter { $0.x.isDrawable }.sorted { $0.x < $1.x }
            .split { !$0.y.isDrawable }.map { thinned(Array($0)) }
    }

    private func draw(_ points: [Point], _ series: Series, _ number: Int, _ frame: Frame) -> [Markup] {
        var shapes: [Markup] = []
        let color = "s\(color(of: number))"
        func place(_ x: Double, _ y: Double) -> String { pixels(frame.x(x)) + "," + pixels(frame.y(y)) }
        let banded = points.filter { $0.interval.map { $0.lowerBound.isDrawable && $0.upperBound.isDrawable } ?? false }
        if banded.count > 1 {
            let upper = banded.map { place($0.x, $0.interval?.upperBound ?? $0.y) }
            let lower = banded.reversed().map { place($0.x, $0.interval?.lowerBound ?? $0.y) }
            shapes.append(
                .element("polygon", ["class": "band \(color)", "points": (upper + lower).joined(separator: " ")]))
        } else if let point = banded.first, let interval = point.interval {
            let (x, low, high) = (frame.x(point.x), frame.y(interval.lowerBound), frame.y(interval.upperBound))
            shapes.append(Frame.line("whisker", x, low, x, high))
        }
        let kind = series.emphasis == .faint ? "faint line" : "line"
        if points.count > 1 {
            shapes.append(
                .element(
                    "polyline",
                    ["class": "\(kind) \(color)", "points": points.map { place($0.x, $0.y) }.joined(separator: " ")]))
        }
        if series.emphasis == .dots || points.count == 1 {
            shapes += points.map { point in
                .element(
                    "circle",
                    [
                        "class": "dot \(color)", "cx": pixels(frame.x(point.x)), "cy": pixels(frame.y(point.y)),
                        "r": "3.5",
                    ],
                    [
                        .element(
                            "title", [:],
                            "\(x.label) \(Figures.short(point.x)): \(series.name) \(Figures.short(point.y))")
                    ])
            }
        }
        return shapes
    }

    /// The most values of a stretch that are drawn: more than there are pixels say nothing more.
    private static let drawn = 1000

    /// A long stretch by the first, lowest, highest and last value of each of as many parts as the picture can show, so that no
    /// peak is lost.
    private func thinned(_ points: [Point]) -> [Point] {
        guard points.count > Self.drawn else { return points }
        let parts = Self.drawn / 4
        return (0..<parts).flatMap { part -> [Point] in
            let range = points.count * part / parts..<points.count * (part + 1) / parts
            let lowest = range.min { points[$0].y < points[$1].y } ?? range.lowerBound
            let highest = range.max { points[$0].y < points[$1].y } ?? range.lowerBound
            return Set([range.lowerBound, lowest, highest, range.upperBound - 1]).sorted().map { points[$0] }
        }
    }
}
