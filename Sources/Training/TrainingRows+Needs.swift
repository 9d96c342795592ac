internal import Corpora

extension TrainingSet {
    /// The rows as a loss needs them, or why they cannot be had.
    ///
    /// Labelled texts make tuples of texts of the same label; scores that are whole numbers are names of classes; scores
    /// are brought from the range of the settings to 0…1.
    ///
    /// - Parameters:
    ///   - loss: the loss.
    ///   - scoreRange: the range of the data's scores; nil where they stay as they are.
    ///   - gainsNegatives: whether the run finds hard negatives for itself.
    ///   - dimension: the width of the model's embeddings.
    ///   - seed: decides which texts of a label make a tuple.
    func fitted(
        to loss: any EmbeddingLoss, scoreRange: ClosedRange<Double>?, gainsNegatives: Bool, dimension: Int, seed: UInt64
    ) throws(TrainingError) -> TrainingSet {
        guard rows.count >= 2 else { throw .tooFewTuples(found: rows.count) }
        let fitted: TrainingRows
        switch (loss.needs, rows) {
        case (.tuples, .tuples): fitted = rows
        case (.tuples, .labelledTexts(let texts)):
            let tuples = LabelledText.trainingTuples(texts, seed: seed)
            guard tuples.count >= 2 else { throw mismatch(loss, "no label has two texts") }
            fitted = .tuples(tuples)
        case (.triplets, .tuples(let tuples)):
            guard gainsNegatives || tuples.contains(where: { !$0.negatives.isEmpty }) else {
                throw mismatch(loss, "no tuple has a negative")
            }
            fitted = rows
        case (.scoredTuples, .tuples(let tuples)):
            for (index, tuple) in tuples.enumerated() {
                guard !tuple.negatives.isEmpty, tuple.scores.count == tuple.negatives.count + 1 else {
                    throw mismatch(
                        loss,
                        "row \(index + 1) has \(tuple.negatives.count) negatives and \(tuple.scores.count) scores of a teacher"
                    )
                }
            }
            fitted = rows
        case (.scoredPairs(let meaning), .scoredPairs(let pairs)):
            fitted = .scoredPairs(try scaled(pairs, meaning, loss, scoreRange))
        case (.classifiedPairs, .classifiedPairs): fitted = rows
        case (.classifiedPairs, .scoredPairs(let pairs)):
            var classified: [ClassifiedPair] = []
            for (index, pair) in pairs.enumerated() {
                guard let number = Int(exactly: pair.score) else {
                    throw mismatch(
                        loss, "row \(index + 1) has the score \(pair.score), which is the name of no class")
                }
                classified.append(ClassifiedPair(first: pair.first, second: pair.second, label: String(number)))
            }
            fitted = .classifiedPairs(classified)
        case (.labelledTexts, .labelledTexts(let texts)):
            let counts = Dictionary(grouping: texts, by: \.label).values.map(\.count)
            guard counts.count(where: { $0 >= 2 }) >= 2 else {
                throw mismatch(loss, "fewer than two labels have two texts")
            }
            fitted = rows
        case (.taughtTexts, .taughtTexts(let texts)):
            if let index = texts.firstIndex(where: { $0.vector.count != dimension }) {
                throw mismatch(
                    loss,
                    "row \(index + 1) has a vector of \(texts[index].vector.count), the model has \(dimension) dimensions"
                )
            }
            fitted = rows
        default: throw mismatch(loss, "it holds \(rows.words)")
        }
        return TrainingSet(name: name, rows: fitted)
    }

    private func scaled(
        _ pairs: [ScoredPair], _ meaning: ScoreMeaning, _ loss: any EmbeddingLoss, _ range: ClosedRange<Double>?
    ) throws(TrainingError) -> [ScoredPair] {
        var scaled = pairs
        if let range {
            let width = range.upperBound - range.lowerBound
            for index in scaled.indices { scaled[index].score = (scaled[index].score - range.lowerBound) / width }
        }
        for (index, pair) in scaled.enumerated() {
            let isFit =
                switch meaning {
                case .order: pair.score.isFinite
                case .cosine: (-1...1).contains(pair.score)
                case .degree: (0...1).contains(pair.score)
                case .binary: pair.score == 0 || pair.score == 1
                }
            guard isFit else {
                let hint = range == nil && meaning != .binary ? ": say which range scores have" : ""
                throw mismatch(loss, "row \(index + 1) has the score \(pairs[index].score)\(hint)")
            }
        }
        return scaled
    }

    private func mismatch(_ loss: any EmbeddingLoss, _ reason: String) -> TrainingError {
        .unfitData(data: name, loss: loss.name, needs: loss.needs.columns, reason: reason)
    }
}

extension LossNeeds {
    /// The columns that hold what a loss learns from, for messages.
    fileprivate var columns: String {
        switch self {
        case .tuples: "anchor and positive, or text and label"
        case .triplets: "anchor, positive and negative"
        case .scoredTuples: "anchor, positive, negatives and a teacher's scores"
        case .scoredPairs(.order): "two texts and a score"
        case .scoredPairs(.cosine): "two texts and a score from -1 to 1"
        case .scoredPairs(.degree): "two texts and a score from 0 to 1"
        case .scoredPairs(.binary): "two texts and 0 or 1"
        case .classifiedPairs: "two texts and a class"
        case .labelledTexts: "text and label"
        case .taughtTexts: "text and a teacher's vector"
        }
    }
}
