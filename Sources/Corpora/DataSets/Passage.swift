public import Files

/// A piece of a document: what is embedded, searched and cited.
public struct Passage: Equatable, Sendable {
    /// Unique in its corpus; without white space, so that it can stand in judgement and run files.
    public var id: String

    /// What is embedded in front of the text, as in the BEIR data sets.
    ///
    /// Passages made from documentation do not have their headings here: a section's heading is the query that the
    /// section is searched by in training and evaluation, and a passage that carries it would be found by comparing
    /// letters. Only the later passages of a long definition have a title: the term, which the first one's text begins
    /// with. The headings are in `metadata["title"]`: see ``displayTitle`` and ``inContext``.
    public var title: String

    public var text: String

    /// The document that the passage was cut from, as a path relative to the documentation's folder.
    public var source: String?

    /// Where the passage stands in the source, markup included, in bytes.
    public var byteRange: Range<Int>?

    public var metadata: [String: JSONValue]

    public init(
        id: String, title: String = "", text: String, source: String? = nil, byteRange: Range<Int>? = nil,
        metadata: [String: JSONValue] = [:]
    ) {
        self.id = id
        self.title = title
        self.text = text
        self.source = source
        self.byteRange = byteRange
        self.metadata = metadata
    }

    /// What a model gets to see: title, a space and text, without white space at the ends, as BEIR defines it.
    public var embeddedText: String {
        title.isEmpty ? text.trimmingWhitespace() : (title + " " + text).trimmingWhitespace()
    }

    /// What a person gets to see above the text: the path of headings, and the term, that a documentation passage
    /// stands under, else the title.
    public var displayTitle: String {
        metadata["title"]?.stringValue ?? title
    }

    /// The passage as an index is to embed it: with all that it stands under in front, so that a few sentences from
    /// the middle of a page are found by what they are about.
    ///
    /// Not for training or evaluation, where a heading must not find itself.
    public var inContext: Passage {
        var passage = self
        passage.title = displayTitle
        return passage
    }
}

/// A text that passages are searched by.
public struct Query: Equatable, Sendable {
    /// Unique in its data set; without white space.
    public var id: String

    public var text: String

    /// Among others `kind` for queries made from documentation; see ``PairKind``.
    public var metadata: [String: JSONValue]

    public init(id: String, text: String, metadata: [String: JSONValue] = [:]) {
        self.id = id
        self.text = text
        self.metadata = metadata
    }
}

/// Which documents answer which queries: query id, document id, grade.
///
/// A grade above 0 is relevant. Grades of 0 (judged, and not relevant) are kept; negative ones in files are read as 0,
/// which is how trec_eval counts them.
public typealias Relevance = [String: [String: Int]]
