internal import Files

/// Writes data sets; a folder appears complete under its name or not at all.
///
/// The same data give the same bytes.
public enum DataSetWriter {
    /// Writes a retrieval set in the BEIR layout.
    ///
    /// Lines of `corpus.jsonl` have BEIR's `_id`, `title` and `text` and, where a passage has them, `source`, `start`,
    /// `end` and `metadata`. A set without queries gets no `queries.jsonl`, a split without judgements no file.
    ///
    /// - Parameter force: Whether what stands at the path may be replaced.
    public static func write(_ dataSet: DataSet, to path: String, force: Bool = false) throws(CorporaError) {
        let folder = try fromFiles { () throws(FilesError) in try AtomicFolder(replacing: path, force: force) }
        defer { folder.discard() }
        for identifier in [dataSet.corpus.map(\.id), dataSet.queries.map(\.id)].joined() {
            try check(identifier, path: path)
        }
        let corpus = FileSystem.joined(folder.temporaryPath, DataSet.Layout.corpus)
        try writeLines(dataSet.corpus.lazy.map(\.json), to: corpus)
        if !dataSet.queries.isEmpty {
            let queries = FileSystem.joined(folder.temporaryPath, DataSet.Layout.queries)
            try writeLines(dataSet.queries.lazy.map(\.json), to: queries)
        }
        let qrels = FileSystem.joined(folder.temporaryPath, DataSet.Layout.judgements)
        for split in dataSet.splits {
            guard let relevance = dataSet.judgements[split], !relevance.isEmpty else { continue }
            try fromFiles { () throws(FilesError) in try FileSystem.makeDirectory(qrels) }
            try Judgements.write(relevance, to: FileSystem.joined(qrels, "\(split).tsv"))
        }
        try fromFiles { () throws(FilesError) in try folder.commit() }
    }

    /// Writes a data set of any kind: a retrieval set in the BEIR layout, rows as `SPLIT.jsonl`.
    public static func write(_ kind: DataSetKind, to path: String, force: Bool = false) throws(CorporaError) {
        switch kind {
        case .retrieval(let dataSet): try write(dataSet, to: path, force: force)
        case .tuples(let splits): try writeSplits(splits.mapValues { $0.map(\.json) }, to: path, force: force)
        case .scoredPairs(let splits): try writeSplits(splits.mapValues { $0.map(\.json) }, to: path, force: force)
        case .classifiedPairs(let splits): try writeSplits(splits.mapValues { $0.map(\.json) }, to: path, force: force)
        case .labelledTexts(let splits): try writeSplits(splits.mapValues { $0.map(\.json) }, to: path, force: force)
        case .taughtTexts(let splits): try writeSplits(splits.mapValues { $0.map(\.json) }, to: path, force: force)
        }
    }

    private static func writeSplits(
        _ splits: [String: [JSONValue]], to path: String, force: Bool
    ) throws(CorporaError) {
        let folder = try fromFiles { () throws(FilesError) in try AtomicFolder(replacing: path, force: force) }
        defer { folder.discard() }
        for split in SplitName.ordered(splits.keys) {
            guard let rows = splits[split], !rows.isEmpty else { continue }
            try writeLines(rows, to: FileSystem.joined(folder.temporaryPath, "\(split).jsonl"))
        }
        try fromFiles { () throws(FilesError) in try folder.commit() }
    }

    private static func writeLines(_ values: some Sequence<JSONValue>, to path: String) throws(CorporaError) {
        let file = try fromFiles { () throws(FilesError) in try AtomicFile(replacing: path) }
        for value in values {
            try fromFiles { () throws(FilesError) in try file.write(value.serialized() + "\n") }
        }
        try fromFiles { () throws(FilesError) in try file.commit() }
    }

    /// An identifier must be a field of a tab-separated line.
    private static func check(_ identifier: String, path: String) throws(CorporaError) {
        guard !identifier.isEmpty, !identifier.utf8.contains(where: { $0 == 0x09 || $0 == 0x0A || $0 == 0x0D }) else {
            let reason =
                "the identifier \"\(identifier)\" cannot stand in judgements: no tabs or line ends, and not empty"
            throw .malformed(path: path, line: nil, reason: reason)
        }
    }
}

extension Passage {
    var json: JSONValue {
        var fields: [String: JSONValue] = ["_id": .string(id), "title": .string(title), "text": .string(text)]
        if let source { fields["source"] = .string(source) }
        if let byteRange {
            fields["start"] = .integer(Int64(byteRange.lowerBound))
            fields["end"] = .integer(Int64(byteRange.upperBound))
        }
        if !metadata.isEmpty { fields["metadata"] = .object(metadata) }
        return .object(fields)
    }
}

extension Query {
    var json: JSONValue {
        var fields: [String: JSONValue] = ["_id": .string(id), "text": .string(text)]
        if !metadata.isEmpty { fields["metadata"] = .object(metadata) }
        return .object(fields)
    }
}

extension TrainingTuple {
    var json: JSONValue {
        var fields: [String: JSONValue] = ["anchor": .string(anchor), "positive": .string(positive)]
        if !negatives.isEmpty { fields["negatives"] = .array(negatives.map { .string($0) }) }
        if !scores.isEmpty { fields["scores"] = .array(scores.map { .number($0) }) }
        return .object(fields)
    }
}

extension ScoredPair {
    var json: JSONValue { ["sentence1": .string(first), "sentence2": .string(second), "score": .number(score)] }
}

extension ClassifiedPair {
    var json: JSONValue { ["sentence1": .string(first), "sentence2": .string(second), "label": .string(label)] }
}

extension TaughtText {
    var json: JSONValue { ["text": .string(text), "vector": .array(vector.map { .number(Double($0)) })] }
}

extension LabelledText {
    var json: JSONValue { ["text": .string(text), "label": .string(label)] }
}
