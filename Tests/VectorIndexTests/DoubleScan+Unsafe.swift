import VectorIndex
import VectorMath

/// Scores of all vectors in double precision, one loop after the other.
struct DoubleScan {
    private let vectors: Matrix<Float>
    private let metric: Metric

    init(_ vectors: Matrix<Float>, metric: Metric) {
        self.vectors = vectors
        self.metric = metric
    }

    /// The best scores, nearer first, and what their rounding is relative to: the largest product of lengths.
    func best(_ count: Int, of query: [Float]) -> (scores: [Double], scale: Double) {
        var (scores, scale) = ([Double](), 0.0)
        let length = dot(query, query)
        for row in 0..<vectors.rows {
            let (product, square) = vectors.withUnsafePointer { base in
                let vector = UnsafeBufferPointer(start: base + row * vectors.stride, count: vectors.columns)
                return (dot(query, vector), dot(vector, vector))
            }
            switch metric {
            case .innerProduct:
                scores.append(product)
                scale = max(scale, (length * square).squareRoot())
            case .cosine:
                let lengths = (length * square).squareRoot()
                scores.append(lengths == 0 ? 0 : product / lengths)
                scale = 1
            case .squaredL2:
                let distance = vectors.withUnsafePointer { base in
                    let vector = base + row * vectors.stride
                    return query.indices.reduce(0.0) {
                        let difference = Double(query[$1]) - Double(vector[$1])
                        return $0 + difference * difference
                    }
                }
                scores.append(distance)
            }
        }
        scores.sort(by: metric.largerIsNearer ? { $0 > $1 } : { $0 < $1 })
        if metric == .squaredL2 { scale = scores.prefix(count).last ?? 0 }
        return (Array(scores.prefix(count)), scale)
    }

    private func dot(_ a: some RandomAccessCollection<Float>, _ b: some RandomAccessCollection<Float>) -> Double {
        zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
}
