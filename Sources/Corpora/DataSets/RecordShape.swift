internal import Files

/// What the columns of a table of training data mean.
///
/// Names are those of sentence-transformers, FlagEmbedding and Tevatron, in any case of letters.
public enum RecordShape: Equatable, Sendable {
    /// Texts that belong together, and texts that do not. A value may be a text, a list of texts, or a list of objects
    /// with `text` and, if they like, `title` and `docid`. A teacher's scores may come with them; see ``Scores``.
    case tuples(anchor: String, positive: String, negatives: [String], scores: Scores? = nil)

    /// Two texts and their similarity, or the name of the class that says how they are related, or a teacher's vector of
    /// both.
    case scoredPairs(first: String, second: String, score: String)

    /// Texts and the names of their classes, or a teacher's vectors.
    case labelledTexts(text: String, label: String)

    /// Texts and a teacher's vectors.
    case taughtTexts(text: String, vector: String)

    /// Nothing but texts.
    case texts(text: String)

    /// Where a teacher's scores of a tuple stand.
    public enum Scores: Equatable, Sendable {
        /// In one column: those of the positive and of the negatives, or the margins between them, in a list, or a single
        /// margin.
        case together(String)
        /// In two columns of lists: those of the positives, and those of the negatives.
        case apart(positives: String, negatives: String)
    }

    private static let anchors = ["anchor", "query", "question", "sentence1", "premise"]
    private static let positives = [
        "positive", "passage", "answer", "document", "pos", "positives", "positive_passages", "sentence2",
        "hypothesis",
    ]
    private static let negatives = ["negative", "neg", "negatives", "negative_passages"]
    private static let scores = ["score", "label", "scores", "labels"]
    private static let vectors = ["vector", "embedding", "embeddings", "teacher_embedding"]

    /// What is accepted, for messages.
    static let accepted = [
        "anchor|query|question,positive|pos|positive_passages|passage|answer|document"
            + "[,negative|negative_1…|neg|negative_passages][,score|label]",
        "sentence1,sentence2,score|label", "premise,hypothesis,label", "text,label", "text,vector|embedding", "text",
    ]

    /// The shape of a table with these columns; nil where they are none of the known ones.
    ///
    /// Two texts with a score or a label are a scored pair whatever they are called: a label may say that they do not
    /// belong together.
    public init?(columns: [String]) {
        func first(of names: [String]) -> String? {
            for name in names {
                if let column = columns.first(where: { $0.lowercased() == name }) { return column }
            }
            return nil
        }
        let score = first(of: RecordShape.scores)
        if let anchor = first(of: RecordShape.anchors), let positive = first(of: RecordShape.positives) {
            let negatives = columns.filter { RecordShape.isNegative($0.lowercased()) }
            if let score, negatives.isEmpty {
                self = .scoredPairs(first: anchor, second: positive, score: score)
            } else if let positives = first(of: ["pos_scores"]), let negativeScores = first(of: ["neg_scores"]) {
                self = .tuples(
                    anchor: anchor, positive: positive, negatives: negatives,
                    scores: .apart(positives: positives, negatives: negativeScores))
            } else {
                self = .tuples(
                    anchor: anchor, positive: positive, negatives: negatives, scores: score.map { .together($0) })
            }
        } else if let text = first(of: ["text"]) {
            if let vector = first(of: RecordShape.vectors) {
                self = .taughtTexts(text: text, vector: vector)
            } else {
                self = score.map { .labelledTexts(text: text, label: $0) } ?? .texts(text: text)
            }
        } else {
            return nil
        }
    }

    /// `negative`, its synonyms, and `negative_1`, `negative_2`, ….
    private static func isNegative(_ column: String) -> Bool {
        if negatives.contains(column) { return true }
        let prefix = "negative_"
        return column.hasPrefix(prefix) && Int(column.dropFirst(prefix.count)) != nil
    }
}
