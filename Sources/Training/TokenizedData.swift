internal import Corpora
internal import Encoders
internal import VectorMath

/// A data set with every distinct text tokenized once.
struct TokenizedData: Sendable {
    /// The part that a text plays, which decides the prompt in front of it.
    enum Role: Sendable, Hashable, CaseIterable {
        /// An anchor: the model's query prompt.
        case anchor
        /// A positive or a negative: the model's document prompt.
        case document
        /// A text of a pair, with a label or with a vector: the model's default prompt.
        case plain
    }

    /// A text in a role.
    struct Text: Sendable, Hashable {
        let text: String
        let role: Role
    }

    /// What an encoder reads of a text.
    struct Tokens: Sendable, Hashable {
        /// The token ids, `[S]`.
        let ids: [Int32]
        /// How many leading tokens pooling passes over.
        let skipped: Int
    }

    /// How the rows of a data set become rows of numbers.
    struct Options: Sendable {
        /// Which false negatives are looked for.
        var masks: Set<FalseNegativeMask> = [.duplicates, .positives]
        /// The directions that a loss contrasts.
        var directions: Set<ContrastDirection> = [.queryToDocument]
        /// The names of all classes, in the order of their numbers.
        var classes: [String] = []
        /// Whether a loss learns from a teacher's scores of tuples.
        var usesScores = false
    }

    /// The distinct texts, in the order in which the data first names them.
    let texts: [Text]
    /// The tokens of each text.
    let tokens: [Tokens]
    /// The first text with the same tokens as this one: texts that share it share an embedding.
    let encodings: [Int]
    /// All rows, by numbers of texts.
    let rows: BatchRows
    /// What names each row in a message.
    let names: [String]
    /// What a guide finds too near, where there is one.
    var guide: GuideMask?

    private let options: Options
    private let falseNegatives: FalseNegatives?
    /// The number of each tuple's group; empty where no tuple has one.
    private let groups: [Int?]

    /// Collects the distinct texts of the rows and has them tokenized all at once.
    init<Failure: Error>(
        _ data: TrainingRows, options: Options = Options(), tokenize: ([Text]) throws(Failure) -> [Tokens]
    ) throws(Failure) {
        var collector = TextCollector()
        rows = collector.rows(of: data, options: options)
        names = data.names
        texts = collector.texts
        let tokens = try tokenize(texts)
        precondition(tokens.count == texts.count, "every text has its tokens")

        var first: [Tokens: Int] = [:]
        let encodings = tokens.enumerated().map { text, tokens in
            if let earlier = first[tokens] { return earlier }
            first[tokens] = text
            return text
        }
        self.tokens = tokens
        self.encodings = encodings
        self.options = options
        if case .tuples(let tuples) = rows {
            falseNegatives = FalseNegatives(
                texts: texts.map(\.text), encodings: encodings,
                pairs: zip(tuples.anchors, tuples.positives).map { (anchor: $0, positive: $1) }, masks: options.masks)
        } else {
            falseNegatives = nil
        }
        groups = data.groups
    }

    /// The number of rows.
    var count: Int { rows.count }

    /// The labels of labelled texts, by which batches are dealt; nil for other rows.
    var labels: [Int32]? {
        guard case .labelledTexts(let rows) = rows else { return nil }
        return rows.labels
    }

    /// A batch of rows, by their numbers, cut in micro-batches.
    func batch(_ numbers: [Int], microBatchTokens: Int) -> BatchPlan {
        let selected = rows.selecting(numbers)
        // Longest first, so that a run that asks for too much memory fails at its start; ties by number, so that the
        // order is the data's alone.
        let distinct = Set(selected.texts.map { encodings[$0] }).sorted {
            (tokens[$1].ids.count, $0) < (tokens[$0].ids.count, $1)
        }
        let places = Dictionary(uniqueKeysWithValues: distinct.enumerated().map { ($1, $0) })
        return BatchPlan(
            tokens: distinct.map { tokens[$0] },
            microBatches: TextEncoder.batches(lengths: distinct.map { tokens[$0].ids.count }, budget: microBatchTokens),
            rows: selected.masking(lists(of: selected, numbers)).renumbered { places[encodings[$0]]! },
            names: numbers.map { names[$0] })
    }

    /// What is in a batch of tuples and no negative all the same.
    private func lists(of selected: BatchRows, _ numbers: [Int]) -> FalseNegativeLists {
        guard case .tuples(let tuples) = selected, let falseNegatives else { return FalseNegativeLists() }
        let candidates = tuples.candidates
        var lists = falseNegatives.lists(
            anchors: tuples.anchors, candidates: candidates, groups: groups.isEmpty ? [] : numbers.map { groups[$0] },
            directions: options.directions)
        if let guide {
            lists.formUnion(
                guide.lists(anchors: tuples.anchors, candidates: candidates, directions: options.directions))
        }
        return lists
    }
}

