internal import VectorMath

/// Deals the tuples of a data set out in batches: a new seeded shuffle every epoch, every tuple once an epoch.
///
/// The last batch of an epoch holds what is left, unless that is a single tuple: alone it would have no negatives, and
/// it is left out of this epoch. The sequence of batches depends on the count, the batch size and the seed alone, and a
/// sampler made from a ``State`` continues it.
public struct BatchSampler: Sendable {
    /// Where a sampler is: what a checkpoint keeps.
    public struct State: Sendable, Equatable {
        /// The epoch of the next batch, counted from 0.
        public let epoch: Int
        /// The number of the next batch in that epoch, counted from 0.
        public let batch: Int
        /// The random generator as it was before it shuffled that epoch.
        public let generator: [UInt64]

        /// A place in the sequence of batches.
        public init(epoch: Int, batch: Int, generator: [UInt64]) {
            self.epoch = epoch
            self.batch = batch
            self.generator = generator
        }
    }

    /// The adapter's first values are drawn from stream 0 of the same seed.
    private static let stream: UInt64 = 1

    /// The number of tuples that are dealt.
    public let count: Int
    /// The number of tuples in a full batch.
    public let batchSize: Int

    private var epoch: Int
    private var batch: Int
    private var generatorBefore: RandomGenerator
    private var generator: RandomGenerator
    private var order: [Int]

    /// A sampler at the start of its first epoch.
    ///
    /// - Parameters:
    ///   - count: the number of tuples, at least 2.
    ///   - batchSize: the number of tuples in a batch, at least 2.
    public init(count: Int, batchSize: Int, seed: UInt64) {
        self.init(
            count: count, batchSize: batchSize, epoch: 0, batch: 0,
            generator: RandomGenerator(seed: seed, stream: Self.stream))
    }

    /// A sampler that continues where another of the same count and batch size was; nil where no sampler of these can
    /// have been there.
    public init?(count: Int, batchSize: Int, resuming state: State) {
        guard state.epoch >= 0, let generator = RandomGenerator(state: state.generator) else { return nil }
        self.init(count: count, batchSize: batchSize, epoch: state.epoch, batch: 0, generator: generator)
        guard (0..<batchesPerEpoch).contains(state.batch) else { return nil }
        batch = state.batch
    }

    private init(count: Int, batchSize: Int, epoch: Int, batch: Int, generator: RandomGenerator) {
        precondition(count >= 2, "in-batch training needs at least two tuples")
        precondition(batchSize >= 2, "in-batch training needs at least two tuples in a batch")
        self.count = count
        self.batchSize = batchSize
        self.epoch = epoch
        self.batch = batch
        self.generatorBefore = generator
        self.generator = generator
        self.order = []
        shuffle()
    }

    /// The number of batches of an epoch.
    public var batchesPerEpoch: Int {
        let (full, rest) = count.quotientAndRemainder(dividingBy: batchSize)
        return full + (rest >= 2 ? 1 : 0)
    }

    /// Where the sampler is now.
    public var state: State { State(epoch: epoch, batch: batch, generator: generatorBefore.state) }

    /// The next batch: indices of tuples, at least two. An epoch follows the other without end.
    public mutating func next() -> [Int] {
        let start = batch * batchSize
        let indices = Array(order[start..<min(start + batchSize, count)])
        batch += 1
        if batch == batchesPerEpoch {
            epoch += 1
            batch = 0
            shuffle()
        }
        return indices
    }

    private mutating func shuffle() {
        generatorBefore = generator
        order = Array(0..<count)
        generator.shuffle(&order)
    }
}
