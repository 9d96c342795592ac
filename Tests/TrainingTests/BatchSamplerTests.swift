import Testing

@testable import Training

@Suite("Batch sampler")
struct BatchSamplerTests {
    private func batches(_ sampler: inout BatchSampler, _ count: Int) -> [[Int]] {
        (0..<count).map { _ in sampler.next().rows }
    }

    @Test(
        "deals every tuple once an epoch and keeps a short last batch",
        arguments: [(10, 4, [4, 4, 2]), (8, 4, [4, 4]), (3, 64, [3]), (2, 2, [2]), (7, 5, [5, 2])])
    func dealsEveryTuple(count: Int, size: Int, sizes: [Int]) {
        var sampler = BatchSampler(count: count, batchSize: size, seed: 1)
        #expect(sampler.batchesPerEpoch == sizes.count)
        for _ in 0..<3 {
            let epoch = batches(&sampler, sizes.count)
            #expect(epoch.map(\.count) == sizes)
            #expect(epoch.flatMap(\.self).sorted() == Array(0..<count))
        }
    }

    @Test("leaves a lone last tuple out of the epoch, another one each time")
    func leavesLoneTupleOut() {
        var sampler = BatchSampler(count: 9, batchSize: 4, seed: 3)
        #expect(sampler.batchesPerEpoch == 2)
        var left: Set<Int> = []
        for _ in 0..<20 {
            let dealt = Set(batches(&sampler, 2).flatMap(\.self))
            #expect(dealt.count == 8)
            left.formUnion(Set(0..<9).subtracting(dealt))
        }
        #expect(left.count > 3)
    }

    @Test("repeats itself for a seed, and shuffles anew for another seed and another epoch")
    func isSeeded() {
        var first = BatchSampler(count: 100, batchSize: 10, seed: 5)
        var second = BatchSampler(count: 100, batchSize: 10, seed: 5)
        var other = BatchSampler(count: 100, batchSize: 10, seed: 6)
        let epoch = batches(&first, 10)
        #expect(epoch == batches(&second, 10))
        #expect(epoch != batches(&other, 10))
        #expect(epoch != batches(&first, 10))
        #expect(epoch.flatMap(\.self) != Array(0..<100))
    }

    @Test("continues from any state as if it had never stopped", arguments: 0..<12)
    func continues(after dealt: Int) throws {
        var whole = BatchSampler(count: 23, batchSize: 5, seed: 11)
        _ = batches(&whole, dealt)
        let state = whole.state
        #expect(state.epoch == dealt / 5 && state.batch == dealt % 5)
        var resumed = try #require(BatchSampler(count: 23, batchSize: 5, seed: 0).moved(to: state))
        #expect(resumed.state == state)
        #expect(batches(&resumed, 17) == batches(&whole, 17))
    }

    @Test("refuses a state that no sampler can have been in")
    func refusesImpossibleState() {
        let good = BatchSampler(count: 10, batchSize: 4, seed: 0).state
        for (epoch, batch, generator) in [
            (-1, 0, good.generator), (0, 3, good.generator), (0, -1, good.generator), (0, 0, []), (0, 0, [1]),
        ] {
            let state = BatchSampler.State(epoch: epoch, batch: batch, generator: generator)
            #expect(BatchSampler(count: 10, batchSize: 4, seed: 0).moved(to: state) == nil)
        }
    }
}

@Suite("Batches of several data sets and of labels")
struct MixedSamplerTests {
    private typealias Source = BatchSampler.Source

    private func epoch(_ sampler: inout BatchSampler) -> [BatchSampler.Batch] {
        (0..<sampler.batchesPerEpoch).map { _ in sampler.next() }
    }

    @Test("hold one data set each, in proportion to their sizes")
    func proportional() {
        var sampler = BatchSampler([Source(count: 40), Source(count: 9), Source(count: 12)], batchSize: 4, seed: 2)
        #expect(sampler.batchesPerEpoch == 10 + 2 + 3)
        var orders: Set<[Int]> = []
        for _ in 0..<4 {
            let batches = epoch(&sampler)
            for (source, (count, dealt)) in [(40, 40), (9, 8), (12, 12)].enumerated() {
                let rows = batches.filter { $0.source == source }.flatMap(\.rows)
                #expect(Set(rows).count == dealt && rows.count == dealt && rows.allSatisfy((0..<count).contains))
            }
            orders.insert(batches.map(\.source))
        }
        #expect(orders.count == 4)
    }

    @Test("take turns until the first data set has no batch left")
    func roundRobin() {
        var sampler = BatchSampler(
            [Source(count: 40), Source(count: 10)], mixing: .roundRobin, batchSize: 4, seed: 2)
        #expect(sampler.batchesPerEpoch == 6)
        for _ in 0..<3 {
            let batches = epoch(&sampler)
            #expect(batches.map(\.source) == [0, 1, 0, 1, 0, 1])
            #expect(batches.filter { $0.source == 1 }.flatMap(\.rows).sorted() == Array(0..<10))
        }
    }

    @Test("hold several texts of several labels")
    func labels() {
        let labels: [Int32] = (0..<60).map { $0 < 30 ? $0 % 5 : 5 } + [6]
        var sampler = BatchSampler([Source(labels: labels)], batchSize: 8, seed: 4)
        var seen: Set<Int> = []
        for _ in 0..<8 {
            let batches = epoch(&sampler)
            // Five labels of six texts, and as many of the label of thirty; the label of one text is never dealt.
            #expect(batches.map(\.rows.count) == [8, 8, 8, 8, 4])
            let rows = batches.flatMap(\.rows)
            #expect(Set(rows).count == rows.count)
            seen.formUnion(rows)
            for batch in batches {
                let counts = Dictionary(grouping: batch.rows, by: { labels[$0] }).values.map(\.count)
                #expect(counts.count >= 2 && counts.allSatisfy { $0 >= 2 })
            }
        }
        #expect(seen.count > 50 && !seen.contains(60))
    }

    @Test("continue from any state as if they had never stopped", arguments: BatchSampler.Mixing.allCases, 0..<9)
    func continues(mixing: BatchSampler.Mixing, after dealt: Int) throws {
        let sources = [Source(count: 11), Source(labels: [0, 1, 0, 1, 2, 2, 0, 1]), Source(count: 6)]
        var whole = BatchSampler(sources, mixing: mixing, batchSize: 4, seed: 9)
        for _ in 0..<dealt { _ = whole.next() }
        var resumed = try #require(
            BatchSampler(sources, mixing: mixing, batchSize: 4, seed: 1).moved(to: whole.state))
        for _ in 0..<12 { #expect(resumed.next() == whole.next()) }
    }
}
