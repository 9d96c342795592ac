/// How a query was made from documentation.
///
/// In the order of their worth: where two kinds give the same text, the first keeps it.
public enum PairKind: String, CaseIterable, Codable, Sendable {
    /// A section's heading; it answers to the section's passages.
    case heading

    /// A heading, or what a reference page says that its subject is for, as a question.
    case question

    /// A term of a definition list, alone and as people ask for it; it answers to the definition.
    ///
    /// The definition's passage holds the term, as it does in the document: what these pairs measure is mostly lexical.
    case term

    /// An entry of a book's index; it answers to what it points to.
    case index

    /// The text of a link; it answers to what the link leads to.
    case link

    /// The first sentence of a long text; it answers to the passages after the one that it stands in.
    case firstSentence = "first-sentence"

    /// The split that evaluates this kind alone: `test` for headings, `test-questions`, `test-terms`, ….
    func evaluationSplit(_ split: String) -> String {
        switch self {
        case .heading: split
        case .question: split + "-questions"
        case .term: split + "-terms"
        case .index: split + "-index"
        case .link: split + "-links"
        case .firstSentence: split + "-first-sentences"
        }
    }
}
