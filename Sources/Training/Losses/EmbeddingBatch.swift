public import VectorMath

/// The embeddings of one batch of training data, each distinct text once, and which text plays which part.
///
/// Letters: B rows of the data, U distinct texts, D width.
public struct EmbeddingBatch: Sendable {
    /// One row a distinct text, `[U, D]`. Rows may have any length: a loss that needs unit vectors normalises them.
    public let embeddings: MatrixView<Float>
    /// What the rows of the data are, and which texts they name.
    public let rows: BatchRows

    /// A batch; every text that the rows name must have its embedding.
    public init(embeddings: MatrixView<Float>, rows: BatchRows) {
        precondition(
            rows.texts.allSatisfy { $0 >= 0 && $0 < embeddings.rows }, "a text's row is outside the embeddings")
        self.embeddings = embeddings
        self.rows = rows
    }

    /// A batch of tuples; see ``TupleRows``.
    public init(
        embeddings: MatrixView<Float>, anchors: [Int], positives: [Int], negatives: [[Int]]? = nil,
        falseNegatives: [[Int]]? = nil
    ) {
        var lists = FalseNegativeLists()
        if let falseNegatives { lists[.queryToDocument] = falseNegatives }
        self.init(
            embeddings: embeddings,
            rows: .tuples(
                TupleRows(anchors: anchors, positives: positives, negatives: negatives, falseNegatives: lists)))
    }
}

/// The rows of a batch, by their kind. A number of a text is the row of its embedding.
public enum BatchRows: Sendable {
    /// Anchors, positives and hard negatives.
    case tuples(TupleRows)
    /// Tuples with a teacher's scores.
    case scoredTuples(ScoredTupleRows)
    /// Pairs with scores.
    case scoredPairs(ScoredPairRows)
    /// Pairs with classes.
    case classifiedPairs(ClassifiedPairRows)
    /// Texts with labels.
    case labelledTexts(LabelledRows)
    /// Texts with a teacher's vectors.
    case taughtTexts(TaughtRows)

    /// What the rows are, for messages.
    var words: String {
        switch self {
        case .tuples: "tuples"
        case .scoredTuples: "tuples with a teacher's scores"
        case .scoredPairs: "scored pairs"
        case .classifiedPairs: "pairs with classes"
        case .labelledTexts: "labelled texts"
        case .taughtTexts: "texts with a teacher's vectors"
        }
    }

    /// The text of every part of every row; texts may come up more than once.
    var texts: [Int] {
        switch self {
        case .tuples(let rows): rows.anchors + rows.candidates
        case .scoredTuples(let rows): rows.tuples.anchors + rows.tuples.candidates
        case .scoredPairs(let rows): rows.first + rows.second
        case .classifiedPairs(let rows): rows.first + rows.second
        case .labelledTexts(let rows): rows.texts
        case .taughtTexts(let rows): rows.texts
        }
    }
}

/// Tuples of an anchor, its positive and its hard negatives.
///
/// The *candidates* of a batch are its positives, in the order of the tuples, and after them all hard negatives, tuple by
/// tuple: candidate `i < B` is the positive of tuple `i`.
public struct TupleRows: Sendable {
    /// The text of each tuple's anchor, `[B]`.
    public let anchors: [Int]
    /// The text of each tuple's positive, `[B]`.
    public let positives: [Int]
    /// The texts of each tuple's hard negatives, `[B][any]`.
    public let negatives: [[Int]]
    /// What is in the batch and no negative all the same.
    public let falseNegatives: FalseNegativeLists

    /// Tuples; the counts must agree, and every false negative must exist and not be the tuple's own positive.
    public init(
        anchors: [Int], positives: [Int], negatives: [[Int]]? = nil,
        falseNegatives: FalseNegativeLists = FalseNegativeLists()
    ) {
        let negatives = negatives ?? Array(repeating: [], count: anchors.count)
        precondition(positives.count == anchors.count, "every tuple has one positive")
        precondition(negatives.count == anchors.count, "every tuple has a list of negatives")
        falseNegatives.check(
            tuples: anchors.count, candidates: positives.count + negatives.reduce(0) { $0 + $1.count })
        self.anchors = anchors
        self.positives = positives
        self.negatives = negatives
        self.falseNegatives = falseNegatives
    }

    /// The number of tuples.
    public var count: Int { anchors.count }

    /// The text of every candidate: the positives, then all hard negatives.
    public var candidates: [Int] { positives + negatives.flatMap(\.self) }

    /// The places of each tuple's hard negatives among the candidates.
    var negativePlaces: [Range<Int>] {
        var start = positives.count
        return negatives.map { negatives in
            defer { start += negatives.count }
            return start..<start + negatives.count
        }
    }
}

/// Tuples with a teacher's scores of the positive and the negatives.
public struct ScoredTupleRows: Sendable {
    /// The tuples.
    public let tuples: TupleRows
    /// For each tuple, the score of its positive and those of its negatives, in their order. Only differences matter.
    public let scores: [[Double]]

    /// Tuples with scores, as many as they have positives and negatives.
    public init(tuples: TupleRows, scores: [[Double]]) {
        precondition(
            scores.map(\.count) == tuples.negatives.map { $0.count + 1 }, "every positive and negative has one score")
        self.tuples = tuples
        self.scores = scores
    }
}

/// Pairs of texts with scores.
public struct ScoredPairRows: Sendable {
    /// The first text of each pair, `[B]`.
    public let first: [Int]
    /// The second text of each pair, `[B]`.
    public let second: [Int]
    /// The score of each pair, `[B]`.
    public let scores: [Double]

    /// Pairs; the counts must agree.
    public init(first: [Int], second: [Int], scores: [Double]) {
        precondition(first.count == second.count && first.count == scores.count, "every pair has two texts and a score")
        self.first = first
        self.second = second
        self.scores = scores
    }
}

/// Pairs of texts that each belong to one of several classes.
public struct ClassifiedPairRows: Sendable {
    /// The first text of each pair, `[B]`.
    public let first: [Int]
    /// The second text of each pair, `[B]`.
    public let second: [Int]
    /// The class of each pair, counted from 0, `[B]`.
    public let classes: [Int]

    /// Pairs; the counts must agree.
    public init(first: [Int], second: [Int], classes: [Int]) {
        precondition(
            first.count == second.count && first.count == classes.count, "every pair has two texts and a class")
        self.first = first
        self.second = second
        self.classes = classes
    }
}

/// Texts with labels.
public struct LabelledRows: Sendable {
    /// The texts, `[B]`; one may come up more than once.
    public let texts: [Int]
    /// The label of each, `[B]`: only equality matters.
    public let labels: [Int32]

    /// Texts; the counts must agree.
    public init(texts: [Int], labels: [Int32]) {
        precondition(texts.count == labels.count, "every text has a label")
        self.texts = texts
        self.labels = labels
    }
}

/// Texts with the vectors that a teacher gives them.
public struct TaughtRows: Sendable {
    /// The texts, `[B]`.
    public let texts: [Int]
    /// The teacher's vectors, `[B, D]`.
    public let vectors: MatrixView<Float>

    /// Texts; the counts must agree.
    public init(texts: [Int], vectors: MatrixView<Float>) {
        precondition(texts.count == vectors.rows, "every text has a vector")
        self.texts = texts
        self.vectors = vectors
    }
}
