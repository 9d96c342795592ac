/// Values of several series side by side, by name; a value may have an interval, drawn as an error bar.
public struct BarChart: Chart {
    /// The height of a bar.
    public struct Value: Sendable, Equatable {
        /// The value.
        public let value: Double
        /// Its interval.
        public let interval: ClosedRange<Double>?

        /// A value and its interval.
        public init(_ value: Double, interval: ClosedRange<Double>? = nil) {
            (self.value, self.interval) = (value, interval)
        }
    }

    /// Values that belong together: one for each group.
    public struct Series: Sendable, Equatable {
        /// What the legend calls it.
        public let name: String
        /// The values in the order of the groups; nil where there is none.
        public let values: [Value?]

        /// A series.
        public init(_ name: String, _ values: [Value?]) {
            (self.name, self.values) = (name, values)
        }
    }

    public let title: String
    /// What stands below each group of bars.
    public let groups: [String]
    /// The vertical axis; it includes 0 whatever it says.
    public let y: Axis
    /// The series; each has a value for each group.
    public let series: [Series]

    /// A chart of bars.
    public init(_ title: String, groups: [String], y: Axis, series: [Series]) {
        precondition(
            series.allSatisfy { $0.values.count == groups.count }, "every series has a value for each of the groups")
        (self.title, self.groups, self.series) = (title, groups, series)
        self.y = Axis(y.label, includesZero: true, isWhole: y.isWhole)
    }

    public var legend: [LegendEntry] {
        series.enumerated().map {
            LegendEntry(name: $1.name, color: $0 % Style.colorCount, sample: .block)
        }
    }

    public var summary: String {
        groups.enumerated().map { group, name in
            let values = series.compactMap { series in
                series.values[group].map { "\(series.name) \(text(of: $0))" }
            }
            return "\(name): \(values.isEmpty ? "no values" : values.joined(separator: ", "))"
        }.joined(separator: "; ")
    }

    public func body(top: Double) -> (shapes: [Markup], height: Double) {
        let values = series.flatMap { $0.values.compactMap(\.self) }.filter(\.value.isDrawable)
        guard !values.isEmpty else { return Frame.nothing(top: top) }
        let heights = values.flatMap { [$0.value] + ($0.interval.map { [$0.lowerBound, $0.upperBound] } ?? []) }
        let frame = Frame(names: groups, xLabel: "", yTicks: Ticks(covering: heights, axis: y), yAxis: y, top: top)
        var shapes = frame.shapes
        let share = 0.72
        let slot = frame.x(1) - frame.x(0)
        let width = min(56, slot * share / Double(series.count))
        for group in groups.indices {
            let middle = frame.x(Double(group) + 0.5)
            for (number, series) in series.enumerated() {
                guard let value = series.values[group], value.value.isDrawable else { continue }
                let left = middle + (Double(number) - Double(self.series.count) / 2) * width
                shapes += bar(
                    value, "\(groups[group]), \(series.name): \(text(of: value))", from: left, width: width,
                    color: number % Style.colorCount, frame)
            }
        }
        return (shapes, frame.height)
    }

    private func bar(
        _ value: Value, _ text: String, from left: Double, width: Double, color: Int, _ frame: Frame
    ) -> [Markup] {
        let (zero, end) = (frame.y(0), frame.y(value.value))
        var shapes: [Markup] = [
            .element(
                "rect",
                [
                    "class": "block s\(color)", "x": pixels(left + 1), "y": pixels(min(zero, end)),
                    "width": pixels(max(1, width - 2)), "height": pixels(max(1, abs(zero - end))),
                ], [.element("title", [:], text)])
        ]
        if let interval = value.interval, interval.lowerBound.isDrawable, interval.upperBound.isDrawable {
            let middle = left + width / 2
            let (low, high) = (frame.y(interval.lowerBound), frame.y(interval.upperBound))
            shapes.append(Frame.line("whisker", middle, low, middle, high))
            for place in [low, high] { shapes.append(Frame.line("whisker", middle - 4, place, middle + 4, place)) }
        }
        return shapes
    }

    private func text(of value: Value) -> String {
        guard let interval = value.interval else { return Figures.short(value.value) }
        return "\(Figures.short(value.value)) (\(Figures.short(interval.lowerBound)) to "
            + "\(Figures.short(interval.upperBound)))"
    }
}
