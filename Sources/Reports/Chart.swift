/// A picture of numbers.
///
/// A chart never fails: where there is nothing to draw it says so, and a value that is no finite number is left out.
public protocol Chart: Sendable {
    /// What the chart shows, in a few words.
    var title: String { get }
    /// What a reader sees in it, for who cannot see it.
    var summary: String { get }
    /// The names of the series, in the order of their colours.
    var legend: [LegendEntry] { get }
    /// What is drawn, below title and legend: from `top` down.
    ///
    /// - Returns: the shapes, and the height at which they end.
    func body(top: Double) -> (shapes: [Markup], height: Double)
}

/// A name in the legend, and how what it names is drawn.
public struct LegendEntry: Sendable, Equatable {
    /// What is drawn beside the name.
    enum Sample: Sendable { case line, faintLine, block }

    let name: String
    /// The number of the colour.
    let color: Int
    let sample: Sample
}

extension Chart {
    /// The picture as an element of a page that has ``ReportPage``'s style rules.
    public var svg: Markup { picture(style: []) }

    /// The picture as a file of its own.
    public var document: String {
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            + picture(style: [.style(Style.colors(of: "svg") + Style.charts)]).source + "\n"
    }

    private func picture(style: [Markup]) -> Markup {
        var shapes: [Markup] = [
            .element("title", [:], title), .element("desc", [:], summary),
        ]
        shapes += style
        shapes.append(.element("text", ["class": "title", "x": "0", "y": "15"], title))
        let (entries, top) = legendShapes(top: 26)
        shapes += entries
        let (drawn, height) = body(top: top)
        return .element(
            "svg",
            [
                "xmlns": "http://www.w3.org/2000/svg", "class": "chart", "role": "img",
                "viewBox": "0 0 \(pixels(Frame.width)) \(pixels(height))",
            ], shapes + drawn)
    }

    /// Sample and name of each entry, in as many lines as they need; where the next thing begins.
    private func legendShapes(top: Double) -> ([Markup], Double) {
        guard legend.count > 1 else { return ([], top) }
        var shapes: [Markup] = []
        var (x, y) = (0.0, top + 11)
        for entry in legend {
            let width = 26 + Frame.textWidth(entry.name) + 18
            if x > 0, x + width > Frame.width { (x, y) = (0, y + 17) }
            switch entry.sample {
            case .line, .faintLine:
                let kind = entry.sample == .line ? "line" : "faint line"
                shapes.append(
                    .element(
                        "line",
                        [
                            "class": "\(kind) s\(entry.color)", "x1": pixels(x), "y1": pixels(y - 4),
                            "x2": pixels(x + 18), "y2": pixels(y - 4),
                        ]))
            case .block:
                shapes.append(
                    .element(
                        "rect",
                        [
                            "class": "block s\(entry.color)", "x": pixels(x + 4), "y": pixels(y - 10), "width": "12",
                            "height": "12", "rx": "2",
                        ]))
            }
            shapes.append(.element("text", ["class": "legend", "x": pixels(x + 24), "y": pixels(y)], entry.name))
            x += width
        }
        return (shapes, y + 8)
    }
}

/// A place or a length in a picture, to a tenth of a pixel.
func pixels(_ value: Double) -> String {
    let tenths = Int((value * 10).rounded())
    guard tenths % 10 != 0 else { return String(tenths / 10) }
    return (tenths < 0 ? "-" : "") + "\(abs(tenths) / 10).\(abs(tenths) % 10)"
}
