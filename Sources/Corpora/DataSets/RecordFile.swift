internal import Files

/// A file of training data: JSON Lines, CSV or TSV whose columns have names.
struct RecordFile {
    /// One row. `line` counts from 1.
    struct Record {
        let line: Int
        fileprivate let values: [String: JSONValue]

        subscript(column: String) -> JSONValue? { values[column] }
    }

    /// A text that belongs, or does not belong, to an anchor.
    struct Candidate: Equatable {
        var id: String?
        var title = ""
        var text: String

        /// Title and text as BEIR joins them; a text without a title as it stands.
        var embeddedText: String { title.isEmpty ? text : Passage(id: "", title: title, text: text).embeddedText }

        var isBlank: Bool { embeddedText.trimmingWhitespace().isEmpty }
    }

    /// An anchor and its candidates.
    struct Example {
        var line: Int
        var anchorID: String?
        var anchor: String
        var positives: [Candidate]
        var negatives: [Candidate]
    }

    static let extensions: Set<String> = ["jsonl", "csv", "tsv"]

    let path: String
    let shape: RecordShape
    private let records: [Record]

    init(path: String) throws(CorporaError) {
        self.path = path
        let columns: [String]
        switch FileSystem.fileExtension(of: path) {
        case "jsonl":
            records = try RecordFile.jsonLines(path)
            // Any row may lack an optional key: the columns are those of all rows.
            columns = Set(records.flatMap(\.values.keys)).sorted()
        case "csv":
            let table = try fromFiles { () throws(FilesError) in try readCSV(path) }
            (columns, records) = (table.header, try RecordFile.records(of: table, path: path))
        case "tsv":
            let table = try fromFiles { () throws(FilesError) in try readTSV(path) }
            (columns, records) = (table.header, try RecordFile.records(of: table, path: path))
        default: throw .notADataSet(path: path, reason: "a .jsonl, .csv or .tsv file expected")
        }
        guard !records.isEmpty else { throw .empty(path: path, expected: "rows") }
        guard let shape = RecordShape(columns: columns) else {
            throw .unknownColumns(path: path, found: columns, accepted: RecordShape.accepted)
        }
        self.shape = shape
    }

    private static func jsonLines(_ path: String) throws(CorporaError) -> [Record] {
        let rows = try fromFiles { () throws(FilesError) in try decodeNumberedJSONLines(JSONValue.self, path: path) }
        var records: [Record] = []
        records.reserveCapacity(rows.count)
        for (line, value) in rows {
            guard let values = value.objectValue else {
                throw .malformed(path: path, line: line, reason: "an object expected, \(value.kind) found")
            }
            records.append(Record(line: line, values: values))
        }
        return records
    }

    private static func records(of table: DelimitedTable, path: String) throws(CorporaError) -> [Record] {
        for (index, name) in table.header.enumerated() where table.header[..<index].contains(name) {
            throw .malformed(path: path, line: 1, reason: "two columns are called \"\(name)\"")
        }
        return table.rows.map { row in
            let pairs = zip(table.header, row.fields.lazy.map { JSONValue.string($0) })
            return Record(line: row.line, values: Dictionary(uniqueKeysWithValues: pairs))
        }
    }

    // MARK: Rows

    /// All rows as a data set of one split.
    func rows(split: String) throws(CorporaError) -> DataSetKind {
        switch shape {
        case .tuples: return .tuples([split: try tuples()])
        case .scoredPairs(let first, let second, let score):
            var pairs: [ScoredPair] = []
            for record in records {
                let (first, second) = (try text(first, in: record), try text(second, in: record))
                pairs.append(ScoredPair(first: first, second: second, score: try number(score, in: record)))
            }
            return .scoredPairs([split: pairs])
        case .labelledTexts: return .labelledTexts([split: try labelledTexts()])
        case .texts(let text):
            throw .unknownColumns(path: path, found: [text], accepted: Array(RecordShape.accepted.dropLast()))
        }
    }