/// One batch, ready to be computed: its distinct texts, and who is who among them.
struct BatchPlan: Sendable {
    /// The tokens of the distinct texts, longest first, `[U]`.
    let tokens: [TokenizedData.Tokens]
    /// Which texts are computed together: consecutive ranges that cover all.
    let microBatches: [Range<Int>]
    /// The rows, by numbers of the distinct texts.
    let rows: BatchRows
    /// What names each row in a message.
    let names: [String]

    /// The number of tokens that are computed.
    var tokenCount: Int { tokens.reduce(0) { $0 + $1.ids.count } }
}

/// Numbers the distinct texts of a data set.
private struct TextCollector {
    private(set) var texts: [TokenizedData.Text] = []
    private var numbers: [TokenizedData.Text: Int] = [:]

    mutating func rows(of data: TrainingRows, options: TokenizedData.Options) -> BatchRows {
        switch data {
        case .tuples(let rows):
            let anchors = rows.map { number($0.anchor, .anchor) }
            let positives = rows.map { number($0.positive, .document) }
            let negatives = rows.map { row in row.negatives.map { number($0, .document) } }
            let tuples = TupleRows(anchors: anchors, positives: positives, negatives: negatives)
            return options.usesScores
                ? .scoredTuples(ScoredTupleRows(tuples: tuples, scores: rows.map(\.scores))) : .tuples(tuples)
        case .scoredPairs(let rows):
            let pairs = rows.map { (number($0.first, .plain), number($0.second, .plain)) }
            return .scoredPairs(
                ScoredPairRows(first: pairs.map(\.0), second: pairs.map(\.1), scores: rows.map(\.score)))
        case .classifiedPairs(let rows):
            let classes = Dictionary(uniqueKeysWithValues: options.classes.enumerated().map { ($1, $0) })
            let pairs = rows.map { (number($0.first, .plain), number($0.second, .plain)) }
            return .classifiedPairs(
                ClassifiedPairRows(
                    first: pairs.map(\.0), second: pairs.map(\.1), classes: rows.map { classes[$0.label]! }))
        case .labelledTexts(let rows):
            var labels: [String: Int32] = [:]
            for row in rows where labels[row.label] == nil { labels[row.label] = Int32(labels.count) }
            return .labelledTexts(
                LabelledRows(texts: rows.map { number($0.text, .plain) }, labels: rows.map { labels[$0.label]! }))
        case .taughtTexts(let rows):
            let vectors = Matrix<Float>(rowsOf: rows.map(\.vector))
            return .taughtTexts(TaughtRows(texts: rows.map { number($0.text, .plain) }, vectors: vectors.view))
        }
    }

    private mutating func number(_ text: String, _ role: TokenizedData.Role) -> Int {
        let text = TokenizedData.Text(text: text, role: role)
        if let number = numbers[text] { return number }
        numbers[text] = texts.count
        texts.append(text)
        return texts.count - 1
    }
}

extension TrainingRows {
    /// What names each row in a message: ids where the data has them, else its place, counted from 1.
    fileprivate var names: [String] {
        switch self {
        case .tuples(let rows): rows.enumerated().map { $1.name(at: $0) }
        case .scoredPairs, .classifiedPairs: (1...max(count, 1)).prefix(count).map { "pair \($0)" }
        case .labelledTexts, .taughtTexts: (1...max(count, 1)).prefix(count).map { "text \($0)" }
        }
    }

    /// The number of each tuple's group; empty where no tuple has one.
    fileprivate var groups: [Int?] {
        guard case .tuples(let rows) = self, rows.contains(where: { $0.group != nil }) else { return [] }
        var numbers: [String: Int] = [:]
        return rows.map { row in
            guard let group = row.group else { return nil }
            if let number = numbers[group] { return number }
            numbers[group] = numbers.count
            return numbers[group]
        }
    }
}

extension TrainingTuple {
    /// The ids where the data has them, else the tuple's place in it, counted from 1.
    fileprivate func name(at index: Int) -> String {
        switch (anchorID, positiveID) {
        case (let anchor?, let positive?): "\(anchor)/\(positive)"
        case (let anchor?, nil): anchor
        case (nil, let positive?): positive
        case (nil, nil): "pair \(index + 1)"
        }
    }
}
