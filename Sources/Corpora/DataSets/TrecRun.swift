internal import Files

/// What a system found for each query, in the form of TREC: `query Q0 document rank score tag`.
public struct TrecRun: Equatable, Sendable {
    /// A document and how well it answers the query.
    public struct Entry: Equatable, Sendable {
        public var document: String
        public var score: Double

        public init(document: String, score: Double) {
            self.document = document
            self.score = score
        }
    }

    /// Query id to documents, best first; equal scores by document id, descending, as in trec_eval.
    public private(set) var rankings: [String: [Entry]]

    /// The name of the system.
    public var tag: String

    /// Sorts the entries of each query by their scores.
    public init(rankings: [String: [Entry]], tag: String = "attune") {
        self.rankings = rankings.mapValues { $0.sorted(by: TrecRun.precedes) }
        self.tag = tag
    }

    private static func precedes(_ first: Entry, _ second: Entry) -> Bool {
        first.score != second.score ? first.score > second.score : first.document > second.document
    }

    /// Reads a run. Fields are separated by white space; the rank is not looked at, the scores decide.
    public static func read(_ path: String) throws(CorporaError) -> TrecRun {
        var rankings: [String: [Entry]] = [:]
        var seen: [String: Set<String>] = [:]
        var tag: String?
        let lines = try fromFiles { () throws(FilesError) in try LineReader(path: path, carriageReturn: .stripped) }
        for line in lines where !line.isEmpty {
            let text = try fromFiles { () throws(FilesError) in try line.text() }
            let fields = text.utf8.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
                .map { String(decoding: $0, as: UTF8.self) }
            guard fields.count == 6 else {
                let reason = "\"query Q0 document rank score tag\" expected, \(fields.count) fields found"
                throw .malformed(path: path, line: line.number, reason: reason)
            }
            guard let score = Double(fields[4]), score.isFinite else {
                throw .malformed(path: path, line: line.number, reason: "the score \"\(fields[4])\" is not a number")
            }
            let (query, document) = (fields[0], fields[2])
            guard seen[query, default: []].insert(document).inserted else {
                let reason = "document \"\(document)\" stands twice in the results of query \"\(query)\""
                throw .malformed(path: path, line: line.number, reason: reason)
            }
            rankings[query, default: []].append(Entry(document: document, score: score))
            tag = tag ?? fields[5]
        }
        guard let tag else { throw .empty(path: path, expected: "results") }
        return TrecRun(rankings: rankings, tag: tag)
    }

    /// Writes the run, queries sorted by id, ranks from 1, scores with as many digits as it takes to read the same
    /// number back.
    public func write(to path: String, force: Bool = true) throws(CorporaError) {
        try check(tag, "tag", path: path)
        var text = ""
        for (query, entries) in rankings.sorted(by: { $0.key < $1.key }) {
            try check(query, "query", path: path)
            for (rank, entry) in entries.enumerated() {
                try check(entry.document, "document", path: path)
                guard entry.score.isFinite else {
                    let reason = "the score of \"\(entry.document)\" for query \"\(query)\" is \(entry.score)"
                    throw .malformed(path: path, line: nil, reason: reason)
                }
                text += "\(query) Q0 \(entry.document) \(rank + 1) \(entry.score) \(tag)\n"
            }
        }
        try fromFiles { () throws(FilesError) in try writeFile(text, to: path, force: force) }
    }

    private func check(_ name: String, _ kind: String, path: String) throws(CorporaError) {
        guard !name.isEmpty, !name.unicodeScalars.contains(where: \.properties.isWhitespace) else {
            let reason = "the \(kind) \"\(name)\" cannot stand in a run file: no white space, and not empty"
            throw .malformed(path: path, line: nil, reason: reason)
        }
    }
}
