import Files
import Foundation
import Harness
import VectorIndex
import VectorMath

/// What is searched for what: base vectors, queries, and the true neighbours of each.
struct Vectors {
    let metric: Metric
    let base: Matrix<Float>
    let queries: Matrix<Float>
    /// The distance (L2, or minus the product) of each query's k-th true neighbour, in double precision.
    let farthest: [Double]
    /// The ids of each query's k true neighbours.
    let truth: [[Int]]

    /// - Parameters:
    ///   - truth: a file of at least k ids a query; nil to compute them.
    ///   - count: queries, evenly spread over the file: its first ones need not be like the others.
    init(base: String, queries: String, truth: String?, metric: Metric, k: Int, count: Int) throws {
        self.metric = metric
        let all = try Self.read(base, metric)
        let queries = try Self.read(queries, metric)
        let count = min(count, queries.rows)
        let chosen = (0..<count).map { $0 * queries.rows / count }
        let asked = queries.rows(chosen.map(UInt64.init))
        (self.base, self.queries) = (all, asked)
        if let truth {
            let file = try NumpyArray.open(truth)
            self.truth = chosen.map { row in file.floats(rows: row..<row + 1).prefix(k).map { Int($0) } }
        } else {
            let index = ExactIndex(dimension: all.columns, metric: metric, codes: .never)
            try index.add(ids: (0..<UInt64(all.rows)).map { $0 }, vectors: all.view)
            try index.commit()
            self.truth = try index.snapshot().search(asked.view, k: k).map { $0.map { Int($0.id) } }
        }
        let neighbours = self.truth
        farthest = (0..<asked.rows).map { query in
            neighbours[query].map { Self.distance(asked.row(query), all.row($0), metric) }.max() ?? .infinity
        }
    }

    /// The share of answers that are as near as the last true neighbour; ties are no errors.
    func recall(_ found: [[Neighbour]]) -> Double {
        var hits = 0
        for (query, neighbours) in found.enumerated() {
            let limit = farthest[query] + 1e-6 * abs(farthest[query])
            let asked = queries.row(query)
            hits += neighbours.count { Self.distance(asked, base.row(Int($0.id)), metric) <= limit }
        }
        return Double(hits) / Double(truth.reduce(0) { $0 + $1.count })
    }

    /// How far a query and a vector are apart (L2, or minus the product), in double precision.
    func distance(_ query: Int, _ id: UInt64) -> Double {
        Self.distance(queries.row(query), base.row(Int(id)), metric)
    }

    private static func distance(_ first: [Float], _ second: [Float], _ metric: Metric) -> Double {
        var sum = 0.0
        for (a, b) in zip(first, second) {
            let (a, b) = (Double(a), Double(b))
            sum += metric == .squaredL2 ? (a - b) * (a - b) : -a * b
        }
        return sum
    }

    private static func read(_ path: String, _ metric: Metric) throws -> Matrix<Float> {
        var matrix: Matrix<Float>
        if VectorFile.type(forFileNamed: path) != nil {
            let file = try VectorFile.open(path)
            matrix = Matrix(rows: file.rows, columns: file.columns, elements: file.floats(rows: 0..<file.rows))
        } else {
            let file = try NumpyArray.open(path)
            matrix = Matrix(rows: file.rows, columns: file.columns, elements: file.floats(rows: 0..<file.rows))
        }
        if metric == .cosine { _ = normalizeRows(&matrix) }
        return matrix
    }
}

extension Metric {
    /// The metric that options of these benchmarks call so.
    init?(benchmarkName name: String) {
        guard let metric = ["l2": Metric.squaredL2, "ip": .innerProduct, "cosine": .cosine][name] else { return nil }
        self = metric
    }
}

extension Matrix<Float> {
    /// The rows of some numbers, in their order.
    func rows(_ numbers: [UInt64]) -> Matrix<Float> {
        var chosen = Matrix<Float>(rows: numbers.count, columns: columns)
        for (place, number) in numbers.enumerated() { chosen.setRow(place, to: row(Int(number))) }
        return chosen
    }
}
