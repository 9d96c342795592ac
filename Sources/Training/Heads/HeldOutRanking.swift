internal import LowRank
internal import VectorMath

#if canImport(Glibc)
    internal import Glibc
#endif

/// How well queries find their answers among all documents of a data set, which are embedded already.
struct HeldOutRanking {
    /// The queries' embeddings, `[Q, D]`.
    private let queries: Matrix<Float>
    private let documents: MatrixView<Float>
    /// The answers of each query.
    private let answers: [[Int]]
    /// What counts neither as an answer nor as a miss.
    private let passedOver: [[Int]]

    /// The metric's name.
    static let metric = "ndcg@10"
    private static let cutoff = 10

    /// The ranking of the queries of some rows.
    init(_ rows: [Int], of data: HeadData) {
        var (numbers, order): ([Int: Int], [Int]) = ([:], [])
        var (answers, masked): ([Set<Int>], [Set<Int>]) = ([], [])
        for row in rows.map({ data.rows[$0] }) {
            let number = numbers[row.query] ?? order.count
            if number == order.count {
                numbers[row.query] = number
                order.append(row.query)
                answers.append([])
                masked.append([])
            }
            answers[number].insert(row.document)
            masked[number].formUnion(row.masked)
        }
        queries = gathered(data.queries, order)
        documents = data.documents.view
        self.answers = answers.map { $0.sorted() }
        passedOver = zip(masked, answers).map { $0.subtracting($1).sorted() }
    }

    /// The number of queries.
    var count: Int { queries.rows }

    /// The mean nDCG@10 of the queries behind a head; nil for the queries as they are. 0 where there are none.
    ///
    /// - Complexity: O(Q · C · D).
    func score(_ head: EmbeddingHead?) -> Double {
        guard count > 0 else { return 0 }
        let mapped = head.map { $0(queries.view) } ?? queries
        var sum = 0.0
        let block = 256
        for start in stride(from: 0, to: count, by: block) {
            let range = start..<min(count, start + block)
            var scores = Matrix<Float>(uninitializedRows: range.count, columns: documents.rows)
            multiply(mapped[rows: range], documents, transposingSecond: true, into: &scores)
            for (row, query) in range.enumerated() {
                for place in passedOver[query] { scores[row, place] = -.infinity }
                sum += gain(of: scores, row, answers[query])
            }
        }
        return sum / Double(count)
    }

    /// nDCG of one row of scores.
    private func gain(of scores: Matrix<Float>, _ row: Int, _ answers: [Int]) -> Double {
        let (columns, stride) = (scores.columns, scores.stride)
        let ranks = scores.withUnsafePointer { base in
            // Of equal documents the first one leads: copies of an answer do not push it down by chance.
            answers.map { answer in
                1
                    + LossKernels.places(above: base[row * stride + answer], in: base + row * stride, count: columns)
                    .count
            }
        }
        let best = (0..<min(answers.count, Self.cutoff)).reduce(0.0) { $0 + 1 / log2(Double($1) + 2) }
        return ranks.reduce(0.0) { $0 + ($1 <= Self.cutoff ? 1 / log2(Double($1) + 1) : 0) } / best
    }
}
