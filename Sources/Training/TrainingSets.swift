internal import Corpora
internal import Encoders
internal import Files
internal import VectorMath

/// The data sets of a run, tokenized for a loss.
struct TrainingSets: Sendable {
    /// The data sets, in the order of their sources.
    private(set) var sets: [TokenizedData]
    /// The names of the classes of pairs, in the order of their numbers; empty where there are none.
    let classes: [String]
    /// The rows as they were fitted to the loss.
    private let fitted: [TrainingSet]

    /// Fits the rows to what a loss needs, and tokenizes them.
    init(
        _ data: [TrainingSet], for loss: any EmbeddingLoss, settings: TrainingSettings, encoder: TextEncoder,
        maxLength: Int
    ) throws(TrainingError) {
        var fitted: [TrainingSet] = []
        for set in data {
            fitted.append(
                try set.fitted(
                    to: loss, scoreRange: settings.loss.scoreRange, dimension: encoder.dimension, seed: settings.seed))
        }
        self.fitted = fitted
        let classes = Set(fitted.flatMap(\.rows.classes)).sorted { ($0.count, $0) < ($1.count, $1) }
        self.classes = classes
        let options = TokenizedData.Options(
            masks: settings.loss.effectiveMasks, directions: loss.needs.directions, classes: classes,
            usesScores: loss.needs == .scoredTuples)
        sets = try wrapEncoders { () throws(EncodersError) in
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

extension TokenizedData {
    /// The rows with the tokens that an encoder reads, prompts in front.
    fileprivate init(
        _ rows: TrainingRows, options: Options, encoder: TextEncoder, maxLength: Int
    ) throws(EncodersError) {
        let model = encoder.model
        let plain = encoder.defaultPromptName.flatMap { encoder.prompts[$0] } ?? ""
        let prompts: [Role: String] = [.anchor: encoder.queryPrompt, .document: encoder.documentPrompt, .plain: plain]
        let skipped = prompts.mapValues { model.skippedTokens(prompt: $0) }
        try self.init(rows, options: options) { (texts) throws(EncodersError) in
            let ids = try model.tokenize(texts.map { prompts[$0.role]! + $0.text }, maxLength: maxLength)
            return zip(texts, ids).map { Tokens(ids: $1, skipped: min(skipped[$0.role]!, $1.count - 1)) }
        }
    }

    fileprivate mutating func addGuide(
        _ encoder: TextEncoder, maxLength: Int, margin: GuideMask.Margin
    ) throws(EncodersError) {
        let distinct = texts.indices.filter { encodings[$0] == $0 }
        var rows = [Int](repeating: 0, count: texts.count)
        var vectors = Matrix<Float>(uninitializedRows: distinct.count, columns: encoder.dimension)
        for role in [Role.anchor, .document, .plain] {
            let places = distinct.indices.filter { texts[distinct[$0]].role == role }
            guard !places.isEmpty else { continue }
            let words = places.map { texts[distinct[$0]].text }
            let found =
                switch role {
                case .anchor: try encoder.encodeQueries(words, maxLength: maxLength)
                case .document: try encoder.encodeDocuments(words, maxLength: maxLength)
                case .plain: try encoder.encode(words, maxLength: maxLength)
                }
            for (row, place) in places.enumerated() { vectors.setRow(place, to: found.row(row)) }
        }
        for (place, text) in distinct.enumerated() { rows[text] = place }
        for text in texts.indices { rows[text] = rows[encodings[text]] }
        guide = GuideMask(vectors: vectors, rows: rows, margin: margin)
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
        func add(_ text: String) { hasher.update(Array("\(text.utf8.count):\(text)".utf8)) }
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
