import ArgumentParser
import Foundation
import Harness
import VectorIndex
import VectorMath

/// What an index goes through in service: changes, filters, many writers, batches, a damaged disk.
struct Trials: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trials",
        abstract: "Puts an index of real vectors through changes, filters, many writers, batches and damage.")

    enum Trial: String, CaseIterable { case churn, writers, filters, batches, damage }
    enum Structure: String, CaseIterable, ExpressibleByArgument { case exact, graph, partitions }

    @Option(help: "The vectors: .npy, .fvecs or .bvecs.") var base: String
    @Option(help: "The queries.") var queries: String
    @Option(help: "l2, ip or cosine.") var metric = "l2"
    @Option(help: "exact, graph or partitions.") var structure = Structure.graph
    @Option(name: .short, help: "Neighbours a query.") var k = 10
    @Option(help: "Queries that are asked, evenly spread over the file.") var count = 1000
    @Option(help: "Which trials, separated by commas.")
    var only = Trial.allCases.map(\.rawValue).joined(separator: ",")
    @Option(help: "Rounds of churn.") var rounds = 13
    @Option(help: "Bits that are flipped, one at a time.") var flips = 10_000
    @Option(help: "Determines what is deleted, filtered and flipped.") var seed: UInt64 = 1

    func validate() throws {
        guard Metric(benchmarkName: metric) != nil else {
            throw ValidationError("--metric is \(metric); it takes l2, ip and cosine")
        }
        for name in only.split(separator: ",") where Trial(rawValue: String(name)) == nil {
            throw ValidationError("--only names \(name); there are \(Trial.allCases.map(\.rawValue))")
        }
    }

    func run() throws {
        let vectors = try Vectors(
            base: base, queries: queries, truth: nil, metric: Metric(benchmarkName: metric)!, k: k, count: count)
        print("\(structure.rawValue), \(vectors.base.rows) × \(vectors.base.columns), \(metric), k \(k)\n")
        switch structure {
        case .exact: try run(ExactIndex.self, vectors)
        case .graph: try run(GraphIndex.self, vectors)
        case .partitions: try run(PartitionIndex.self, vectors)
        }
    }

    private func run<Index: TriedIndex>(_ kind: Index.Type, _ vectors: Vectors) throws {
        let fresh = try Index.of(vectors.base, metric: vectors.metric)
        for name in only.split(separator: ",") {
            switch Trial(rawValue: String(name))! {
            case .churn: try churn(fresh, vectors)
            case .writers: try writers(kind, vectors)
            case .filters: try filters(fresh, vectors)
            case .batches: try batches(fresh, vectors)
            case .damage: try damage(fresh, vectors)
            }
        }
    }

    // MARK: Churn

    /// A quarter of the vectors is deleted and comes back, round after round.
    private func churn<Index: TriedIndex>(_ fresh: Index, _ vectors: Vectors) throws {
        let churned = try Index.of(vectors.base, metric: vectors.metric)
        var generator = RandomGenerator(seed: seed)
        for _ in 0..<rounds {
            let ids = (0..<UInt64(vectors.base.rows)).filter { _ in generator.below(4) == 0 }
            try churned.remove(ids)
            try churned.publish()
            try churned.add(ids: ids, vectors: vectors.base.rows(ids).view)
            try churned.publish()
        }
        var table = Table(["recall asked for", "fresh", "after \(rounds) rounds", "difference, points"])
        for target in [0.95, 0.99] {
            // As much work in both.
            let effort = fresh.effort(recall: target)
            let recalls = try [fresh, churned].map {
                vectors.recall(try $0.reader(effort: effort).search(vectors.queries.view, k: k))
            }
            table.add([
                fixed(target, 2), fixed(recalls[0], 4), fixed(recalls[1], 4), fixed(100 * (recalls[1] - recalls[0]), 2),
            ])
        }
        print(table.text)
        let sample = (0..<1000).map { _ in UInt64(generator.below(vectors.base.rows)) }
        let lost = try lost(sample, in: churned.reader(effort: churned.effort(recall: 0.95)), vectors)
        print("not found by their own vector: \(lost) of \(sample.count) live vectors\n")
    }

    /// How many of some vectors are not found by themselves; where more than K are equal, those that are found count.
    private func lost(_ ids: [UInt64], in reader: any VectorSearching, _ vectors: Vectors) throws -> Int {
        let own = vectors.base.rows(ids)
        let found = try reader.search(own.view, k: k)
        return ids.indices.count { place in
            guard !found[place].contains(where: { $0.id == ids[place] }), let last = found[place].last else {
                return false
            }
            return vectors.base.row(Int(last.id)) != own.row(place)
        }
    }

    // MARK: Many writers

    /// 20,000 vectors in one batch on 8 threads, and by `add` from 8 threads at once.
    private func writers<Index: TriedIndex>(_ kind: Index.Type, _ vectors: Vectors) throws {
        let (threads, number) = (8, min(20_000, vectors.base.rows))
        let ids = (0..<UInt64(number)).map { $0 }
        let some = vectors.base.rows(ids)
        let batch = try ThreadPool.withWidth(threads) { try Index.of(some, metric: vectors.metric) }
        let shared = Index.empty(dimension: some.columns, metric: vectors.metric)
        DispatchQueue.concurrentPerform(iterations: threads) { thread in
            let part = ids.filter { $0 % UInt64(threads) == thread }
            try? shared.add(ids: part, vectors: vectors.base.rows(part).view)
        }
        try ThreadPool.withWidth(threads) { try shared.publish() }
        for (name, index) in [("one batch on 8 threads", batch), ("add from 8 threads", shared)] {
            let lost = try lost(ids, in: index.reader(effort: index.effort(recall: 0.95)), vectors)
            print("\(name): \(lost) of \(number) not found by their own vector")
        }
        print()
    }

    // MARK: Batches

    /// All queries in one call, on one core and on two.
    private func batches(_ index: some TriedIndex, _ vectors: Vectors) throws {
        var table = Table(["recall asked for", "q/s on 1 thread", "on 2", "ratio"])
        for target in [0.95, 0.99] {
            let reader = index.reader(effort: index.effort(recall: target))
            let rates = try [1, 2].map { width in
                try ThreadPool.withWidth(width) {
                    let seconds = try (0..<7).map { _ in
                        try Timing.seconds { _ = try reader.search(vectors.queries.view, k: k) }
                    }
                    return Double(vectors.queries.rows) / Timing.median(of: seconds)
                }
            }
            table.add([fixed(target, 2), fixed(rates[0], 0), fixed(rates[1], 0), fixed(rates[1] / rates[0], 2)])
        }
        print(table.text)
    }
}
