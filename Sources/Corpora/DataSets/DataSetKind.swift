/// What a data set's files hold. Dictionaries are from the split's name to its rows.
public enum DataSetKind: Equatable, Sendable {
    /// A folder in the BEIR layout.
    case retrieval(DataSet)

    /// Columns such as `anchor,positive,negative`.
    case tuples([String: [TrainingTuple]])

    /// Columns such as `sentence1,sentence2,score`.
    case scoredPairs([String: [ScoredPair]])

    /// Columns `text,label`.
    case labelledTexts([String: [LabelledText]])

    /// The names of the splits: train, dev and test first, the others by name.
    public var splits: [String] {
        switch self {
        case .retrieval(let dataSet): dataSet.splits
        case .tuples(let splits): SplitName.ordered(splits.keys)
        case .scoredPairs(let splits): SplitName.ordered(splits.keys)
        case .labelledTexts(let splits): SplitName.ordered(splits.keys)
        }
    }
}
