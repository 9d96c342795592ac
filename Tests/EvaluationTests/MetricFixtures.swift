internal import FoundationEssentials
internal import TestSupport

/// What `fixtures/evaluation/make_metrics.py` records.
struct MetricCase: Decodable, Sendable {
    struct List: Decodable { var ids: [String], scores: [Double] }
    struct Trec: Decodable { var perQuery: [String: [String: Double]], means: [String: Double] }
    var qrels: [String: [String: Int]]
    var run: [String: List]
    var trec: Trec
    var beir: [String: Double]
    var st: [String: Double]
}

struct CorrelationCase: Decodable, Sendable {
    var first: [Double], second: [Double]
    var spearman: Double?, pearson: Double?
}

enum MetricFixtures {
    static let metrics: [MetricCase] = read("metrics.jsonl")
    static let correlations: [CorrelationCase] = read("correlations.jsonl")

    private static func read<Case: Decodable>(_ name: String) -> [Case] {
        let path = SharedData.fixtures + "/evaluation/" + name
        guard let data = try? Data(contentsOf: URL(filePath: path)) else { return [] }
        return data.split(separator: UInt8(ascii: "\n")).compactMap { try? JSONDecoder().decode(Case.self, from: $0) }
    }
}
