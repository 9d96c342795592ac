internal import Files

extension DataSet {
    /// Opens a data set, whatever it holds.
    ///
    /// - A folder with `corpus.jsonl` is a retrieval set in the BEIR layout. `queries.jsonl` and `qrels` may be absent:
    ///   that is a corpus to be indexed. Judgements may be in BEIR's or TREC's form; see ``Judgements``.
    /// - A folder without one holds a file for each split, `SPLIT.jsonl`, `SPLIT.csv` or `SPLIT.tsv`, all of one kind.
    ///   The columns' names say which; see ``RecordShape``. `validation`, `valid` and `val` are read as `dev`.
    /// - A single file of that form is a split: the one that its name says, else `train`.
    public static func open(_ path: String) throws(CorporaError) -> DataSetKind {
        guard FileSystem.exists(path) else {
            throw .file(.cannotOpen(path: path, reason: "there is no such file or folder"))
        }
        guard FileSystem.isDirectory(path) else {
            guard let split = SplitName.ofFile(path) else {
                throw .notADataSet(path: path, reason: "a folder, or a .jsonl, .csv or .tsv file expected")
            }
            let known = [SplitName.train, SplitName.dev, SplitName.test]
            return try openRecords([(known.contains(split) ? split : SplitName.train, path)])
        }
        if FileSystem.exists(FileSystem.joined(path, Layout.corpus)) { return .retrieval(try openRetrieval(path)) }
        return try openRecords(try splitFiles(in: path))
    }

    /// The names of the BEIR layout.
    enum Layout {
        static let corpus = "corpus.jsonl"
        static let queries = "queries.jsonl"
        static let judgements = "qrels"
    }

    // MARK: BEIR

    private static func openRetrieval(_ path: String) throws(CorporaError) -> DataSet {
        let corpus: [Passage] = try readUnique(FileSystem.joined(path, Layout.corpus), expected: "documents", id: \.id)
        let queriesPath = FileSystem.joined(path, Layout.queries)
        let queries: [Query] =
            FileSystem.exists(queriesPath) ? try readUnique(queriesPath, expected: "queries", id: \.id) : []
        let known = Judgements.Known(queries: Set(queries.lazy.map(\.id)), documents: Set(corpus.lazy.map(\.id)))
        var judgements: [String: Relevance] = [:]
        for (split, file) in try judgementFiles(in: path) {
            let relevance = try Judgements.read(file, checking: known)
            guard !relevance.isEmpty else { throw .empty(path: file, expected: "judgements") }
            judgements[split] = relevance
        }
        return DataSet(path: path, corpus: corpus, queries: queries, judgements: judgements)
    }

    private static func readUnique<T: Decodable>(
        _ path: String, expected: String, id: KeyPath<T, String>
    ) throws(CorporaError) -> [T] {
        let numbered = try fromFiles { () throws(FilesError) in try decodeNumberedJSONLines(T.self, path: path) }
        var lines: [String: Int] = [:]
        lines.reserveCapacity(numbered.count)
        var entries: [T] = []
        entries.reserveCapacity(numbered.count)
        for (line, entry) in numbered {
            let identifier = entry[keyPath: id]
            if let firstLine = lines.updateValue(line, forKey: identifier) {
                throw .duplicateIdentifier(path: path, line: line, identifier: identifier, firstLine: firstLine)
            }
            entries.append(entry)
        }
        guard !entries.isEmpty else { throw .empty(path: path, expected: expected) }
        return entries
    }

    static func judgementFiles(in path: String) throws(CorporaError) -> [(split: String, path: String)] {
        let folder = FileSystem.joined(path, Layout.judgements)
        guard FileSystem.isDirectory(folder) else { return [] }
        let names = try fromFiles { () throws(FilesError) in try FileSystem.list(folder, recursively: false) }
        return names.filter { $0.hasSuffix(".tsv") }.map { (String($0.dropLast(4)), FileSystem.joined(folder, $0)) }
    }

    // MARK: A file for each split

    static func splitFiles(in path: String) throws(CorporaError) -> [(split: String, path: String)] {
        let names = try fromFiles { () throws(FilesError) in try FileSystem.list(path, recursively: false) }
        var files: [(split: String, path: String)] = []
        for name in names {
            guard let split = SplitName.ofFile(name) else { continue }
            if let other = files.first(where: { $0.split == split }) {
                throw .notADataSet(
                    path: path, reason: "\(FileSystem.name(of: other.path)) and \(name) are the same split")
            }
            files.append((split, FileSystem.joined(path, name)))
        }
        guard !files.isEmpty else {
            let reason = "it holds neither \(Layout.corpus) nor SPLIT.jsonl, SPLIT.csv or SPLIT.tsv"
            throw .notADataSet(path: path, reason: reason)
        }
        return files
    }

    private static func openRecords(_ files: [(split: String, path: String)]) throws(CorporaError) -> DataSetKind {
        var result: DataSetKind?
        for (split, path) in files {
            let rows = try RecordFile(path: path).rows(split: split)
            switch (result, rows) {
            case (nil, _): result = rows
            case (.tuples(let old)?, .tuples(let new)): result = .tuples(old.merging(new) { $1 })
            case (.scoredPairs(let old)?, .scoredPairs(let new)): result = .scoredPairs(old.merging(new) { $1 })
            case (.classifiedPairs(let old)?, .classifiedPairs(let new)):
                result = .classifiedPairs(old.merging(new) { $1 })
            case (.labelledTexts(let old)?, .labelledTexts(let new)): result = .labelledTexts(old.merging(new) { $1 })
            case (.taughtTexts(let old)?, .taughtTexts(let new)): result = .taughtTexts(old.merging(new) { $1 })
            case (let old?, _):
                throw .malformed(
                    path: path, line: nil,
                    reason: "its columns are those of \(rows.words), but \(files[0].path) holds \(old.words)")
            }
        }
        guard let result else { throw .notADataSet(path: "", reason: "no files") }
        return result
    }
}

extension DataSetKind {
    /// What the data set holds, for messages.
    var words: String {
        switch self {
        case .retrieval: "passages, queries and judgements"
        case .tuples: "anchors and positives"
        case .scoredPairs: "scored pairs"
        case .classifiedPairs: "pairs with classes"
        case .labelledTexts: "labelled texts"
        case .taughtTexts: "texts with vectors"
        }
    }
}

extension SplitName {
    /// The split that a data file's name says; nil for other files.
    static func ofFile(_ path: String) -> String? {
        guard RecordFile.extensions.contains(FileSystem.fileExtension(of: path)) else { return nil }
        let name = FileSystem.name(of: path)
        let stem = String(name[..<(name.lastIndex(of: ".") ?? name.endIndex)])
        return ["validation", "valid", "val"].contains(stem) ? dev : stem
    }
}
