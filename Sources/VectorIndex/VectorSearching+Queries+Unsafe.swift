internal import VectorMath

extension VectorSearching {
    /// What is found for each query, `[Q, D]`, prepared: on all cores, in the queries' order.
    func eachQuery(
        _ queries: MatrixView<Float>,
        _ find: (UnsafePointer<Float>) throws(VectorIndexError) -> [Neighbour]
    ) throws(VectorIndexError) -> [[Neighbour]] {
        try queries.withUnsafePointer { base in
            nonisolated(unsafe) let base = base
            return Result { () throws(VectorIndexError) in
                try parallelMap(
                    queries.rows,
                    throwing: { (row) throws(VectorIndexError) in try find(base + row * queries.stride) })
            }
        }.get()
    }

    /// The neighbours within a radius, by searches for more and more.
    ///
    /// - Parameter search: Finds so many.
    func nearest(
        within radius: Float, _ search: (Int) throws(VectorIndexError) -> [Neighbour]
    ) throws(VectorIndexError) -> [Neighbour] {
        var k = 64
        while true {
            let found = try search(k)
            let inside = found.prefix { metric.largerIsNearer ? $0.score >= radius : $0.score <= radius }
            if inside.count < found.count || found.count < k { return Array(inside) }
            k *= 4
        }
    }
}
