extension DataSetKind {
    /// What a split has to train on: a row for each pair of a query and a passage that answers it, or the rows of its file.
    ///
    /// - Parameter path: What messages shall name.
    public func trainingTuples(split: String, path: String) throws(CorporaError) -> [TrainingTuple] {
        switch self {
        case .retrieval(let dataSet):
            return try dataSet.trainingTuples(split: split)
        case .tuples(let splits):
            guard let tuples = splits[split] else {
                throw .noSuchSplit(path: path, split: split, available: self.splits)
            }
            return tuples
        case .scoredPairs, .classifiedPairs, .labelledTexts, .taughtTexts:
            throw .notADataSet(path: path, reason: "pairs of an anchor and a positive text were expected")
        }
    }

    /// The scored pairs of a split.
    public func scoredPairs(split: String, path: String) throws(CorporaError) -> [ScoredPair] {
        guard case .scoredPairs(let splits) = self else {
            throw .notADataSet(path: path, reason: "pairs of texts with a score were expected")
        }
        guard let pairs = splits[split] else {
            throw .noSuchSplit(path: path, split: split, available: self.splits)
        }
        return pairs
    }

    /// How many judged queries, or rows, a split has.
    public func count(inSplit split: String) -> Int {
        switch self {
        case .retrieval(let dataSet): dataSet.judgements[split]?.count ?? 0
        case .tuples(let splits): splits[split]?.count ?? 0
        case .scoredPairs(let splits): splits[split]?.count ?? 0
        case .classifiedPairs(let splits): splits[split]?.count ?? 0
        case .labelledTexts(let splits): splits[split]?.count ?? 0
        case .taughtTexts(let splits): splits[split]?.count ?? 0
        }
    }
}
