import Foundation
import Harness

/// Recall against queries a second, over the settings of one index.
struct Curve {
    /// A setting and what it reaches.
    struct Point {
        let setting: String
        let recall: Double
        /// Queries a second, of each round.
        var rates: [Double]

        var rate: Double { Timing.median(of: rates) }
    }

    let name: String
    let buildSeconds: Double
    let bytesPerVector: Double
    var points: [Point] = []

    /// Queries a second at a recall: between two settings by the logarithm of the rate; nil where none reaches it.
    func rate(atRecall target: Double) -> Double? {
        // Of settings with the same recall or less, only faster ones count.
        var best: [(recall: Double, rate: Double)] = []
        for point in points.map({ ($0.recall, $0.rate) }).sorted(by: <) {
            while let last = best.last, last.rate <= point.1 { best.removeLast() }
            best.append(point)
        }
        guard let last = best.last, last.recall >= target else { return nil }
        guard let next = best.firstIndex(where: { $0.recall >= target }), next > 0 else { return best.first?.rate }
        let (low, high) = (best[next - 1], best[next])
        let share = (target - low.recall) / (high.recall - low.recall)
        return low.rate * pow(high.rate / low.rate, share)
    }

    var fields: [String: Any] {
        [
            "name": name, "build_s": buildSeconds, "bytes_per_vector": bytesPerVector,
            "curve": points.map { ["setting": $0.setting, "recall": $0.recall, "qps": $0.rate] },
        ]
    }
}
