internal import Corpora
internal import Encoders
internal import Files

/// The data sets of a run, tokenized for a loss.
struct TrainingSets: Sendable {
    /// The data sets, in the order of their sources.
    private(set) var sets: [TokenizedData]
    /// The names of the classes of pairs, in the order of their numbers; empty where there are none.
    let classes: [String]
    /// The rows as they were fitted to the loss.
    private let fitted: [TrainingSet]
    private let options: TokenizedData.Options

    /// Fits the rows to what a loss needs, and tokenizes them.
    init(
        _ data: [TrainingSet], for loss: any EmbeddingLoss, settings: TrainingSettings, encoder: TextEncoder,
        maxLength: Int
    ) throws(TrainingError) {
        var fitted: [TrainingSet] = []
        for set in data {
            fitted.append(
                try set.fitted(
                    to: loss, scoreRange: settings.loss.scoreRange, gainsNegatives: settings.mining != nil,
                    dimension: encoder.dimension, seed: settings.seed))
        }
        self.fitted = fitted
        let classes = Set(fitted.flatMap(\.rows.classes)).sorted { ($0.count, $0) < ($1.count, $1) }
        self.classes = classes
        options = TokenizedData.Options(
            masks: settings.loss.effectiveMasks, directions: loss.needs.directions, classes: classes,
            usesScores: loss.needs == .scoredTuples)
        sets = try wrapEncoders { [options] () throws(EncodersError) in
            var sets: [TokenizedData] = []
            for set in fitted {
                sets.append(try TokenizedData(set.rows, options: options, encoder: encoder, maxLength: maxLength))
            }
            return sets
        }
    }

    /// What a sampler deals.
    var sources: [BatchSampler.Source] {
        sets.map { set in set.labels.map { BatchSampler.Source(labels: $0) } ?? BatchSampler.Source(count: set.count) }
    }

    /// Has the base model embed every distinct text once, for the guide's masks.
    mutating func addGuide(
        _ encoder: TextEncoder, maxLength: Int, margin: GuideMask.Margin
    ) throws(EncodersError) {
        for index in sets.indices { try sets[index].addGuide(encoder, maxLength: maxLength, margin: margin) }
    }

    /// Gives the only data set, of tuples, other rows; its guide goes on knowing what it knows.
    mutating func replaceTuples(
        by tuples: [TrainingTuple], encoder: TextEncoder, maxLength: Int
    ) throws(EncodersError) {
        precondition(sets.count == 1 && tuples.count == sets[0].count, "the tuples are not of this data")
        var data = try TokenizedData(.tuples(tuples), options: options, encoder: encoder, maxLength: maxLength)
        if let guide = sets[0].guide {
            try data.addGuide(encoder, maxLength: maxLength, margin: guide.margin, knowing: sets[0])
        }
        sets[0] = data
    }

    /// A batch that the sampler has dealt.
    func batch(_ batch: BatchSampler.Batch, microBatchTokens: Int) -> BatchPlan {
        sets[batch.source].batch(batch.rows, microBatchTokens: microBatchTokens)
    }

    /// The digest and the size of the data, for the record of the run.
    var identity: [String: JSONValue] {
        [
            "sha256": .string(digest.hex), "tuples": .integer(Int64(sets.reduce(0) { $0 + $1.count })),
            "texts": .integer(Int64(sets.reduce(0) { $0 + $1.texts.count })),
        ]
    }

    /// A digest of all rows, each part with its length in front so that none runs into the next.
    private var digest: SHA256Digest {
        var hasher = SHA256Digest.Hasher()
        for (index, set) in fitted.enumerated() {
            if index > 0 { hasher.update(Array("set ".utf8)) }
            set.rows.update(&hasher)
        }
        return hasher.finalize()
    }
}

extension LossNeeds {
    /// The directions whose false negatives a loss leaves out.
    var directions: Set<ContrastDirection> {
        switch self {
        case .tuples(let directions): directions
        case .triplets: [.queryToDocument]
        default: []
        }
    }
}

extension TrainingRows {
    /// The names of the classes of pairs.
    var classes: [String] {
        switch self {
        case .classifiedPairs(let rows): rows.map(\.label)
        default: []
        }
    }

    fileprivate func update(_ hasher: inout SHA256Digest.Hasher) {
        func add(_ text: String) { hasher.update(text: text) }
        func add(_ number: Double) { hasher.update(Array("\(number) ".utf8)) }
        switch self {
        case .tuples(let rows):
            for row in rows {
                hasher.update(Array("\(row.negatives.count) ".utf8))
                add(row.anchor)
                add(row.positive)
                for negative in row.negatives { add(negative) }
                for score in row.scores { add(score) }
                if let group = row.group { add(group) }
            }
        case .scoredPairs(let rows):
            for row in rows {
                add(row.first)
                add(row.second)
                add(row.score)
            }
        case .classifiedPairs(let rows):
            for row in rows {
                add(row.first)
                add(row.second)
                add(row.label)
            }
        case .labelledTexts(let rows):
            for row in rows {
                add(row.text)
                add(row.label)
            }
        case .taughtTexts(let rows):
            for row in rows {
                add(row.text)
                for number in row.vector { add(Double(number)) }
            }
        }
    }
}
