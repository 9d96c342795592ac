internal import Files

/// Makes a retrieval data set of files of training data.
///
/// JSON Lines, CSV and TSV with the columns of sentence-transformers, FlagEmbedding or Tevatron; see ``RecordShape``. A
/// file named for a split (`train.jsonl`) is that split, any other is `train`. Equal texts become one document, equal
/// anchors one query; negatives become documents that are judged, with grade 0. Files of nothing but texts become a
/// corpus without queries, of texts with labels a corpus with the labels as metadata.
public struct DataSetImporter {
    /// What was imported, in numbers.
    public struct Statistics: Equatable, Sendable {
        public var files = 0
        public var rows = 0
        public var documents = 0
        public var queries = 0
        /// Relevant documents over all queries and splits.
        public var positives = 0
        /// Documents judged not relevant over all queries and splits.
        public var negatives = 0
        /// Texts that were documents already.
        public var repeatedDocuments = 0
        /// Rows without a positive, or with an empty text where one is needed.
        public var skippedRows = 0
        /// Negatives that another row says are relevant to the same query; relevant they stay.
        public var contradictions = 0
    }

    public private(set) var statistics = Statistics()

    private var corpus: [Passage] = []
    private var queries: [Query] = []
    private var judgements: [String: Relevance] = [:]
    /// What is known by its text; a document's text is title and text together.
    private var documentIDs: [String: String] = [:]
    private var queryIDs: [String: String] = [:]
    private var takenDocumentIDs: Set<String> = []
    private var takenQueryIDs: Set<String> = []

    private init() {}

    /// Reads files into one data set.
    public static func read(_ paths: [String]) throws(CorporaError) -> (dataSet: DataSet, statistics: Statistics) {
        var importer = DataSetImporter()
        for path in paths { try importer.add(path) }
        guard !importer.corpus.isEmpty else { throw .empty(path: paths.joined(separator: ", "), expected: "documents") }
        let dataSet = DataSet(corpus: importer.corpus, queries: importer.queries, judgements: importer.judgements)
        importer.count()
        return (dataSet, importer.statistics)
    }

    private mutating func count() {
        statistics.documents = corpus.count
        statistics.queries = queries.count
        for grade in judgements.values.lazy.flatMap(\.values).flatMap(\.values) {
            if grade > 0 { statistics.positives += 1 } else { statistics.negatives += 1 }
        }
    }

    private mutating func add(_ path: String) throws(CorporaError) {
        let file = try RecordFile(path: path)
        let name = SplitName.ofFile(path) ?? SplitName.train
        let split = [SplitName.train, SplitName.dev, SplitName.test].contains(name) ? name : SplitName.train
        statistics.files += 1
        switch file.shape {
        case .tuples: for example in try file.examples() { try add(example, split: split, path: path) }
        case .texts, .taughtTexts: for text in try file.texts() { add(text) }
        case .labelledTexts:
            for text in try file.labelledTexts() {
                add(RecordFile.Candidate(text: text.text), metadata: ["label": .string(text.label)])
            }
        case .scoredPairs:
            let reason = "scored pairs have no place in a retrieval data set: use the file as it is"
            throw .notADataSet(path: path, reason: reason)
        }
    }

    private mutating func add(_ text: RecordFile.Candidate, metadata: [String: JSONValue] = [:]) {
        statistics.rows += 1
        if text.isBlank { statistics.skippedRows += 1 } else { _ = document(text, metadata: metadata) }
    }

    private mutating func add(_ example: RecordFile.Example, split: String, path: String) throws(CorporaError) {
        statistics.rows += 1
        let positives = example.positives.filter { !$0.isBlank }
        guard !example.anchor.trimmingWhitespace().isEmpty, !positives.isEmpty else {
            statistics.skippedRows += 1
            return
        }
        let query = query(example)
        for positive in positives {
            let document = document(positive)
            if judgements[split]?[query]?[document] == 0 { statistics.contradictions += 1 }
            judgements[split, default: [:]][query, default: [:]][document] = 1
        }
        for negative in example.negatives where !negative.isBlank {
            let document = document(negative)
            if judgements[split]?[query]?[document] == 1 {
                statistics.contradictions += 1
            } else {
                judgements[split, default: [:]][query, default: [:]][document] = 0
            }
        }
    }

    private mutating func document(
        _ candidate: RecordFile.Candidate, metadata: [String: JSONValue] = [:]
    ) -> String {
        let text = candidate.embeddedText.trimmingWhitespace()
        if let known = documentIDs[text] {
            statistics.repeatedDocuments += 1
            return known
        }
        let id = DataSetImporter.free(candidate.id, prefix: "d", number: corpus.count + 1, among: &takenDocumentIDs)
        documentIDs[text] = id
        corpus.append(Passage(id: id, title: candidate.title, text: candidate.text, metadata: metadata))
        return id
    }

    private mutating func query(_ example: RecordFile.Example) -> String {
        if let known = queryIDs[example.anchor] { return known }
        let id = DataSetImporter.free(example.anchorID, prefix: "q", number: queries.count + 1, among: &takenQueryIDs)
        queryIDs[example.anchor] = id
        queries.append(Query(id: id, text: example.anchor))
        return id
    }

    /// The file's own identifier where it can be one and is not taken, else a new one.
    private static func free(_ own: String?, prefix: String, number: Int, among taken: inout Set<String>) -> String {
        if let own, !own.isEmpty, !own.unicodeScalars.contains(where: \.properties.isWhitespace),
            taken.insert(own).inserted
        {
            return own
        }
        var id = "\(prefix)\(number)"
        while !taken.insert(id).inserted { id += "+" }
        return id
    }
}
