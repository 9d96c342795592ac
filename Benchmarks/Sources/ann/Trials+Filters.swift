import Foundation
import Harness
import VectorIndex
import VectorMath

extension Trials {
    /// Recall among a part of the vectors: drawn at random, and those nearest to a direction, which filters by topic are like.
    func filters(_ index: some TriedIndex, _ vectors: Vectors) throws {
        let exact = try ExactIndex.of(vectors.base, metric: vectors.metric).snapshot().fullScan
        var generator = RandomGenerator(seed: seed)
        let order = try exact.search(vectors.base.row(generator.below(vectors.base.rows)), k: vectors.base.rows)
        for target in [0.95, 0.99] {
            let reader = index.reader(effort: index.effort(recall: target))
            let all = vectors.recall(try reader.search(vectors.queries.view, k: k))
            var table = Table([
                "share of the vectors", "recall", "of unfiltered", "q/s", "alike: recall", "of unfiltered", "q/s",
            ])
            table.add(["100 %", fixed(all, 4), "1.000", "", "", "", ""])
            for percent in [50, 10, 5, 1, 0.1, 0.01] {
                let size = max(1, Int((Double(vectors.base.rows) * percent / 100).rounded()))
                var ids = (0..<UInt64(vectors.base.rows)).map { $0 }
                generator.shuffle(&ids)
                let cells = try [Array(ids.prefix(size)), order.prefix(size).map(\.id)].flatMap { chosen in
                    let (recall, rate) = try recall(of: reader, among: CandidateSet(chosen), exact, vectors)
                    return [fixed(recall, 4), fixed(recall / all, 3), fixed(rate, 0)]
                }
                table.add(["\(percent) %"] + cells)
            }
            print("asked for \(target)\n" + table.text)
        }
    }

    private func recall(
        of reader: any VectorSearching, among candidates: CandidateSet, _ exact: ExactSnapshot, _ vectors: Vectors
    ) throws -> (recall: Double, rate: Double) {
        let truth = try exact.search(vectors.queries.view, k: k, among: candidates)
        var found: [[Neighbour]] = []
        let seconds = try Timing.seconds {
            found = try reader.search(vectors.queries.view, k: k, among: candidates)
        }
        var (hits, count) = (0, 0)
        for query in truth.indices {
            guard let last = truth[query].last else { continue }
            let limit = vectors.distance(query, last.id)
            let nearest = limit + 1e-6 * abs(limit)
            hits += found[query].count { candidates.contains($0.id) && vectors.distance(query, $0.id) <= nearest }
            count += truth[query].count
        }
        return (Double(hits) / Double(max(1, count)), Double(truth.count) / seconds)
    }
}
