internal import Corpora
internal import Encoders
internal import Files
internal import VectorMath

/// The hard negatives that a run trains with at the moment: what a checkpoint keeps of them.
struct NegativesInUse: Sendable, Equatable {
    /// The number of steps that had been taken when they were mined.
    var step: Int
    /// The documents of each query, by their numbers in the task.
    var documents: [[Int]]
    /// What each mining of the run came to, for its record.
    var history: [JSONValue]
}

/// Mines for a run, and puts what was found into its data.
struct RunMiner: Sendable {
    let task: MiningTask
    /// The base model, in the run's precision.
    let encoder: TextEncoder
    private let settings: RunMiningSettings
    private let tuples: [TrainingTuple]
    private let seed: UInt64
    private let maxLength: Int?

    /// A miner for a run; nil where its settings ask for none.
    init?(
        _ settings: TrainingSettings, sets: [TrainingSet], loss: any EmbeddingLoss, task: MiningTask?,
        base: TextEncoder
    ) throws(TrainingError) {
        guard let mining = settings.mining else { return nil }
        guard sets.count == 1 else {
            throw .miningFailed(reason: "a run mines for one data set of tuples, this one has \(sets.count) data sets")
        }
        guard case .tuples(let tuples) = sets[0].rows else {
            throw .miningFailed(reason: "a run mines for tuples, \(sets[0].name) holds \(sets[0].rows.words)")
        }
        guard loss.needs.takesFurtherNegatives else {
            throw .miningFailed(reason: "the loss \(loss.name) cannot learn from further negatives")
        }
        encoder = base
        self.settings = mining
        self.tuples = tuples
        self.task = task ?? MiningTask(tuples: tuples)
        precondition(self.task.tupleQueries.count == tuples.count, "the task was made of other tuples")
        seed = settings.seed
        maxLength = settings.maxLength
    }

    /// What of the data decides which negatives are found, beside the tuples.
    var identity: [String: JSONValue] {
        [
            "mining_sha256": .string(SHA256Digest.of(texts: task.documents + task.excluded.map { "\($0)" }).hex),
            "mining_documents": .integer(Int64(task.documents.count)),
        ]
    }

    /// Whether negatives are to be mined before the next step.
    func isDue(_ state: TrainingState) -> Bool {
        guard let negatives = state.negatives else { return true }
        guard let every = settings.every else { return false }
        return state.step % every == 0 && negatives.step != state.step
    }

    /// Mines with the weights of a state; nil when it was cancelled.
    func mine(
        _ state: TrainingState, observer: any TrainingObserver, isCancelled: () -> Bool
    ) throws(TrainingError) -> NegativesInUse? {
        var choice = settings.choice
        choice.seed = seed
        let miner = try HardNegativeMiner(choice)
        let encoder = try wrapEncoders { () throws(EncodersError) in
            state.step == 0 ? self.encoder : try self.encoder.trained(state.trained)
        }
        let mined = try miner.mine(
            task, encoder: encoder, maxLength: maxLength, round: state.step,
            progress: { observer.mining(done: $0, total: $1) }, isCancelled: isCancelled)
        guard let mined else { return nil }
        observer.mined(mined.summary, afterSteps: state.step)
        var fields = mined.summary.json
        fields["step"] = .integer(Int64(state.step))
        fields["precision"] = .string(encoder.precision.rawValue)
        return NegativesInUse(
            step: state.step, documents: mined.negatives.map { $0.map(\.document) },
            history: (state.negatives?.history ?? []) + [.object(fields)])
    }

    /// The run's tuples with the negatives that are in use.
    ///
    /// - Throws: `damagedCheckpoint` where they are not of this task.
    func tuples(with negatives: NegativesInUse, at path: String) throws(TrainingError) -> [TrainingTuple] {
        let known = task.documents.indices
        guard negatives.documents.count == task.queries.count,
            negatives.documents.allSatisfy({ $0.allSatisfy(known.contains) })
        else { throw .damagedCheckpoint(path: path, reason: "its hard negatives are not of this data") }
        return task.tuples(tuples, adding: negatives.documents)
    }
}

extension LossNeeds {
    /// Whether what a loss learns from may get negatives that the data does not name.
    fileprivate var takesFurtherNegatives: Bool {
        switch self {
        case .tuples, .triplets: true
        case .scoredTuples, .scoredPairs, .classifiedPairs, .labelledTexts, .taughtTexts: false
        }
    }
}

extension NegativesInUse: Codable {
    private enum Key: String, CodingKey {
        case step, documents, history
    }

    /// The numbers are one text, `3 14;15;;9 2`: a query's apart by spaces, queries apart by semicolons. As arrays of a
    /// pretty-printed document they would take a line each.
    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        step = try fields.decode(Int.self, forKey: .step)
        history = try fields.decode([JSONValue].self, forKey: .history)
        let text = try fields.decode(String.self, forKey: .documents)
        documents = []
        for list in text.utf8.split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false) {
            var numbers: [Int] = []
            for digits in list.split(separator: UInt8(ascii: " ")) {
                guard let number = Int(String(decoding: digits, as: UTF8.self)) else {
                    throw DecodingError.dataCorruptedError(
                        forKey: .documents, in: fields, debugDescription: "the negatives are no numbers")
                }
                numbers.append(number)
            }
            documents.append(numbers)
        }
    }

    func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode(step, forKey: .step)
        try fields.encode(history, forKey: .history)
        let lists = documents.map { $0.map(String.init).joined(separator: " ") }
        try fields.encode(lists.joined(separator: ";"), forKey: .documents)
    }
}

extension TrainingObserver {
    /// Does nothing.
    public func mining(done: Int, total: Int) {}
    /// Does nothing.
    public func mined(_ summary: MiningSummary, afterSteps steps: Int) {}
}
