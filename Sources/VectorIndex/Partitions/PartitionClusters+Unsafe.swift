internal import VectorMath

/// Centres of clusters, `[P, width]`, of numbers that half precision has, and which of them is nearest.
struct PartitionClusters {
    let centres: Matrix<Float>
    private let lengths: [Float]

    /// Vectors that centres are found with, for each centre, and how often these are moved.
    private static let sampleFactor = 20
    private static let iterations = 6
    /// Up to so many centres are drawn far from one another, from so many rows for each.
    private static let mostDrawn = 1024
    private static let drawnFrom = 4
    /// Rows whose products with all centres are made at once.
    static let chunk = 2048

    init(_ centres: Matrix<Float>) {
        let (stride, width, rows) = (centres.stride, centres.columns, centres.rows)
        self.centres = centres
        lengths = centres.withUnsafePointer { base in
            (0..<rows).map { Float(CodeKernels.norms(base + $0 * stride, count: width).squares) }
        }
    }

    /// How many vectors are enough for so many centres.
    static func sampleCount(_ centres: Int, of count: Int) -> Int { min(count, sampleFactor * centres) }

    /// Clusters of a sample, by Lloyd's iterations from some of its rows; the same for any number of threads.
    ///
    /// - Parameters:
    ///   - sample: `[N, width]`, N at least `count`.
    ///   - check: Is told how far it is.
    init(
        of sample: Matrix<Float>, count: Int, seed: UInt64, check: (Int, Int) throws(VectorIndexError) -> Void
    ) throws(VectorIndexError) {
        var centres = Self.starts(in: sample, count: count, seed: seed)
        Self.round(&centres)
        var clusters = PartitionClusters(centres)
        for iteration in 0..<Self.iterations where count > 1 {
            try check(iteration, Self.iterations)
            let (nearest, values) = clusters.nearest(sample.view)
            clusters = PartitionClusters(
                Self.means(of: sample, clusters: nearest, values: values, count: count, before: clusters.centres))
        }
        self = clusters
    }

    /// Rows to begin with: up to a number of centres each is drawn with a probability that grows with the square of its distance from those
    /// before (Arthur and Vassilvitskii, "k-means++", SODA 2007), which finds small groups that lie apart; more would take too long, and
    /// are drawn as they come.
    private static func starts(in sample: Matrix<Float>, count: Int, seed: UInt64) -> Matrix<Float> {
        var generator = RandomGenerator(seed: seed, stream: 3)
        var order = Array(0..<sample.rows)
        generator.shuffle(&order)
        var centres = Matrix<Float>(rows: count, columns: sample.columns)
        if count > mostDrawn {
            for (place, row) in order.prefix(count).enumerated() { centres.copyRow(row, of: sample.view, to: place) }
            return centres
        }
        let rows = sample.rows(at: Array(order.prefix(drawnFrom * count)))
        var nearest = [Double](repeating: .infinity, count: rows.rows)
        var distances = [Float](repeating: 0, count: rows.rows)
        var chosen = 0
        for place in 0..<count {
            centres.copyRow(chosen, of: rows.view, to: place)
            rows.withUnsafePointer { base in
                distances.withUnsafeMutableBufferPointer { distances in
                    guard let distances = distances.baseAddress else { return }
                    Distance.squaredL2s(base + chosen * rows.stride, rows: rows.view, into: distances)
                }
            }
            var total = 0.0
            for row in nearest.indices {
                nearest[row] = min(nearest[row], Double(distances[row]))
                total += nearest[row]
            }
            var rest = generator.uniformDouble() * total
            chosen =
                nearest.indices.first {
                    rest -= nearest[$0]
                    return rest < 0
                } ?? place
        }
        return centres
    }

