/// What contrastive training learns from: a text, one that belongs to it, and others that do not.
public struct TrainingTuple: Equatable, Sendable {
    public var anchor: String
    public var positive: String

    /// Texts that look right and are not. Rows of one data set may hold different numbers of them.
    public var negatives: [String]

    /// The query's id in a retrieval data set.
    public var anchorID: String?

    /// The document's id in a retrieval data set.
    public var positiveID: String?

    public init(
        anchor: String, positive: String, negatives: [String] = [], anchorID: String? = nil, positiveID: String? = nil
    ) {
        self.anchor = anchor
        self.positive = positive
        self.negatives = negatives
        self.anchorID = anchorID
        self.positiveID = positiveID
    }
}

/// Two texts and how similar people found them.
public struct ScoredPair: Equatable, Sendable {
    public var first: String
    public var second: String

    /// As in the file, on whatever scale it uses: 0…5 for the STS benchmark, 0 or 1 for labels.
    public var score: Double

    public init(first: String, second: String, score: Double) {
        self.first = first
        self.second = second
        self.score = score
    }
}

/// A text and the name of the class that it belongs to.
public struct LabelledText: Equatable, Sendable {
    public var text: String
    public var label: String

    public init(text: String, label: String) {
        self.text = text
        self.label = label
    }
}
