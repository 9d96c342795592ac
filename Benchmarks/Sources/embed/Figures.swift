import Foundation
import Harness

/// What one engine reaches on the texts.
struct Figures {
    var textsPerSecond: Double
    var tokensPerSecond: Double
    var peakMegabytes: Double
    /// Milliseconds of one query of a dozen tokens.
    var query: (p50: Double, p99: Double)
    /// Seconds from the start of the process to the first vector.
    var firstVector: Double

    /// Every figure as `value` finds it under its name.
    init(_ value: (String) -> Double) {
        textsPerSecond = value("texts_per_s")
        tokensPerSecond = value("tokens_per_s")
        peakMegabytes = value("peak_mb")
        query = (value("query_p50_ms"), value("query_p99_ms"))
        firstVector = value("first_vector_s")
    }

    init(
        textsPerSecond: Double, tokensPerSecond: Double, peakMegabytes: Double, query: (p50: Double, p99: Double),
        firstVector: Double
    ) {
        self.textsPerSecond = textsPerSecond
        self.tokensPerSecond = tokensPerSecond
        self.peakMegabytes = peakMegabytes
        self.query = query
        self.firstVector = firstVector
    }

    var fields: [String: Any] {
        [
            "texts_per_s": textsPerSecond, "tokens_per_s": tokensPerSecond, "peak_mb": peakMegabytes,
            "query_p50_ms": query.p50, "query_p99_ms": query.p99, "first_vector_s": firstVector,
        ]
    }

    static let columns = [
        "texts/s", "tokens/s", "of ceiling", "query p50 ms", "p99 ms", "first vector s", "peak MB",
    ]

    /// The cells of a table's row; a ceiling is in tokens a second.
    func cells(ceiling: Double?) -> [String] {
        [
            fixed(textsPerSecond), fixed(tokensPerSecond, 0),
            ceiling.map { "\(fixed(100 * tokensPerSecond / $0, 0)) %" } ?? "", fixed(query.p50, 2),
            fixed(query.p99, 2), fixed(firstVector, 3), fixed(peakMegabytes, 0),
        ]
    }
}