    /// The nearest centre of each row `[N, width]`, and |c|² - 2⟨x, c⟩ of it.
    func nearest(_ rows: MatrixView<Float>) -> (clusters: [UInt32], values: [Float]) {
        var clusters = [UInt32](repeating: 0, count: rows.rows)
        var values = [Float](repeating: 0, count: rows.rows)
        for start in stride(from: 0, to: rows.rows, by: Self.chunk) {
            let count = min(Self.chunk, rows.rows - start)
            var products = Matrix<Float>(uninitializedRows: count, columns: centres.rows)
            multiply(rows.rows(start..<start + count), centres.view, transposingSecond: true, into: &products)
            clusters.withUnsafeMutableBufferPointer { all in
                values.withUnsafeMutableBufferPointer { allValues in
                    guard let firstCluster = all.baseAddress, let firstValue = allValues.baseAddress else { return }
                    nonisolated(unsafe) let (clusters, values) = (firstCluster + start, firstValue + start)
                    let (partitions, step) = (centres.rows, products.stride)
                    products.withUnsafePointer { products in
                        nonisolated(unsafe) let products = products
                        parallelFor(count, grain: 64) { block in
                            PartitionKernels.nearest(
                                products + block.lowerBound * step, stride: step, count: block.count,
                                lengths: lengths, partitions: partitions, into: clusters + block.lowerBound,
                                values: values + block.lowerBound)
                        }
                    }
                }
            }
        }
        return (clusters, values)
    }

    /// The means of clusters; an empty one begins anew at a row that is far from its centre.
    private static func means(
        of rows: Matrix<Float>, clusters: [UInt32], values: [Float], count: Int, before: Matrix<Float>
    ) -> Matrix<Float> {
        let groups = Self.groups(clusters, count: count)
        let (width, stride) = (rows.columns, rows.stride)
        var means = before
        let step = means.stride
        means.withUnsafeMutablePointer { means in
            nonisolated(unsafe) let means = means
            rows.withUnsafePointer { rows in
                nonisolated(unsafe) let rows = rows
                parallelFor(count, grain: 16) { block in
                    var sums = [Double](repeating: 0, count: width)
                    for cluster in block where !groups[cluster].isEmpty {
                        sums.withUnsafeMutableBufferPointer { sums in
                            guard let base = sums.baseAddress else { return }
                            base.update(repeating: 0, count: width)
                            for row in groups[cluster] { CodeKernels.add(rows + row * stride, count: width, to: base) }
                        }
                        let factor = 1 / Double(groups[cluster].count)
                        for column in 0..<width { means[cluster * step + column] = Float(sums[column] * factor) }
                    }
                }
            }
        }
        let empty = groups.indices.filter { groups[$0].isEmpty }
        if !empty.isEmpty {
            let lengths = (0..<rows.rows).map { row in
                rows.withUnsafePointer { Float(CodeKernels.norms($0 + row * stride, count: width).squares) }
            }
            let far = (0..<rows.rows).sorted {
                let (a, b) = (values[$0] + lengths[$0], values[$1] + lengths[$1])
                return a != b ? a > b : $0 < $1
            }
            for (place, cluster) in empty.enumerated() where place < far.count {
                means.copyRow(far[place], of: rows.view, to: cluster)
            }
        }
        round(&means)
        return means
    }

    /// The rows of each cluster, ascending.
    static func groups(_ clusters: [UInt32], count: Int) -> [[Int]] {
        var sizes = [Int](repeating: 0, count: count)
        for cluster in clusters { sizes[Int(cluster)] += 1 }
        var groups = sizes.map { size in
            var group: [Int] = []
            group.reserveCapacity(size)
            return group
        }
        for (row, cluster) in clusters.enumerated() { groups[Int(cluster)].append(row) }
        return groups
    }

    /// Rounds to half precision.
    private static func round(_ matrix: inout Matrix<Float>) {
        let (rows, columns, stride) = (matrix.rows, matrix.columns, matrix.stride)
        matrix.withUnsafeMutablePointer { base in
            nonisolated(unsafe) let base = base
            parallelFor(rows, grain: 64) { block in
                withUnsafeTemporaryAllocation(of: UInt16.self, capacity: columns) { half in
                    guard let half = half.baseAddress else { return }
                    for row in block {
                        PartitionKernels.half(base + row * stride, count: columns, into: half)
                        PartitionKernels.widen(half, count: columns, into: base + row * stride)
                    }
                }
            }
        }
    }
}
