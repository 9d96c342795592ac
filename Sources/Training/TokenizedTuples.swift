internal import Corpora

/// The tuples of a data set with every distinct text tokenized once.
struct TokenizedTuples: Sendable {
    /// The part that a text plays, which decides the prompt in front of it.
    enum Role: Sendable, Hashable {
        /// An anchor: the model's query prompt.
        case anchor
        /// A positive or a negative: the model's document prompt.
        case document
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

    /// The distinct texts, in the order in which the data first names them.
    let texts: [Text]
    /// The tokens of each text.
    let tokens: [Tokens]
    /// The first text with the same tokens as this one: texts that share it share an embedding.
    let encodings: [Int]
    /// The text of each tuple's anchor.
    let anchors: [Int]
    /// The text of each tuple's positive.
    let positives: [Int]
    /// The texts of each tuple's hard negatives.
    let negatives: [[Int]]
    /// What names each tuple in a message.
    let names: [String]

    private let falseNegatives: FalseNegatives

    /// Collects the distinct texts of the tuples and has them tokenized all at once.
    init<Failure: Error>(
        _ tuples: [TrainingTuple], tokenize: ([Text]) throws(Failure) -> [Tokens]
    ) throws(Failure) {
        var texts: [Text] = []
        var numbers: [Text: Int] = [:]
        func number(_ text: String, _ role: Role) -> Int {
            let text = Text(text: text, role: role)
            if let number = numbers[text] { return number }
            numbers[text] = texts.count
            texts.append(text)
            return texts.count - 1
        }
        let anchors = tuples.map { number($0.anchor, .anchor) }
        let positives = tuples.map { number($0.positive, .document) }
        let negatives = tuples.map { $0.negatives.map { number($0, .document) } }
        let tokens = try tokenize(texts)
        precondition(tokens.count == texts.count, "every text has its tokens")

        var first: [Tokens: Int] = [:]
        let encodings = tokens.enumerated().map { text, tokens in
            if let earlier = first[tokens] { return earlier }
            first[tokens] = text
            return text
        }
        self.texts = texts
        self.tokens = tokens
        self.encodings = encodings
        self.anchors = anchors
        self.positives = positives
        self.negatives = negatives
        self.names = tuples.enumerated().map { $1.name(at: $0) }
        self.falseNegatives = FalseNegatives(
            texts: texts.map(\.text), encodings: encodings,
            pairs: zip(anchors, positives).map { (anchor: $0, positive: $1) })
    }

    /// The number of tuples.
    var count: Int { anchors.count }

    /// A batch of tuples, by their numbers, cut in micro-batches.
    func batch(_ tuples: [Int], microBatchTokens: Int) -> BatchPlan {
        let anchors = tuples.map { self.anchors[$0] }
        let positives = tuples.map { self.positives[$0] }
        let negatives = tuples.map { self.negatives[$0] }
        let candidates = positives + negatives.flatMap(\.self)

        // Longest first, so that a run that asks for too much memory fails at its start; ties by number, so that the
        // order is the data's alone.
        let distinct = Set((anchors + candidates).map { encodings[$0] }).sorted {
            (tokens[$1].ids.count, $0) < (tokens[$0].ids.count, $1)
        }
        let rows = Dictionary(uniqueKeysWithValues: distinct.enumerated().map { ($1, $0) })
        func row(_ text: Int) -> Int { rows[encodings[text]]! }
        return BatchPlan(
            tokens: distinct.map { tokens[$0] },
            microBatches: microBatches(lengths: distinct.map { tokens[$0].ids.count }, budget: microBatchTokens),
            anchors: anchors.map(row), positives: positives.map(row), negatives: negatives.map { $0.map(row) },
            falseNegatives: falseNegatives.among(anchors: anchors, candidates: candidates),
            names: tuples.map { names[$0] })
    }
}

/// One batch, ready to be computed: its distinct texts, and who is who among them.
struct BatchPlan: Sendable {
    /// The tokens of the distinct texts, longest first, `[U]`.
    let tokens: [TokenizedTuples.Tokens]
    /// Which texts are computed together: consecutive ranges that cover all.
    let microBatches: [Range<Int>]
    /// The text of each tuple's anchor.
    let anchors: [Int]
    /// The text of each tuple's positive.
    let positives: [Int]
    /// The texts of each tuple's hard negatives.
    let negatives: [[Int]]
    /// For each tuple, the candidates that are no negatives of it.
    let falseNegatives: [[Int]]
    /// What names each tuple in a message.
    let names: [String]

    /// The number of tokens that are computed.
    var tokenCount: Int { tokens.reduce(0) { $0 + $1.ids.count } }
}

/// Consecutive ranges of texts that hold at most `budget` tokens each, or a single text that is longer.
func microBatches(lengths: [Int], budget: Int) -> [Range<Int>] {
    var ranges: [Range<Int>] = []
    var start = 0
    var filled = 0
    for (text, length) in lengths.enumerated() {
        if text > start, filled + length > budget {
            ranges.append(start..<text)
            start = text
            filled = 0
        }
        filled += length
    }
    if start < lengths.count { ranges.append(start..<lengths.count) }
    return ranges
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
