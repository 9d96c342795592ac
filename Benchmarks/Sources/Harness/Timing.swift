/// Measures a piece of work by the clock: repeated until a round is long enough to trust, the median of several rounds.
public enum Timing {
    /// The median time of one call, in seconds.
    ///
    /// - Parameters:
    ///   - rounds: How many rounds the median is taken over.
    ///   - secondsPerRound: A round repeats the work until it has taken at least this long.
    public static func median(
        rounds: Int = 5, secondsPerRound: Double = 0.05, _ body: () throws -> Void
    ) rethrows -> Double {
        try body()
        var repetitions = 1
        while true {
            let taken = try seconds { for _ in 0..<repetitions { try body() } }
            if taken >= secondsPerRound { break }
            repetitions *= taken > 0 ? max(2, min(100, Int(secondsPerRound / taken))) : 100
        }
        let times = try (0..<rounds).map { _ in
            try seconds { for _ in 0..<repetitions { try body() } } / Double(repetitions)
        }
        return median(of: times)
    }

    /// The time that `body` took, in seconds.
    public static func seconds(_ body: () throws -> Void) rethrows -> Double {
        let clock = ContinuousClock()
        let taken = try clock.measure(body)
        return Double(taken.components.seconds) + Double(taken.components.attoseconds) * 1e-18
    }

    /// The middle of the values; of an even number, the mean of the two in the middle.
    public static func median(of values: [Double]) -> Double {
        precondition(!values.isEmpty, "a median needs a value")
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2) ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }
}
