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

    /// A teacher's score of the positive and of each negative, in their order; empty where there is no teacher. Where
    /// it gave margins, the positive has 0 and each negative minus its margin: only differences are learnt from.
    public var scores: [Double]

    /// What the tuple is about: tuples of the same group hold no negatives for one another. Nil where that is unknown.
    public var group: String?

    public init(
        anchor: String, positive: String, negatives: [String] = [], anchorID: String? = nil, positiveID: String? = nil,
        scores: [Double] = [], group: String? = nil
    ) {
        self.anchor = anchor
        self.positive = positive
        self.negatives = negatives
        self.anchorID = anchorID
        self.positiveID = positiveID
        self.scores = scores
        self.group = group
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

/// Two texts and the name of the class that says how they are related, such as `entailment`.
public struct ClassifiedPair: Equatable, Sendable {
    public var first: String
    public var second: String
    public var label: String

    public init(first: String, second: String, label: String) {
        self.first = first
        self.second = second
        self.label = label
    }
}

/// A text and the vector that a teacher gives it.
public struct TaughtText: Equatable, Sendable {
    public var text: String
    public var vector: [Float]

    public init(text: String, vector: [Float]) {
        self.text = text
        self.vector = vector
    }
}
