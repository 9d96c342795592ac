internal import VectorMath

extension BatchRows {
    /// The number of rows.
    var count: Int {
        switch self {
        case .tuples(let rows): rows.count
        case .scoredTuples(let rows): rows.tuples.count
        case .scoredPairs(let rows): rows.first.count
        case .classifiedPairs(let rows): rows.first.count
        case .labelledTexts(let rows): rows.texts.count
        case .taughtTexts(let rows): rows.texts.count
        }
    }

    /// How many false negatives of tuples are known, in all directions together.
    var falseNegativeCount: Int {
        guard case .tuples(let rows) = self else { return 0 }
        return rows.falseNegatives.count
    }

    /// The rows of these numbers, in their order, without false negatives.
    func selecting(_ numbers: [Int]) -> BatchRows {
        func pick<Value>(_ values: [Value]) -> [Value] { numbers.map { values[$0] } }
        func tuples(_ rows: TupleRows) -> TupleRows {
            TupleRows(anchors: pick(rows.anchors), positives: pick(rows.positives), negatives: pick(rows.negatives))
        }
        switch self {
        case .tuples(let rows): return .tuples(tuples(rows))
        case .scoredTuples(let rows):
            return .scoredTuples(ScoredTupleRows(tuples: tuples(rows.tuples), scores: pick(rows.scores)))
        case .scoredPairs(let rows):
            return .scoredPairs(
                ScoredPairRows(first: pick(rows.first), second: pick(rows.second), scores: pick(rows.scores)))
        case .classifiedPairs(let rows):
            return .classifiedPairs(
                ClassifiedPairRows(first: pick(rows.first), second: pick(rows.second), classes: pick(rows.classes)))
        case .labelledTexts(let rows):
            return .labelledTexts(LabelledRows(texts: pick(rows.texts), labels: pick(rows.labels)))
        case .taughtTexts(let rows):
            return .taughtTexts(TaughtRows(texts: pick(rows.texts), vectors: gathered(rows.vectors, numbers).view))
        }
    }

    /// Tuples with these false negatives; other rows as they are.
    func masking(_ lists: FalseNegativeLists) -> BatchRows {
        guard case .tuples(let rows) = self else { return self }
        return .tuples(
            TupleRows(
                anchors: rows.anchors, positives: rows.positives, negatives: rows.negatives, falseNegatives: lists))
    }

    /// The rows with other numbers for their texts.
    func renumbered(_ number: (Int) -> Int) -> BatchRows {
        func tuples(_ rows: TupleRows) -> TupleRows {
            TupleRows(
                anchors: rows.anchors.map(number), positives: rows.positives.map(number),
                negatives: rows.negatives.map { $0.map(number) }, falseNegatives: rows.falseNegatives)
        }
        switch self {
        case .tuples(let rows): return .tuples(tuples(rows))
        case .scoredTuples(let rows):
            return .scoredTuples(ScoredTupleRows(tuples: tuples(rows.tuples), scores: rows.scores))
        case .scoredPairs(let rows):
            return .scoredPairs(
                ScoredPairRows(first: rows.first.map(number), second: rows.second.map(number), scores: rows.scores))
        case .classifiedPairs(let rows):
            return .classifiedPairs(
                ClassifiedPairRows(
                    first: rows.first.map(number), second: rows.second.map(number), classes: rows.classes))
        case .labelledTexts(let rows):
            return .labelledTexts(LabelledRows(texts: rows.texts.map(number), labels: rows.labels))
        case .taughtTexts(let rows):
            return .taughtTexts(TaughtRows(texts: rows.texts.map(number), vectors: rows.vectors))
        }
    }
}
