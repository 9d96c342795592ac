/// What a data set's files hold. Dictionaries are from the split's name to its rows.
public enum DataSetKind: Equatable, Sendable {
    /// A folder in the BEIR layout.
    case retrieval(DataSet)

    /// Columns such as `anchor,positive,negative`.
    case tuples([String: [TrainingTuple]])

    /// Columns such as `sentence1,sentence2,score`.
    case scoredPairs([String: [ScoredPair]])

    /// Columns such as `premise,hypothesis,label` or `sentence1,sentence2,label`, with labels that are no numbers.
    case classifiedPairs([String: [ClassifiedPair]])

    /// Columns `text,label`.
    case labelledTexts([String: [LabelledText]])

    /// Columns such as `text,vector`: a list of numbers a text.
    case taughtTexts([String: [TaughtText]])

    /// The names of the splits: train, dev and test first, the others by name.
    public var splits: [String] {
        switch self {
        case .retrieval(let dataSet): dataSet.splits
        case .tuples(let splits): SplitName.ordered(splits.keys)
        case .scoredPairs(let splits): SplitName.ordered(splits.keys)
        case .classifiedPairs(let splits): SplitName.ordered(splits.keys)
        case .labelledTexts(let splits): SplitName.ordered(splits.keys)
        case .taughtTexts(let splits): SplitName.ordered(splits.keys)
        }
    }
}
