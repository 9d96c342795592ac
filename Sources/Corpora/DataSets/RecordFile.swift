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
        /// For each positive, a teacher's scores of it and of the negatives; empty where there is no teacher.
        var scores: [[Double]]
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
            return try pairs(first: first, second: second, score: score, split: split)
        case .labelledTexts(let text, let label):
            guard holdsVectors(label) else { return .labelledTexts([split: try labelledTexts()]) }
            return .taughtTexts([split: try taughtTexts([text], vector: label)])
        case .taughtTexts(let text, let vector):
            return .taughtTexts([split: try taughtTexts([text], vector: vector)])
        case .texts(let text):
            throw .unknownColumns(path: path, found: [text], accepted: Array(RecordShape.accepted.dropLast()))
        }
    }

    /// Pairs of the kind that the first row's score is of: a number, the name of a class, or a vector.
    private func pairs(
        first: String, second: String, score: String, split: String
    ) throws(CorporaError) -> DataSetKind {
        if holdsVectors(score) { return .taughtTexts([split: try taughtTexts([first, second], vector: score)]) }
        if score.lowercased().hasPrefix("label"), let value = records[0][score]?.stringValue,
            Double(value.trimmingWhitespace()) == nil
        {
            var pairs: [ClassifiedPair] = []
            for record in records {
                pairs.append(
                    ClassifiedPair(
                        first: try text(first, in: record), second: try text(second, in: record),
                        label: try name(score, in: record)))
            }
            return .classifiedPairs([split: pairs])
        }
        var pairs: [ScoredPair] = []
        for record in records {
            let (first, second) = (try text(first, in: record), try text(second, in: record))
            pairs.append(ScoredPair(first: first, second: second, score: try number(score, in: record)))
        }
        return .scoredPairs([split: pairs])
    }

    private func tuples() throws(CorporaError) -> [TrainingTuple] {
        var tuples: [TrainingTuple] = []
        for example in try examples() {
            let negatives = example.negatives.map(\.embeddedText)
            for (place, positive) in example.positives.enumerated() {
                tuples.append(
                    TrainingTuple(
                        anchor: example.anchor, positive: positive.embeddedText, negatives: negatives,
                        scores: example.scores.isEmpty ? [] : example.scores[place]))
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

    /// Every text of every row with the row's vector.
    private func taughtTexts(_ columns: [String], vector: String) throws(CorporaError) -> [TaughtText] {
        var texts: [TaughtText] = []
        for record in records {
            let vector = try numbers(vector, in: record).map(Float.init)
            let expected = texts.first?.vector.count ?? vector.count
            guard !vector.isEmpty, vector.count == expected, vector.allSatisfy(\.isFinite) else {
                throw .malformed(
                    path: path, line: record.line,
                    reason: "a vector of \(vector.count) numbers was found, \(max(expected, 1)) finite ones expected")
            }
            for column in columns { texts.append(TaughtText(text: try text(column, in: record), vector: vector)) }
        }
        return texts
    }

    /// The rows of a file of texts, with nothing else or with vectors.
    func texts() throws(CorporaError) -> [Candidate] {
        let column: String
        switch shape {
        case .texts(let text), .taughtTexts(let text, _): column = text
        default: return []
        }
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
        guard case .tuples(let anchor, let positive, let negatives, let scores) = shape else { return [] }
        var examples: [Example] = []
        for record in records {
            var candidates: [Candidate] = []
            for column in negatives where record[column] != nil {
                candidates += try self.candidates(column, in: record)
            }
            let text = try text(anchor, in: record)
            let positives = try self.candidates(positive, in: record)
            examples.append(
                Example(
                    line: record.line, anchorID: record["query_id"].flatMap(RecordFile.identifier), anchor: text,
                    positives: positives, negatives: candidates,
                    scores: try scores.map { (columns) throws(CorporaError) in
                        try self.scores(
                            columns, positives: positives.count, negatives: candidates.count, in: record)
                    } ?? []))
        }
        return examples
    }

    // MARK: Values

    /// For each positive, its score and those of the negatives; empty where the row has none.
    private func scores(
        _ columns: RecordShape.Scores, positives: Int, negatives: Int, in record: Record
    ) throws(CorporaError) -> [[Double]] {
        switch columns {
        case .apart(let own, let others):
            guard isThere(own, in: record), isThere(others, in: record) else { return [] }
            let (own, others) = (try numbers(own, in: record), try numbers(others, in: record))
            guard own.count == positives, others.count == negatives else {
                throw .malformed(
                    path: path, line: record.line,
                    reason:
                        "\(own.count) and \(others.count) scores for \(positives) positives and \(negatives) negatives")
            }
            return own.map { [$0] + others }
        case .together(let column):
            guard isThere(column, in: record), negatives > 0 else { return [] }
            let scores = try numbers(column, in: record)
            if positives == 1, scores.count == negatives + 1 { return [scores] }
            if positives == 1, scores.count == negatives { return [[0] + scores.map { -$0 }] }
            throw .malformed(
                path: path, line: record.line,
                reason: "\(column): \(negatives) margins or \(negatives + 1) scores for one positive expected, "
                    + "\(scores.count) for \(positives) found")
        }
    }

    private func isThere(_ column: String, in record: Record) -> Bool {
        switch record[column] {
        case nil, .null?: false
        case .string(let text)?: !text.trimmingWhitespace().isEmpty
        default: true
        }
    }

    /// Whether the first row has a list in a column.
    private func holdsVectors(_ column: String) -> Bool {
        records[0][column]?.arrayValue != nil
            || records[0][column]?.stringValue.map { $0.trimmingWhitespace().hasPrefix("[") } ?? false
    }

    /// A number, or a list of numbers; in a table without types also written as JSON.
    private func numbers(_ column: String, in record: Record) throws(CorporaError) -> [Double] {
        var value = record[column]
        if let text = value?.stringValue, text.trimmingWhitespace().hasPrefix("[") {
            value = try? JSONValue.parse(Array(text.utf8), path: path)
        }
        guard let elements = value?.arrayValue else { return [try number(column, in: record)] }
        let numbers = elements.compactMap(\.doubleValue)
        guard numbers.count == elements.count, numbers.allSatisfy(\.isFinite) else {
            throw mismatch(column, expected: "a list of numbers", found: value, line: record.line)
        }
        return numbers
    }

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
