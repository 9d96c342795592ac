internal import Corpora
internal import Encoders
internal import VectorMath

/// A data set as a frozen encoder sees it: every distinct query and document embedded once.
struct HeadData: Sendable {
    /// One query and one of its answers.
    struct Row: Sendable, Equatable {
        let query: Int
        let document: Int
        /// Hard negatives of the row.
        let negatives: [Int]
        /// Documents that are no negatives of the query, ascending, without the row's own.
        let masked: [Int]
    }

    /// The embeddings of the distinct queries, `[Q, D]`, as the encoder gives them.
    let queries: Matrix<Float>
    /// The embeddings of the distinct documents, `[C, D]`, of length 1.
    let documents: Matrix<Float>
    /// The rows, in the order of the data.
    let rows: [Row]

    init(queries: Matrix<Float>, documents: Matrix<Float>, rows: [Row]) {
        (self.queries, self.documents, self.rows) = (queries, documents, rows)
    }

    /// Embeds the tuples' texts.
    ///
    /// Documents go through the cache of vectors. Duplicates, known positives and groups are told apart as in training of the encoder
    /// itself (``FalseNegatives``), once for all of the data.
    init(
        _ tuples: [TrainingTuple], encoder: TextEncoder, cache: VectorCache?, maxLength: Int,
        progress: ((Int, Int) -> Void)?
    ) throws(EncodersError) {
        let data = try TokenizedData(
            .tuples(tuples), options: TokenizedData.Options(), encoder: encoder, maxLength: maxLength)
        guard case .tuples(let parts) = data.rows else { preconditionFailure("tuples became something else") }
        var (queryNumbers, documentNumbers): ([Int: Int], [Int: Int]) = ([:], [:])
        var (queryTexts, documentTexts): ([String], [String]) = ([], [])
        func number(_ text: Int, _ numbers: inout [Int: Int], _ texts: inout [String]) -> Int {
            let first = data.encodings[text]
            if let number = numbers[first] { return number }
            numbers[first] = texts.count
            texts.append(data.texts[text].text)
            return texts.count - 1
        }
        let anchors = parts.anchors.map { number($0, &queryNumbers, &queryTexts) }
        let candidates = parts.candidates.map { number($0, &documentNumbers, &documentTexts) }
        let lists = FalseNegatives(
            texts: data.texts.map(\.text), encodings: data.encodings,
            pairs: zip(parts.anchors, parts.positives).map { (anchor: $0, positive: $1) }
        ).among(anchors: parts.anchors, candidates: parts.candidates, groups: Self.groups(of: tuples))
        rows = tuples.indices.map { row in
            Row(
                query: anchors[row], document: candidates[row],
                negatives: parts.negativePlaces[row].map { candidates[$0] },
                masked: Set(lists[row].map { candidates[$0] }).subtracting([candidates[row]]).sorted())
        }
        let total = queryTexts.count + documentTexts.count
        queries = try encoder.encodeQueries(queryTexts, maxLength: maxLength) { done, _ in progress?(done, total) }
        let count = queryTexts.count
        func documentsDone(_ done: Int, _ all: Int) { progress?(count + done, total) }
        var vectors =
            if let cache {
                try CachingTextEncoder(encoder, cache: cache)
                    .encodeDocuments(documentTexts, maxLength: maxLength, progress: documentsDone)
            } else {
                try encoder.encodeDocuments(documentTexts, maxLength: maxLength, progress: documentsDone)
            }
        _ = normalizeRows(&vectors)
        documents = vectors
    }

    private static func groups(of tuples: [TrainingTuple]) -> [Int?] {
        guard tuples.contains(where: { $0.group != nil }) else { return [] }
        var numbers: [String: Int] = [:]
        for case let group? in tuples.map(\.group) where numbers[group] == nil { numbers[group] = numbers.count }
        return tuples.map { $0.group.flatMap { numbers[$0] } }
    }

    /// The rows to learn from and those of the queries that are held out: no query is in both.
    ///
    /// Of fewer than 20 queries, or for a part of 0, none is held out.
    func split(heldOut part: Double, seed: UInt64) -> (train: [Int], heldOut: [Int]) {
        let all = Array(rows.indices)
        guard queries.rows >= 20, part > 0 else { return (all, []) }
        // Streams 0 and 1 draw first values and the order of batches.
        var random = RandomGenerator(seed: seed, stream: 2)
        var order = Array(0..<queries.rows)
        random.shuffle(&order)
        let chosen = Set(order.prefix(max(1, Int((Double(order.count) * part).rounded()))))
        return (all.filter { !chosen.contains(rows[$0].query) }, all.filter { chosen.contains(rows[$0].query) })
    }
}
