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
