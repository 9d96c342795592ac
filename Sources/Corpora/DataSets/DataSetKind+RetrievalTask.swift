extension DataSetKind {
    /// A split as a retrieval task: the set itself, or, of tuples, a corpus of all positives and negatives of the split
    /// in which each anchor is to find its positives, or, of labelled texts, the split `train` in which each of the
    /// split's texts is to find those of its label.
    ///
    /// - Parameter path: What messages shall name.
    /// - Throws: `noSuchSplit` where there is no such split, `empty` where it has no row, `notADataSet` for rows
    ///   of other kinds and for labelled texts that are to be searched themselves.
    public func retrievalTask(split: String, path: String) throws(CorporaError) -> DataSet {
        switch self {
        case .retrieval(let dataSet):
            guard let relevance = dataSet.judgements[split] else {
                throw .noSuchSplit(path: path, split: split, available: splits)
            }
            guard !relevance.isEmpty else { throw .empty(path: path, expected: "judgements in \"\(split)\"") }
            return dataSet
        case .tuples(let rows):
            guard let tuples = rows[split] else {
                throw .noSuchSplit(path: path, split: split, available: splits)
            }
            guard !tuples.isEmpty else { throw .empty(path: path, expected: "rows in \"\(split)\"") }
            return DataSet(findingPositivesOf: tuples, split: split, path: path)
        case .labelledTexts(let rows) where rows[split] != nil && split != SplitName.train:
            return try .searchingLabels(rows.filter { [split, SplitName.train].contains($0.key) }, path: path)
        case .scoredPairs, .classifiedPairs, .labelledTexts, .taughtTexts:
            guard splits.contains(split) else { throw .noSuchSplit(path: path, split: split, available: splits) }
            throw .notADataSet(
                path: path,
                reason:
                    "queries with judgements, anchors with positives, or labelled texts beside those of \"train\" were expected"
            )
        }
    }
}

extension DataSet {
    /// Each different text of the tuples once; the ids are numbers in the order of the rows.
    fileprivate init(findingPositivesOf tuples: [TrainingTuple], split: String, path: String) {
        var corpus: [Passage] = []
        var queries: [Query] = []
        var documents: [String: String] = [:]
        var anchors: [String: String] = [:]
        var relevance: Relevance = [:]
        func document(_ text: String) -> String {
            if let id = documents[text] { return id }
            let id = "\(split)-text-\(corpus.count + 1)"
            documents[text] = id
            corpus.append(Passage(id: id, text: text))
            return id
        }
        for tuple in tuples {
            let query: String
            if let id = anchors[tuple.anchor] {
                query = id
            } else {
                query = "\(split)-query-\(queries.count + 1)"
                anchors[tuple.anchor] = query
                queries.append(Query(id: query, text: tuple.anchor))
            }
            relevance[query, default: [:]][document(tuple.positive)] = 1
            for negative in tuple.negatives { _ = document(negative) }
        }
        self.init(path: path, corpus: corpus, queries: queries, judgements: [split: relevance])
    }
}
