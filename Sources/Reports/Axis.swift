/// What an axis says of itself.
public struct Axis: Sendable, Equatable {
    /// What is measured along it, with the unit: `loss`, `time, s`.
    public let label: String
    /// Whether the axis begins at 0 even where the values do not.
    public let includesZero: Bool
    /// Whether only whole numbers mean something: no tick stands between them.
    public let isWhole: Bool

    /// An axis with a label.
    public init(_ label: String, includesZero: Bool = false, isWhole: Bool = false) {
        self.label = label
        self.includesZero = includesZero
        self.isWhole = isWhole
    }
}

/// Round numbers along an axis that cover a range.
struct Ticks: Equatable {
    /// Ascending, at least two: the first and the last are the ends of the axis.
    let values: [Double]
    /// What stands at each.
    let labels: [String]

    /// Ticks at multiples of 1, 2 or 5 times a power of ten, about `count` of them, over the drawable of the values.
    init(covering values: [Double], axis: Axis, count: Int = 5) {
        var low = values.filter(\.isDrawable).min() ?? 0
        var high = values.filter(\.isDrawable).max() ?? 1
        if axis.includesZero { (low, high) = (min(low, 0), max(high, 0)) }
        // What is not to be told apart in a picture would need ticks that differ in their tenth digit.
        let scale = max(abs(low), abs(high))
        if high - low <= max(scale * 1e-9, 1 / Double.largestDrawable) {
            let margin = scale > 1e-90 ? max(axis.isWhole ? 1 : 0, scale * 0.1) : 1
            (low, high) = (low > 0 ? max(0, low - margin) : low - margin, high + margin)
        }
        let step = Self.roundStep((high - low) / Double(count), isWhole: axis.isWhole)
        let first = (low / step + 1e-6).rounded(.down)
        let last = max(first + 1, (high / step - 1e-6).rounded(.up))
        self.values = stride(from: first, through: last, by: 1).map { $0 * step }
        labels = Self.labels(of: self.values, step: step)
    }

    private static func roundStep(_ rough: Double, isWhole: Bool) -> Double {
        if isWhole, rough <= 1 { return 1 }
        var power = 1.0
        while power * 10 <= rough { power *= 10 }
        while power > rough { power /= 10 }
        let multiple = [1.0, 2, 5, 10].first { $0 * power >= rough * 0.999 } ?? 10
        return multiple * power
    }

    private static func labels(of values: [Double], step: Double) -> [String] {
        let largest = values.map(abs).max() ?? 0
        guard step >= 0.99e-5, largest < 1e7 else { return values.map(Figures.scientific) }
        var digits = 0
        var unit = 1.0
        while digits < 6, step < unit * 0.99 { (digits, unit) = (digits + 1, unit / 10) }
        return values.map { Figures.fixed($0, digits) }
    }
}

/// Where a value stands between two places of a picture.
struct Scale {
    let low: Double
    let high: Double
    /// The place of `low`, in pixels.
    let start: Double
    /// The place of `high`.
    let end: Double

    init(_ ticks: Ticks, from start: Double, to end: Double) {
        self.init(low: ticks.values.first ?? 0, high: ticks.values.last ?? 1, from: start, to: end)
    }

    init(low: Double, high: Double, from start: Double, to end: Double) {
        (self.low, self.high, self.start, self.end) = (low, high, start, end)
    }

    /// The place of a value.
    func callAsFunction(_ value: Double) -> Double {
        start + (value - low) / (high - low) * (end - start)
    }
}

extension Double {
    /// The largest value that a chart draws. Beyond it, sums and ratios of values would not all be numbers.
    fileprivate static let largestDrawable = 1e100

    /// Whether the value has a place in a picture.
    var isDrawable: Bool { abs(self) <= .largestDrawable }
}
