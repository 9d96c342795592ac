/// A retrieval data set: passages, queries, and which passages answer which queries, by split.
///
/// On disk it is a folder in the BEIR layout: `corpus.jsonl`, `queries.jsonl`, `qrels/SPLIT.tsv`.
public struct DataSet: Equatable, Sendable {
    /// Where it was read from; empty for one that was made in memory.
    public var path: String

    public var corpus: [Passage]
    public var queries: [Query]

    /// The judgements of each split.
    public var judgements: [String: Relevance]

    public init(path: String = "", corpus: [Passage], queries: [Query], judgements: [String: Relevance]) {
        self.path = path
        self.corpus = corpus
        self.queries = queries
        self.judgements = judgements
    }

    /// The names of the splits: train, dev and test first, the others by name.
    public var splits: [String] { SplitName.ordered(judgements.keys) }

    /// The judgements of a split. Only queries that have any are to be evaluated.
    public func relevance(split: String) throws(CorporaError) -> Relevance {
        guard let relevance = judgements[split] else {
            throw .noSuchSplit(path: path, split: split, available: splits)
        }
        return relevance
    }

    /// A row for every query of the split and every passage that answers it, in the order of the queries and the
    /// corpus.
    ///
    /// A query's passages of grade 0, judged and found not to answer it, are the negatives of each of its rows.
    public func trainingTuples(split: String) throws(CorporaError) -> [TrainingTuple] {
        let relevance = try relevance(split: split)
        var position: [String: Int] = [:]
        position.reserveCapacity(corpus.count)
        for (index, passage) in corpus.enumerated() { position[passage.id] = index }
        var tuples: [TrainingTuple] = []
        for query in queries {
            guard let judged = relevance[query.id] else { continue }
            var positives: [Int] = []
            var negatives: [Int] = []
            for (document, grade) in judged {
                guard let index = position[document] else { continue }
                if grade > 0 { positives.append(index) } else { negatives.append(index) }
            }
            let texts = negatives.sorted().map { corpus[$0].embeddedText }
            for index in positives.sorted() {
                tuples.append(
                    TrainingTuple(
                        anchor: query.text, positive: corpus[index].embeddedText, negatives: texts, anchorID: query.id,
                        positiveID: corpus[index].id))
            }
        }
        return tuples
    }
}

/// How splits are named and listed.
enum SplitName {
    static let train = "train"
    static let dev = "dev"
    static let test = "test"

    static func ordered(_ names: some Sequence<String>) -> [String] {
        let known = [train: 0, dev: 1, test: 2]
        return names.sorted { (known[$0] ?? 3, $0) < (known[$1] ?? 3, $1) }
    }
}
