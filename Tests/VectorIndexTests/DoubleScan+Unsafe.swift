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

    /// The best scores, nearer first, and what their rounding is relative to: the largest product of lengths, or the distance.
    func best(_ count: Int, of query: [Float]) -> (scores: [Double], scale: Double) {
        var (scores, scale) = ([Double](), 0.0)
        let length = sums(query, query).product
        for row in 0..<vectors.rows {
            let (product, square, distance) = vectors.withUnsafePointer { base in
                sums(query, UnsafeBufferPointer(start: base + row * vectors.stride, count: vectors.columns))
            }
            let lengths = (length * square).squareRoot()
            switch metric {
            case .innerProduct: scores.append(product)
            case .cosine: scores.append(lengths == 0 ? 0 : product / lengths)
            case .squaredL2: scores.append(distance)
            }
            scale = max(scale, metric == .cosine ? 1 : lengths)
        }
        scores.sort(by: metric.largerIsNearer ? { $0 > $1 } : { $0 < $1 })
        if metric == .squaredL2 { scale = scores.prefix(count).last ?? 0 }
        return (Array(scores.prefix(count)), scale)
    }

    private func sums(_ a: [Float], _ b: [Float]) -> (product: Double, square: Double, distance: Double) {
        b.withUnsafeBufferPointer { sums(a, $0) }
    }

    private func sums(
        _ a: [Float], _ b: UnsafeBufferPointer<Float>
    ) -> (product: Double, square: Double, distance: Double) {
        a.withUnsafeBufferPointer { a in
            var (product, square, distance) = (0.0, 0.0, 0.0)
            for index in 0..<a.count {
                let (x, y) = (Double(a[index]), Double(b[index]))
                product += x * y
                square += y * y
                distance += (x - y) * (x - y)
            }
            return (product, square, distance)
        }
    }
}
