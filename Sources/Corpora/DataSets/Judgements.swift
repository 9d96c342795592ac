internal import Files

/// Reads and writes judgements: which documents answer which queries.
public enum Judgements {
    /// Reads a file of judgements in BEIR's form (`query-id`, `corpus-id` and `score`, separated by tabs) or TREC's
    /// (`query 0 document grade`, separated by white space).
    ///
    /// The first line is a header where its last column is not a whole number, so that files without BEIR's header are
    /// read completely. Empty lines are skipped. A negative grade is read as 0. A judgement may be repeated, but not
    /// contradicted.
    public static func read(_ path: String) throws(CorporaError) -> Relevance {
        try read(path, checking: nil)
    }

    /// The identifiers that judgements may name.
    struct Known {
        let queries: Set<String>
        let documents: Set<String>
    }

    static func read(_ path: String, checking known: Known?) throws(CorporaError) -> Relevance {
        var relevance: Relevance = [:]
        var isFirst = true
        let lines = try fromFiles { () throws(FilesError) in try LineReader(path: path, carriageReturn: .stripped) }
        for line in lines where !line.isEmpty {
            let text = try fromFiles { () throws(FilesError) in try line.text() }
            let fields = fields(of: text)
            guard let (query, document, grade) = judgement(fields) else {
                guard isFirst else {
                    let reason = "a judgement expected (query, document and a whole number), \"\(text)\" found"
                    throw .malformed(path: path, line: line.number, reason: reason)
                }
                isFirst = false
                continue
            }
            isFirst = false
            if let known {
                guard known.queries.contains(query) else {
                    throw .unknownQuery(path: path, line: line.number, identifier: query)
                }
                guard known.documents.contains(document) else {
                    throw .unknownDocument(path: path, line: line.number, identifier: document)
                }
            }
            if let earlier = relevance[query]?[document], earlier != max(grade, 0) {
                let reason =
                    "query \"\(query)\" and document \"\(document)\" were judged \(earlier) before, now \(grade)"
                throw .malformed(path: path, line: line.number, reason: reason)
            }
            relevance[query, default: [:]][document] = max(grade, 0)
        }
        return relevance
    }

    /// Writes judgements in BEIR's form, sorted by query and document.
    public static func write(_ relevance: Relevance, to path: String, force: Bool = true) throws(CorporaError) {
        var text = "query-id\tcorpus-id\tscore\n"
        for (query, documents) in relevance.sorted(by: { $0.key < $1.key }) {
            for (document, grade) in documents.sorted(by: { $0.key < $1.key }) {
                text += "\(query)\t\(document)\t\(grade)\n"
            }
        }
        try fromFiles { () throws(FilesError) in try writeFile(text, to: path, force: force) }
    }

    /// The fields of a line, by bytes: a character of several code points never hides a separator.
    ///
    /// Three fields between tabs are BEIR's form, whose identifiers may hold spaces, unless the last is no number.
    private static func fields(of line: String) -> [String] {
        let byTab = line.utf8.split(separator: UInt8(ascii: "\t"), omittingEmptySubsequences: false).map(string)
        if byTab.count == 3, Int(byTab[2]) != nil { return byTab }
        return line.utf8.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }.map(string)
    }

    private static func string(_ bytes: Substring.UTF8View) -> String { String(decoding: bytes, as: UTF8.self) }

    private static func judgement(_ fields: [String]) -> (query: String, document: String, grade: Int)? {
        switch fields.count {
        case 3: Int(fields[2]).map { (fields[0], fields[1], $0) }
        case 4: Int(fields[3]).map { (fields[0], fields[2], $0) }
        default: nil
        }
    }
}
