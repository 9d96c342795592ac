public import Corpora

/// What hard negatives are mined for, and among which documents.
///
/// Texts that differ only in case, canonical Unicode form and white space count as one: anchors become one query, and of
/// documents the first is the one that is mined. Blank documents are no candidates.
public struct MiningTask: Sendable {
    /// The distinct anchors of the tuples, in the order of the tuples.
    public let queries: [String]
    /// The distinct documents: those of the corpus in its order, then positives of tuples that are not in it.
    public let documents: [String]
    /// Where each document stands in the corpus; nil for a positive that is not in it.
    public let origins: [Int?]
    /// The query of each tuple.
    public let tupleQueries: [Int]
    /// For each query, the documents that its tuples name as positives, ascending.
    public let answers: [[Int]]
    /// For each query, the documents that cannot become negatives of it, ascending: its answers, what is known to answer
    /// it from elsewhere, what is a negative of it already, and its own text.
    public let excluded: [[Int]]

    private let queryNumbers: [String: Int]

    /// A task of tuples.
    ///
    /// - Parameters:
    ///   - tuples: what is to be trained on.
    ///   - corpus: documents to mine among; the positives of all tuples join them where they are not among them.
    ///   - known: further pairs of an anchor and a document that answers it, such as those of other splits.
    /// - Complexity: O(length of all texts).
    public init(tuples: [TrainingTuple], corpus: [String] = [], known: [(anchor: String, document: String)] = []) {
        var documents = Table()
        for (place, text) in corpus.enumerated() { documents.add(text, origin: place) }
        for tuple in tuples { documents.add(tuple.positive, origin: nil) }

        var queries: [String] = []
        var queryNumbers: [String: Int] = [:]
        var tupleQueries: [Int] = []
        var answers: [Set<Int>] = []
        var excluded: [Set<Int>] = []
        for tuple in tuples {
            let key = normalized(tuple.anchor)
            let query = queryNumbers[key] ?? queries.count
            if query == queries.count {
                queryNumbers[key] = query
                queries.append(tuple.anchor)
                answers.append([])
                excluded.append(documents.numbers[key].map { [$0] } ?? [])
            }
            tupleQueries.append(query)
            if let answer = documents.number(of: tuple.positive) { answers[query].insert(answer) }
            excluded[query].formUnion(tuple.negatives.compactMap { documents.number(of: $0) })
        }
        // Tuples of a group hold no negatives for one another.
        var members: [String: Set<Int>] = [:]
        for tuple in tuples {
            guard let group = tuple.group, let answer = documents.number(of: tuple.positive) else { continue }
            members[group, default: []].insert(answer)
        }
        for (tuple, query) in zip(tuples, tupleQueries) {
            if let group = tuple.group, let found = members[group] { excluded[query].formUnion(found) }
        }
        for pair in known {
            guard let query = queryNumbers[normalized(pair.anchor)],
                let document = documents.number(of: pair.document)
            else { continue }
            excluded[query].insert(document)
        }
        self.queries = queries
        self.documents = documents.texts
        self.origins = documents.origins
        self.tupleQueries = tupleQueries
        self.queryNumbers = queryNumbers
        self.answers = answers.map { $0.sorted() }
        self.excluded = zip(excluded, answers).map { $0.union($1).sorted() }
    }

    /// The task of a data set's split: its queries among the whole corpus, or the anchors of its tuples among all
    /// positives of the split. What another split says answers a query is no negative of it either.
    ///
    /// - Parameter path: what messages shall name.
    public init(_ kind: DataSetKind, split: String = "train", path: String) throws(CorporaError) {
        let tuples = try kind.trainingTuples(split: split, path: path)
        guard !tuples.isEmpty else { throw .empty(path: path, expected: "pairs in \"\(split)\"") }
        var known: [(anchor: String, document: String)] = []
        for other in kind.splits where other != split {
            for tuple in try kind.trainingTuples(split: other, path: path) {
                known.append((tuple.anchor, tuple.positive))
            }
        }
        guard case .retrieval(let dataSet) = kind else {
            self.init(tuples: tuples, known: known)
            return
        }
        self.init(tuples: tuples, corpus: dataSet.corpus.map(\.embeddedText), known: known)
    }

    /// The query that an anchor belongs to; nil for one that no tuple has.
    public func query(of anchor: String) -> Int? { queryNumbers[normalized(anchor)] }

    /// Distinct documents by their normalised text.
    private struct Table {
        var texts: [String] = []
        var origins: [Int?] = []
        var numbers: [String: Int] = [:]

        mutating func add(_ text: String, origin: Int?) {
            let key = normalized(text)
            guard !key.isEmpty, numbers[key] == nil else { return }
            numbers[key] = texts.count
            texts.append(text)
            origins.append(origin)
        }

        func number(of text: String) -> Int? { numbers[normalized(text)] }
    }
}
