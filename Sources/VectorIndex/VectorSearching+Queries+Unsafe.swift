internal import VectorMath

extension VectorSearching {
    /// What is found for each query, `[Q, D]`, prepared: on all cores, in the queries' order.
    func eachQuery(
        _ queries: MatrixView<Float>,
        _ find: (UnsafePointer<Float>) throws(VectorIndexError) -> [Neighbour]
    ) throws(VectorIndexError) -> [[Neighbour]] {
        try eachBlock(of: 1, queries) { (query, _) throws(VectorIndexError) in try find(query) }
    }

    /// What is found for each block of so many queries, of which the last may be smaller: on all cores, in their order.
    ///
    /// - Parameter find: Gets the first query of a block and how many they are; they are `queries.stride` apart.
    func eachBlock<Found>(
        of size: Int, _ queries: MatrixView<Float>,
        _ find: (UnsafePointer<Float>, Int) throws(VectorIndexError) -> Found
    ) throws(VectorIndexError) -> [Found] {
        try queries.withUnsafePointer { base in
            nonisolated(unsafe) let base = base
            return Result { () throws(VectorIndexError) in
                // One block needs none of what divides work: 0.3 µs of the 6 that a query of 128 dimensions takes.
                if 1...size ~= queries.rows { return [try find(base, queries.rows)] }
                return try parallelMap(
                    (queries.rows + size - 1) / size,
                    throwing: { (block) throws(VectorIndexError) in
                        try find(base + block * size * queries.stride, min(size, queries.rows - block * size))
                    })
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
