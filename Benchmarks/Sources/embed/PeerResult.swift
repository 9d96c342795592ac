import Harness

/// A peer's medians over its rounds.
struct PeerResult {
    let name: String
    let textsPerSecond: Double
    let tokensPerSecond: Double
    let peakMegabytes: Double
    /// Milliseconds of one query of a dozen tokens.
    let query: (p50: Double, p99: Double)
    /// Seconds from the start of the process to the first vector.
    let firstVector: Double

    var fields: [String: Any] {
        [
            "peer": name, "texts_per_s": textsPerSecond, "tokens_per_s": tokensPerSecond, "peak_mb": peakMegabytes,
            "query_p50_ms": query.p50, "query_p99_ms": query.p99, "first_vector_s": firstVector,
        ]
    }

    static func medians(of rows: [[String: Any]]) -> [PeerResult] {
        let byName = Dictionary(grouping: rows.filter { $0["peer"] is String && $0["texts_per_s"] is Double }) {
            $0["peer"] as? String ?? ""
        }
        func median(_ rows: [[String: Any]], _ field: String) -> Double {
            let values = rows.compactMap { $0[field] as? Double }
            return values.isEmpty ? 0 : Timing.median(of: values)
        }
        return byName.map { name, rows in
            PeerResult(
                name: name, textsPerSecond: median(rows, "texts_per_s"), tokensPerSecond: median(rows, "tokens_per_s"),
                peakMegabytes: median(rows, "peak_mb"),
                query: (median(rows, "query_p50_ms"), median(rows, "query_p99_ms")),
                firstVector: median(rows, "first_vector_s"))
        }.sorted { $0.textsPerSecond > $1.textsPerSecond }
    }
}
