import Encoders
import Files
import Foundation
import Harness
import ModelFiles
import VectorMath

/// What Attune reaches in one precision, measured in a process of its own: so memory and start are its own.
struct OwnResult {
    let precision: Precision
    let tokens: Int
    let figures: Figures

    var fields: [String: Any] {
        figures.fields.merging(["precision": precision.rawValue, "tokens": tokens]) { a, _ in a }
    }

    private static let query = "which setting limits how much memory a sort may use"

    /// Measures here, in this process, which began at `started`.
    static func measure(
        _ precision: Precision, model: String, texts: String, rounds: Int, limit: Int?, started: Double
    ) throws -> OwnResult {
        let encoder = try TextEncoder(
            model: ModelFolder(path: ModelReference.resolve(model)), precision: precision)
        _ = try encoder.encodeQueries([query])
        let firstVector = Date().timeIntervalSince1970 - started
        let lines = try readLines(texts)
        let tokens = try encoder.model.tokenize(lines, maxLength: limit).reduce(0) { $0 + $1.count }
        _ = try encoder.encode(Array(lines.prefix(64)), maxLength: limit)
        let seconds = try (0..<rounds).map { _ in
            try Timing.seconds { _ = try encoder.encode(lines, maxLength: limit) }
        }
        let times = try (0..<1000).map { _ in try Timing.seconds { _ = try encoder.encodeQueries([query]) } }.sorted()
        let own = Timing.median(of: seconds)
        return OwnResult(
            precision: precision, tokens: tokens,
            figures: Figures(
                textsPerSecond: Double(lines.count) / own, tokensPerSecond: Double(tokens) / own,
                peakMegabytes: Harness.peakMegabytes(), query: (times[500] * 1e3, times[990] * 1e3),
                firstVector: firstVector))
    }

    /// Measures in a process of its own.
    static func measureApart(
        _ precision: Precision, model: String, texts: String, threads: Int, rounds: Int, limit: Int
    ) throws -> OwnResult {
        let fields = try Apart.run([
            "-M", model, "--texts", texts, "--threads", "\(threads)", "--rounds", "\(rounds)", "--max-length",
            "\(limit)", "--precision", precision.rawValue, "--started", "\(Date().timeIntervalSince1970)",
        ])
        return OwnResult(precision: precision, tokens: Int(fields.number("tokens")), figures: Figures(fields.number))
    }
}
