/// How often values fall in each of several ranges of equal width, by series; the bars of the series stand on each other.
public struct Histogram: Chart {
    /// Values that belong together.
    public struct Series: Sendable, Equatable {
        /// What the legend calls it.
        public let name: String
        /// The values, in any order.
        public let values: [Double]

        /// A series.
        public init(_ name: String, _ values: [Double]) {
            (self.name, self.values) = (name, values)
        }
    }

    /// A line across the bars.
    public struct Mark: Sendable, Equatable {
        /// Where it stands on the horizontal axis.
        public let place: Double
        /// What it means.
        public let label: String

        /// A mark.
        public init(at place: Double, _ label: String) {
            (self.place, self.label) = (place, label)
        }
    }

    public let title: String
    /// The horizontal axis: the values.
    public let x: Axis
    /// The vertical axis: how many they are.
    public let y: Axis
    /// The series.
    public let series: [Series]
    /// A limit to be seen, where there is one.
    public let mark: Mark?

    private let ticks: Ticks
    /// The number of values in each range, by series.
    private let counts: [[Int]]
    private let width: Double

    /// A histogram of about `bins` ranges whose bounds are round numbers.
    public init(_ title: String, x: Axis, y: Axis, series: [Series], mark: Mark? = nil, bins: Int = 40) {
        precondition(bins > 0, "a histogram of \(bins) bins")
        let x = Axis(x.label, includesZero: x.includesZero, isWhole: x.isWhole)
        (self.title, self.x, self.series, self.mark) = (title, x, series, mark)
        self.y = Axis(y.label, includesZero: true, isWhole: true)
        let finite = series.flatMap(\.values).filter(\.isDrawable)
        ticks = Ticks(covering: finite + (mark.map { [$0.place] } ?? []), axis: x, count: 6)
        let (low, high) = (ticks.values[0], ticks.values[ticks.values.count - 1])
        let step = ticks.values[1] - ticks.values[0]
        // As many bins a tick as come near the number wanted, with round bounds.
        let wanted = Double(bins) * step / (high - low)
        let parts = [1.0, 2, 5, 10, 20, 50].last { $0 <= max(1, wanted) && (!x.isWhole || step / $0 >= 1) } ?? 1
        width = step / parts
        let count = Int(((high - low) / width).rounded())
        let width = width
        counts = series.map { series in
            var counts = [Int](repeating: 0, count: count)
            for value in series.values where value.isDrawable {
                counts[max(0, min(count - 1, Int(((value - low) / width).rounded(.down))))] += 1
            }
            return counts
        }
    }

    public var legend: [LegendEntry] {
        series.enumerated().map { LegendEntry(name: $1.name, color: $0 % Style.colorCount, sample: .block) }
    }

    public var summary: String {
        let parts = series.map { series in
            let values = series.values.filter(\.isDrawable).sorted()
            guard let low = values.first, let high = values.last else { return "\(series.name): no values" }
            return "\(series.name): \(values.count == 1 ? "1 value" : "\(Figures.grouped(values.count)) values") from "
                + "\(Figures.short(low)) to \(Figures.short(high)), median \(Figures.short(values[values.count / 2]))"
        }
        return "\(y.label) by \(x.label). " + (parts + (mark.map { [$0.label] } ?? [])).joined(separator: "; ")
    }

    public func body(top: Double) -> (shapes: [Markup], height: Double) {
        let totals = (counts.first ?? []).indices.map { bin in counts.reduce(0) { $0 + $1[bin] } }
        guard totals.contains(where: { $0 > 0 }) else { return Frame.nothing(top: top) }
        let frame = Frame(
            xTicks: ticks, xAxis: x, yTicks: Ticks(covering: totals.map(Double.init), axis: y), yAxis: y, top: top)
        var shapes = frame.shapes
        for bin in totals.indices where totals[bin] > 0 {
            let low = ticks.values[0] + Double(bin) * width
            let (left, right) = (frame.x(low), frame.x(low + width))
            var below = 0
            for (number, counts) in counts.enumerated() where counts[bin] > 0 {
                let (bottom, end) = (frame.y(Double(below)), frame.y(Double(below + counts[bin])))
                shapes.append(
                    .element(
                        "rect",
                        [
                            "class": "block s\(number % Style.colorCount)", "x": pixels(left + 0.5), "y": pixels(end),
                            "width": pixels(max(1, right - left - 1)), "height": pixels(max(0.5, bottom - end)),
                        ],
                        [
                            .element(
                                "title", [:],
                                "\(series[number].name), \(Figures.short(low)) to \(Figures.short(low + width)): "
                                    + Figures.grouped(counts[bin]))
                        ]))
                below += counts[bin]
            }
        }
        if let mark, mark.place.isDrawable { shapes += draw(mark, frame) }
        return (shapes, frame.height)
    }

    private func draw(_ mark: Mark, _ frame: Frame) -> [Markup] {
        let place = frame.x(mark.place)
        // The label stands on the side where there is room for it.
        let isRight = place + Frame.textWidth(mark.label) + 6 < Frame.width
        return [
            Frame.line("mark", place, frame.y.start, place, frame.y.end - 6),
            .element(
                "text",
                [
                    "class": "label halo", "x": pixels(place + (isRight ? 6 : -6)), "y": pixels(frame.y.end + 4),
                    "text-anchor": isRight ? "start" : "end",
                ], mark.label),
        ]
    }
}
