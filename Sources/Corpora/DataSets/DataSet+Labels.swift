internal import Files

extension DataSet {
    /// A retrieval task made of labelled texts: the texts of one split are the corpus, those of the others are queries,
    /// and what has the query's label is relevant.
    ///
    /// - Parameter corpusSplit: The split that is searched.
    /// - Throws: `noSuchSplit` where there is no such split, `empty` where there is no other.
    public static func searchingLabels(
        _ splits: [String: [LabelledText]], corpusSplit: String = "train", path: String = ""
    ) throws(CorporaError) -> DataSet {
        guard let texts = splits[corpusSplit] else {
            throw .noSuchSplit(path: path, split: corpusSplit, available: SplitName.ordered(splits.keys))
        }
        let corpus = texts.enumerated().map { number, text in
            Passage(id: "\(corpusSplit)-\(number + 1)", text: text.text, metadata: ["label": .string(text.label)])
        }
        var byLabel: [String: [String: Int]] = [:]
        for (passage, text) in zip(corpus, texts) { byLabel[text.label, default: [:]][passage.id] = 1 }
        var queries: [Query] = []
        var judgements: [String: Relevance] = [:]
        for split in SplitName.ordered(splits.keys) where split != corpusSplit {
            for (number, text) in (splits[split] ?? []).enumerated() {
                guard let relevant = byLabel[text.label] else { continue }
                let query = Query(
                    id: "\(split)-\(number + 1)", text: text.text, metadata: ["label": .string(text.label)])
                queries.append(query)
                judgements[split, default: [:]][query.id] = relevant
            }
        }
        guard !queries.isEmpty else {
            throw .empty(path: path, expected: "labelled texts outside of \"\(corpusSplit)\"")
        }
        return DataSet(path: path, corpus: corpus, queries: queries, judgements: judgements)
    }
}

extension LabelledText {
    /// Pairs of texts with the same label: each text once as anchor and once as positive.
    ///
    /// Within a label the texts follow one another in an order that the seed decides. A label with a single text gives
    /// no pair. The label is the pairs' group.
    public static func trainingTuples(_ texts: [LabelledText], seed: UInt64 = 0) -> [TrainingTuple] {
        let hash = StableHash(seed: seed)
        var members: [String: [Int]] = [:]
        for (index, text) in texts.enumerated() { members[text.label, default: []].append(index) }
        var partner: [Int: Int] = [:]
        for indices in members.values where indices.count > 1 {
            let order = indices.map { ($0, hash.value(of: "\($0)\n\(texts[$0].text)")) }.sorted {
                ($0.1, $0.0) < ($1.1, $1.0)
            }
            for (place, entry) in order.enumerated() { partner[entry.0] = order[(place + 1) % order.count].0 }
        }
        return texts.indices.compactMap { index in
            partner[index].map {
                TrainingTuple(anchor: texts[index].text, positive: texts[$0].text, group: texts[index].label)
            }
        }
    }
}
