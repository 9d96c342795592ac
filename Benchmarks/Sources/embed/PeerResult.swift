import Harness

/// A peer's medians over its rounds.
struct PeerResult {
    let name: String
    let figures: Figures

    var fields: [String: Any] { figures.fields.merging(["peer": name]) { a, _ in a } }

    static func medians(of rows: [[String: Any]]) -> [PeerResult] {
        let byName = Dictionary(grouping: rows.filter { $0["peer"] is String && $0["texts_per_s"] is Double }) {
            $0["peer"] as? String ?? ""
        }
        return byName.map { name, rows in
            let figures = Figures { field in
                let values = rows.compactMap { $0[field] as? Double }
                return values.isEmpty ? 0 : Timing.median(of: values)
            }
            return PeerResult(name: name, figures: figures)
        }.sorted { $0.figures.textsPerSecond > $1.figures.textsPerSecond }
    }
}
