public import Corpora

/// What a run trains on: rows of one kind.
public enum TrainingRows: Sendable, Equatable {
    /// Anchors, positives and hard negatives, with a teacher's scores where there is one.
    case tuples([TrainingTuple])
    /// Pairs with scores.
    case scoredPairs([ScoredPair])
    /// Pairs with the names of classes.
    case classifiedPairs([ClassifiedPair])
    /// Texts with labels.
    case labelledTexts([LabelledText])
    /// Texts with a teacher's vectors.
    case taughtTexts([TaughtText])

    /// The rows of a split of a data set; those of a retrieval set are its (query, relevant passage) pairs.
    ///
    /// - Parameter path: what messages shall name.
    public init(_ kind: DataSetKind, split: String = "train", path: String) throws(CorporaError) {
        func rows<Row>(_ splits: [String: [Row]]) throws(CorporaError) -> [Row] {
            guard let rows = splits[split] else {
                throw .noSuchSplit(path: path, split: split, available: kind.splits)
            }
            return rows
        }
        switch kind {
        case .retrieval, .tuples: self = .tuples(try kind.trainingTuples(split: split, path: path))
        case .scoredPairs(let splits): self = .scoredPairs(try rows(splits))
        case .classifiedPairs(let splits): self = .classifiedPairs(try rows(splits))
        case .labelledTexts(let splits): self = .labelledTexts(try rows(splits))
        case .taughtTexts(let splits): self = .taughtTexts(try rows(splits))
        }
    }

    /// The number of rows.
    public var count: Int {
        switch self {
        case .tuples(let rows): rows.count
        case .scoredPairs(let rows): rows.count
        case .classifiedPairs(let rows): rows.count
        case .labelledTexts(let rows): rows.count
        case .taughtTexts(let rows): rows.count
        }
    }

    /// What the rows are, for messages.
    var words: String {
        switch self {
        case .tuples: "tuples of an anchor, a positive and negatives"
        case .scoredPairs: "pairs with scores"
        case .classifiedPairs: "pairs with classes"
        case .labelledTexts: "texts with labels"
        case .taughtTexts: "texts with a teacher's vectors"
        }
    }
}

/// One of the data sets of a run.
public struct TrainingSet: Sendable, Equatable {
    /// How the user named it.
    public let name: String
    /// Its rows.
    public let rows: TrainingRows

    /// Rows under a name.
    public init(name: String, rows: TrainingRows) {
        self.name = name
        self.rows = rows
    }
}
