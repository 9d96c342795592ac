/// The part of a chart between its axes: grid, ticks and labels, and where values stand in it.
struct Frame {
    static let width = 520.0
    private static let plotHeight = 210.0

    let x: Scale
    let y: Scale
    /// Grid and labels, to be drawn first.
    let shapes: [Markup]
    /// Where the picture ends.
    let height: Double

    /// A frame with numbers along both axes.
    init(xTicks: Ticks, xAxis: Axis, yTicks: Ticks, yAxis: Axis, top: Double) {
        self.init(yTicks: yTicks, yAxis: yAxis, xLabel: xAxis.label, top: top) { left, right in
            let scale = Scale(xTicks, from: left, to: right)
            return (scale, zip(xTicks.values, xTicks.labels).map { (scale($0), $1) })
        }
    }

    /// A frame with a name for each of several places along the horizontal axis, which runs from 0 to their number.
    init(names: [String], xLabel: String, yTicks: Ticks, yAxis: Axis, top: Double) {
        self.init(yTicks: yTicks, yAxis: yAxis, xLabel: xLabel, top: top) { left, right in
            let scale = Scale(low: 0, high: Double(max(1, names.count)), from: left, to: right)
            return (scale, names.enumerated().map { (scale(Double($0) + 0.5), $1) })
        }
    }

    private init(
        yTicks: Ticks, yAxis: Axis, xLabel: String, top: Double,
        across: (_ left: Double, _ right: Double) -> (Scale, [(Double, String)])
    ) {
        let left = (yTicks.labels.map(Self.textWidth).max() ?? 0) + 10
        let right = Self.width - 18
        let (plotTop, bottom) = (top + 26, top + 26 + Self.plotHeight)
        y = Scale(yTicks, from: bottom, to: plotTop)
        let (x, names) = across(left, right)
        self.x = x

        var shapes: [Markup] = [
            .element("text", ["class": "label", "x": "0", "y": pixels(top + 12)], yAxis.label)
        ]
        for (value, label) in zip(yTicks.values, yTicks.labels) {
            let place = y(value)
            shapes.append(
                Self.line(value == 0 || value == yTicks.values.first ? "axis" : "grid", left, place, right, place))
            shapes.append(
                .element(
                    "text", ["class": "tick", "x": pixels(left - 7), "y": pixels(place + 4), "text-anchor": "end"],
                    label))
        }
        for (place, name) in names {
            shapes.append(Self.line("axis", place, bottom, place, bottom + 4))
            shapes.append(
                .element(
                    "text", ["class": "tick", "x": pixels(place), "y": pixels(bottom + 18), "text-anchor": "middle"],
                    name))
        }
        var height = bottom + 26
        if !xLabel.isEmpty {
            shapes.append(
                .element(
                    "text",
                    [
                        "class": "label", "x": pixels((left + right) / 2), "y": pixels(bottom + 37),
                        "text-anchor": "middle",
                    ], xLabel))
            height += 18
        }
        self.shapes = shapes
        self.height = height
    }

    /// What stands in place of a picture that has nothing to show.
    static func nothing(top: Double) -> (shapes: [Markup], height: Double) {
        let shapes: [Markup] = [
            .element(
                "rect",
                ["class": "void", "x": "0", "y": pixels(top + 4), "width": pixels(width), "height": "80", "rx": "4"]),
            .element(
                "text",
                ["class": "label", "x": pixels(width / 2), "y": pixels(top + 48), "text-anchor": "middle"],
                "nothing to show"),
        ]
        return (shapes, top + 90)
    }

    static func line(_ kind: String, _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double) -> Markup {
        .element(
            "line", ["class": kind, "x1": pixels(x1), "y1": pixels(y1), "x2": pixels(x2), "y2": pixels(y2)])
    }

    /// About how wide a text of labels is. What draws it picks the font: this is an upper bound for most.
    static func textWidth(_ text: String) -> Double { Double(text.count) * 7 }
}
