internal import VectorMath

/// Deals the rows of one or several data sets out in batches: a new seeded shuffle every epoch.
///
/// A batch is of one data set. Every row comes once an epoch, but for these: the last batch of a data set holds what is
/// left, unless that is a single row: alone it would have nothing to be compared with, and it is left out of this epoch.
/// Where rows have labels, labels take turns, two texts each, so that every batch has several texts of several labels;
/// what is left of a label when no other has two texts any more is left out of this epoch. In turns
/// (``Mixing/roundRobin``) an epoch ends with the first data set that has no batch left.
///
/// The sequence of batches depends on the data's counts and labels, the batch size and the seed alone, and a sampler made
/// from a ``State`` continues it.
public struct BatchSampler: Sendable {
    /// A data set that is dealt.
    public struct Source: Sendable, Equatable {
        /// The number of rows.
        public let count: Int
        /// The label of each row, where batches are dealt by labels.
        public let labels: [Int32]?

        /// Rows without labels.
        public init(count: Int) {
            self.count = count
            labels = nil
        }

        /// Rows with labels; at least two labels must have two rows.
        public init(labels: [Int32]) {
            count = labels.count
            self.labels = labels
        }
    }

    /// How batches of several data sets follow one another.
    public enum Mixing: String, Sendable, Codable, CaseIterable {
        /// All batches of all data sets, shuffled.
        case proportional
        /// A batch of each in turn.
        case roundRobin = "round-robin"
    }

    /// Rows of one data set.
    public struct Batch: Sendable, Equatable {
        /// The number of the data set.
        public let source: Int
        /// The numbers of the rows in it, at least two.
        public let rows: [Int]
    }

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

    /// The data sets that are dealt.
    public let sources: [Source]
    /// How their batches follow one another.
    public let mixing: Mixing
    /// The number of rows in a full batch.
    public let batchSize: Int
    /// The number of batches of an epoch.
    public let batchesPerEpoch: Int

    private var epoch: Int
    private var batch: Int
    private var generatorBefore: RandomGenerator
    private var generator: RandomGenerator
    /// The rows of each data set in the order of this epoch.
    private var orders: [[Int]] = []
    /// The data set of each batch of this epoch, and the batch's number in it.
    private var sequence: [(source: Int, number: Int)] = []

    /// A sampler of one data set at the start of its first epoch.
    ///
    /// - Parameters:
    ///   - count: the number of rows, at least 2.
    ///   - batchSize: the number of rows in a batch, at least 2.
    public init(count: Int, batchSize: Int, seed: UInt64) {
        self.init([Source(count: count)], batchSize: batchSize, seed: seed)
    }

    /// A sampler at the start of its first epoch.
    ///
    /// - Parameters:
    ///   - sources: the data sets, at least one, each of at least 2 rows.
    ///   - batchSize: the number of rows in a batch, at least 2.
    public init(_ sources: [Source], mixing: Mixing = .proportional, batchSize: Int, seed: UInt64) {
        self.init(
            sources, mixing: mixing, batchSize: batchSize, epoch: 0,
            generator: RandomGenerator(seed: seed, stream: Self.stream))
    }

    /// The sampler of the same data and batches at another place; nil where no such sampler can have been there.
    public func moved(to state: State) -> BatchSampler? {
        guard state.epoch >= 0, (0..<batchesPerEpoch).contains(state.batch),
            let generator = RandomGenerator(state: state.generator)
        else { return nil }
        var moved = BatchSampler(
            sources, mixing: mixing, batchSize: batchSize, epoch: state.epoch, generator: generator)
        moved.batch = state.batch
        return moved
    }

    private init(
        _ sources: [Source], mixing: Mixing, batchSize: Int, epoch: Int, generator: RandomGenerator
    ) {
        precondition(!sources.isEmpty, "there is no data to deal")
        precondition(sources.allSatisfy { $0.dealtCount >= 2 }, "a data set needs two rows that can be dealt")
        precondition(batchSize >= 2, "a batch needs at least two rows")
        self.sources = sources
        self.mixing = mixing
        self.batchSize = batchSize
        let counts = sources.map { $0.batchCount(size: batchSize) }
        switch mixing {
        case .proportional: batchesPerEpoch = counts.reduce(0, +)
        case .roundRobin: batchesPerEpoch = (counts.min() ?? 0) * counts.count
        }
        self.epoch = epoch
        batch = 0
        generatorBefore = generator
        self.generator = generator
        shuffle()
    }

    /// Where the sampler is now.
    public var state: State { State(epoch: epoch, batch: batch, generator: generatorBefore.state) }

    /// The next batch. An epoch follows the other without end.
    public mutating func next() -> Batch {
        let (source, number) = sequence[batch]
        let start = number * batchSize
        let order = orders[source]
        let rows = Array(order[start..<min(start + batchSize, order.count)])
        batch += 1
        if batch == batchesPerEpoch {
            epoch += 1
            batch = 0
            shuffle()
        }
        return Batch(source: source, rows: rows)
    }

    private mutating func shuffle() {
        generatorBefore = generator
        var orders: [[Int]] = []
        for source in sources { orders.append(source.order(&generator)) }
        self.orders = orders
        let counts = sources.map { $0.batchCount(size: batchSize) }
        switch mixing {
        case .proportional:
            sequence = counts.enumerated().flatMap { source, count in (0..<count).map { (source, $0) } }
            if counts.count > 1 { generator.shuffle(&sequence) }
        case .roundRobin:
            sequence = (0..<(counts.min() ?? 0)).flatMap { number in counts.indices.map { ($0, number) } }
        }
    }
}

extension BatchSampler.Source {
    /// How many rows an epoch deals.
    fileprivate var dealtCount: Int {
        guard labels != nil else { return count }
        let pairs = members.map { $0.count / 2 }.sorted(by: >)
        guard pairs.count > 1 else { return 0 }
        return 2 * pairs.reduce(0) { $0 + min($1, pairs[1]) }
    }

    fileprivate func batchCount(size: Int) -> Int {
        let (full, rest) = dealtCount.quotientAndRemainder(dividingBy: size)
        return full + (rest >= 2 ? 1 : 0)
    }

    /// The rows of each label, in the order in which the labels come up.
    private var members: [[Int]] {
        var numbers: [Int32: Int] = [:]
        var members: [[Int]] = []
        for (row, label) in (labels ?? []).enumerated() {
            if let number = numbers[label] {
                members[number].append(row)
            } else {
                numbers[label] = members.count
                members.append([row])
            }
        }
        return members
    }

    /// The rows of an epoch in their order.
    fileprivate func order(_ generator: inout RandomGenerator) -> [Int] {
        guard labels != nil else {
            var order = Array(0..<count)
            generator.shuffle(&order)
            return order
        }
        var queues = members
        for label in queues.indices { generator.shuffle(&queues[label]) }
        var order: [Int] = []
        var open = queues.indices.filter { queues[$0].count >= 2 }
        while open.count >= 2 {
            generator.shuffle(&open)
            for label in open {
                order += queues[label].suffix(2)
                queues[label].removeLast(2)
            }
            open.removeAll { queues[$0].count < 2 }
        }
        return order
    }
}
