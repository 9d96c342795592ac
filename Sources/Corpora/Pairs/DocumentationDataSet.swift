/// How a data set is made from documentation.
public struct DocumentationOptions: Equatable, Sendable {
    public var passages = PassageOptions()

    /// The shares of the pages, not of the queries, that are held out.
    public var fractions = SplitFractions()

    /// Decides which pages are held out, and how questions are worded.
    public var seed: UInt64 = 0

    public var kinds = Set(PairKind.allCases)

    /// A heading that stands on this many pages says nothing without its page's title.
    public var commonHeading = 3

    /// A text of fewer words answers nothing: no queries are made for it.
    public var shortestAnswer = 8

    /// How many passages a query of the training split has at most. Evaluation splits name all of them: what is left
    /// out there would count as not relevant.
    public var positivesPerTrainingQuery = 8

    public init() {}

    func validate() throws(CorporaError) {
        try passages.validate()
        try fractions.validate()
        guard positivesPerTrainingQuery > 0 else {
            throw .invalidOption(
                name: "positives per training query", found: "\(positivesPerTrainingQuery)", expected: "at least 1")
        }
    }
}

/// What was made from a documentation tree, in numbers.
public struct DocumentationStatistics: Equatable, Sendable {
    public var pages = 0
    /// Documents that were no text, or had none.
    public var emptyPages = 0
    public var passages = 0
    /// Passages whose text another passage has already; queries for them lead to that one.
    public var duplicatePassages = 0
    /// Stretches that were left out because they are lists of links.
    public var navigationLists = 0
    /// Words of all passages.
    public var words = 0
    public var pagesBySplit: [String: Int] = [:]
    /// Queries by split and kind.
    public var queries: [String: [PairKind: Int]] = [:]
    /// Queries left out because another split, or another kind of the same split, has the same text.
    public var repeatedQueries = 0
}

/// A data set made from a documentation tree: passages with their places in the source, queries of several kinds, and
/// splits by page.
///
/// `test` and `dev` hold the queries that are headings; the other kinds have splits of their own, `test-questions` and
/// so on, so that both can be looked at. `train` holds all kinds. Passages do not carry their
/// headings in the data: see ``Passage/title``; an index of them does: see ``Passage/inContext``.
///
/// The same documents, options and seed give the same data.
public struct DocumentationDataSet: Equatable, Sendable {
    public let dataSet: DataSet
    public let statistics: DocumentationStatistics

    /// Reads a tree and makes its data set. Documents that cannot be read are an error; those without text are skipped.
    public static func build(
        from root: String, options: DocumentationOptions = DocumentationOptions()
    ) throws(CorporaError) -> DocumentationDataSet {
        try options.validate()
        let reader = DocumentationReader(root: root, options: options.passages)
        var pages: [DocumentationPage] = []
        var emptyPages = 0
        for document in try reader.documents() {
            if let page = try reader.read(document) { pages.append(page) } else { emptyPages += 1 }
        }
        return try build(from: pages, emptyPages: emptyPages, root: root, options: options)
    }

    /// Makes the data set of pages that were read already.
    ///
    /// - Parameters:
    ///   - pages: In any order; the data are in the order of their paths.
    ///   - root: What messages shall name.
    public static func build(
        from pages: [DocumentationPage], emptyPages: Int = 0, root: String,
        options: DocumentationOptions = DocumentationOptions()
    ) throws(CorporaError) -> DocumentationDataSet {
        try options.validate()
        let pages = pages.sorted { $0.path.utf8.lexicographicallyPrecedes($1.path.utf8) }
        var statistics = DocumentationStatistics()
        statistics.pages = pages.count
        statistics.emptyPages = emptyPages + pages.count { $0.passages.isEmpty }
        statistics.navigationLists = pages.reduce(0) { $0 + $1.navigationCount }
        statistics.words = pages.reduce(0) {
            $0 + $1.sections.reduce(0) { $0 + $1.entries.reduce(0) { $0 + $1.words } }
        }

        let (corpus, identifiers) = DocumentationDataSet.corpus(of: pages)
        guard !corpus.isEmpty else { throw .empty(path: root, expected: "documents with text") }
        statistics.passages = corpus.count
        statistics.duplicatePassages = pages.reduce(0) { $0 + $1.passages.count } - corpus.count

        let hash = StableHash(seed: options.seed)
        let splits = pages.map { options.fractions.split(of: hash.fraction(of: $0.path)) }
        for split in splits { statistics.pagesBySplit[split, default: 0] += 1 }
        let candidates = PairMaker(pages, splits: splits, options: options, hash: hash).candidates()
        var collector = PairCollector(pages, splits: splits, identifiers: identifiers, options: options)
        collector.collect(candidates)
        statistics.queries = collector.counts
        statistics.repeatedQueries = candidates.count - collector.queries.count - collector.mergedCount
        let dataSet = DataSet(corpus: corpus, queries: collector.queries, judgements: collector.judgements)
        return DocumentationDataSet(dataSet: dataSet, statistics: statistics)
    }

    /// Writes the data set as a folder in the BEIR layout.
    public func write(to path: String, force: Bool = false) throws(CorporaError) {
        try DataSetWriter.write(dataSet, to: path, force: force)
    }

    /// The passages with different texts, and for each passage of each page the id under which it stands in the corpus.
    private static func corpus(of pages: [DocumentationPage]) -> ([Passage], identifiers: [[String]]) {
        var corpus: [Passage] = []
        var known: [String: String] = [:]
        let identifiers = pages.map { page in
            page.passages.map { passage in
                if let other = known[passage.text] { return other }
                known[passage.text] = passage.id
                corpus.append(passage)
                return passage.id
            }
        }
        return (corpus, identifiers)
    }
}