    private func tuples() throws(CorporaError) -> [TrainingTuple] {
        var tuples: [TrainingTuple] = []
        for example in try examples() {
            let negatives = example.negatives.map(\.embeddedText)
            for positive in example.positives {
                tuples.append(
                    TrainingTuple(anchor: example.anchor, positive: positive.embeddedText, negatives: negatives))
            }
        }
        guard !tuples.isEmpty else { throw .empty(path: path, expected: "positives") }
        return tuples
    }

    func labelledTexts() throws(CorporaError) -> [LabelledText] {
        guard case .labelledTexts(let textColumn, let labelColumn) = shape else { return [] }
        var texts: [LabelledText] = []
        for record in records {
            let text = try text(textColumn, in: record)
            texts.append(LabelledText(text: text, label: try name(labelColumn, in: record)))
        }
        return texts
    }

    /// The rows of a file of nothing but texts.
    func texts() throws(CorporaError) -> [Candidate] {
        guard case .texts(let column) = shape else { return [] }
        var texts: [Candidate] = []
        for record in records {
            let id = record["_id"] ?? record["id"] ?? record["docid"]
            let title = record["title"]?.stringValue ?? ""
            texts.append(
                Candidate(id: id.flatMap(RecordFile.identifier), title: title, text: try text(column, in: record)))
        }
        return texts
    }

    /// The rows of a file of anchors with their positives and negatives.
    func examples() throws(CorporaError) -> [Example] {
        guard case .tuples(let anchor, let positive, let negatives) = shape else { return [] }
        var examples: [Example] = []
        for record in records {
            var candidates: [Candidate] = []
            for column in negatives where record[column] != nil {
                candidates += try self.candidates(column, in: record)
            }
            let text = try text(anchor, in: record)
            examples.append(
                Example(
                    line: record.line, anchorID: record["query_id"].flatMap(RecordFile.identifier), anchor: text,
                    positives: try self.candidates(positive, in: record), negatives: candidates))
        }
        return examples
    }

    // MARK: Values

    private func candidates(_ column: String, in record: Record) throws(CorporaError) -> [Candidate] {
        switch record[column] {
        case .string(let text)?: return [Candidate(text: text)]
        case .array(let elements)?:
            var candidates: [Candidate] = []
            for element in elements { candidates.append(try candidate(element, column: column, line: record.line)) }
            return candidates
        case let value: throw mismatch(column, expected: "a text or a list of texts", found: value, line: record.line)
        }
    }

    private func candidate(_ value: JSONValue, column: String, line: Int) throws(CorporaError) -> Candidate {
        if let text = value.stringValue { return Candidate(text: text) }
        guard let text = value["text"]?.stringValue else {
            throw mismatch(column, expected: "a text or an object with \"text\"", found: value, line: line)
        }
        return Candidate(
            id: value["docid"].flatMap(RecordFile.identifier), title: value["title"]?.stringValue ?? "", text: text)
    }

    private func text(_ column: String, in record: Record) throws(CorporaError) -> String {
        guard let text = record[column]?.stringValue else {
            throw mismatch(column, expected: "a text", found: record[column], line: record.line)
        }
        return text
    }

    private func name(_ column: String, in record: Record) throws(CorporaError) -> String {
        guard let name = record[column].flatMap(RecordFile.identifier) else {
            throw mismatch(column, expected: "a text or a whole number", found: record[column], line: record.line)
        }
        return name
    }

    private func number(_ column: String, in record: Record) throws(CorporaError) -> Double {
        let value = record[column]
        let number = value?.doubleValue ?? value?.stringValue.flatMap { Double($0.trimmingWhitespace()) }
        guard let number, number.isFinite else {
            throw mismatch(column, expected: "a number", found: value, line: record.line)
        }
        return number
    }

    private func mismatch(_ column: String, expected: String, found: JSONValue?, line: Int) -> CorporaError {
        let words =
            switch found {
            case nil: "nothing"
            case .string(let text)?: "\"\(text)\""
            case let value?: value.kind
            }
        return .malformed(path: path, line: line, reason: "\(column): \(expected) expected, \(words) found")
    }

    private static func identifier(_ value: JSONValue) -> String? {
        value.stringValue ?? value.intValue.map(String.init)
    }
}
