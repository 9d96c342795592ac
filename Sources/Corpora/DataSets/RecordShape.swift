internal import Files

/// What the columns of a table of training data mean.
///
/// Names are those of sentence-transformers, FlagEmbedding and Tevatron, in any case of letters.
public enum RecordShape: Equatable, Sendable {
    /// Texts that belong together, and texts that do not. A value may be a text, a list of texts, or a list of objects
    /// with `text` and, if they like, `title` and `docid`.
    case tuples(anchor: String, positive: String, negatives: [String])

    /// Two texts and their similarity.
    case scoredPairs(first: String, second: String, score: String)

    /// Texts and the names of their classes.
    case labelledTexts(text: String, label: String)

    /// Nothing but texts.
    case texts(text: String)

    private static let anchors = ["anchor", "query", "question", "sentence1"]
    private static let positives = [
        "positive", "passage", "answer", "document", "pos", "positives", "positive_passages", "sentence2",
    ]
    private static let negatives = ["negative", "neg", "negatives", "negative_passages"]
    private static let scores = ["score", "label", "scores", "labels"]

    /// What is accepted, for messages.
    static let accepted = [
        "anchor|query|question,positive|pos|positive_passages|passage|answer|document"
            + "[,negative|negative_1…|neg|negative_passages]",
        "sentence1,sentence2,score|label", "text,label", "text",
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
            } else {
                self = .tuples(anchor: anchor, positive: positive, negatives: negatives)
            }
        } else if let text = first(of: ["text"]) {
            self = score.map { .labelledTexts(text: text, label: $0) } ?? .texts(text: text)
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
