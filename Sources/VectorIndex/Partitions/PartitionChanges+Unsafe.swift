internal import VectorMath

/// Changes in the making: a copy of a state, which becomes a snapshot or is thrown away.
struct PartitionChanges {
    private(set) var state: PartitionState
    private let report: (IndexProgress) -> Bool

    /// Where there are so many times more vectors than when clusters were made, or fewer, they are made anew.
    private static let growth = 4
    /// A partition of so many times the mean, and of more than a few blocks, is split.
    private static let mostOfMean = 6
    private static let mostUnsplit = 256

    /// - Parameter report: Gets the progress; false ends the work.
    init(_ state: PartitionState, report: @escaping (IndexProgress) -> Bool) {
        self.state = state
        self.report = report
    }

    func check(_ step: IndexProgress.Step, _ done: Int, of total: Int) throws(VectorIndexError) {
        if !report(IndexProgress(step: step, done: done, total: total)) { throw .cancelled }
    }

    mutating func calibrate(_ calibration: RecallCalibration?) { state.calibration = calibration }

    /// Takes ids out that are there, and adds vectors `[N, D]`, prepared, with ids that are not there then, ascending.
    mutating func apply(deleting deleted: [UInt64], adding ids: [UInt64], _ vectors: Matrix<Float>)
        throws(VectorIndexError)
    {
        if state.space == nil, !ids.isEmpty {
            state.space = GraphSpace(vectors.view, metric: state.metric, seed: state.settings.seed)
        }
        var gone: [Int: Set<UInt64>] = [:]
        for id in deleted {
            if let partition = state.table.remove(id) { gone[Int(partition), default: []].insert(id) }
        }
        let count = state.count + ids.count
        guard count > 0 else {
            state.setBodies([])
            state.centres = PartitionCentres(Matrix<Float>(rows: 0, columns: state.layout.codes.width).view)
            state.clusteredCount = 0
            return
        }
        let isDue =
            state.clusteredCount == 0 || count / Self.growth >= state.clusteredCount
            || state.clusteredCount / Self.growth > count
        if isDue {
            try clusterAll(PartitionSource(state, without: gone, ids: ids, vectors: vectors))
        } else {
            try update(without: gone, PartitionSource(state, ids: ids, vectors: vectors))
        }
        try splitLargest()
        compact()
    }

    // MARK: Clustering

    private mutating func clusterAll(_ source: PartitionSource) throws(VectorIndexError) {
        let count = state.settings.partitionCount(source.count)
        let clusters = try clusters(of: source, count: count)
        let assigned = try assign(source, to: clusters)
        let centres = PartitionCentres(clusters.centres.view)
        let fills = PartitionClusters.groups(assigned, count: count).enumerated().map {
            PartitionFill(partition: $0.offset, copied: [], encoded: $0.element)
        }
        let bodies = try build(fills, centres: centres, source: source)
        (state.centres, state.clusteredCount) = (centres, source.count)
        state.setBodies(bodies)
        state.table = VertexTable()
        record(fills, source)
    }

    private func clusters(of source: PartitionSource, count: Int) throws(VectorIndexError) -> PartitionClusters {
        let size = PartitionClusters.sampleCount(count, of: source.count)
        var order = Array(0..<source.count)
        if size < source.count {
            var generator = RandomGenerator(seed: state.settings.seed, stream: 1)
            generator.shuffle(&order)
            order = order.prefix(size).sorted()
        }
        let sample = source.placed(order)
        return try PartitionClusters(of: sample, count: count, seed: state.settings.seed) {
            (done, total) throws(VectorIndexError) in try check(.clustering, done, of: total)
        }
    }

    private func assign(
        _ source: PartitionSource, to clusters: PartitionClusters
    ) throws(VectorIndexError) -> [UInt32] {
        var assigned: [UInt32] = []
        assigned.reserveCapacity(source.count)
        for start in stride(from: 0, to: source.count, by: PartitionClusters.chunk) {
            try check(.assigning, start, of: source.count)
            let rows = source.placed(Array(start..<min(source.count, start + PartitionClusters.chunk)))
            assigned += clusters.nearest(rows.view).clusters
        }
        return assigned
    }

    /// Splits partitions that are far larger than others.
    private mutating func splitLargest() throws(VectorIndexError) {
        let mean = max(1, state.count / max(1, state.bodies.count))
        let most = max(Self.mostUnsplit, Self.mostOfMean * mean)
        let large = state.bodies.indices.filter { state.bodies[$0].count > most }
        guard !large.isEmpty, state.settings.partitions == nil else { return }
        var centres = state.centres.floats
        var bodies = state.bodies
        for partition in large {
            let source = PartitionSource(state, partition: partition)
            let parts = min(source.count, (source.count + mean - 1) / mean, 1024)
            let clusters = try clusters(of: source, count: parts)
            let groups = PartitionClusters.groups(try assign(source, to: clusters), count: parts)
            let used = groups.indices.filter { !groups[$0].isEmpty }
            // Equal vectors cannot be told apart.
            guard used.count > 1 else { continue }
            var grown = Matrix<Float>(rows: centres.rows + used.count - 1, columns: centres.columns)
            for row in 0..<centres.rows { grown.copyRow(row, of: centres.view, to: row) }
            let places = [partition] + Array(centres.rows..<grown.rows)
            for (cluster, place) in zip(used, places) { grown.copyRow(cluster, of: clusters.centres.view, to: place) }
            centres = grown
            let fills = zip(used, places).map { PartitionFill(partition: $1, copied: [], encoded: groups[$0]) }
            let made = try build(fills, centres: PartitionCentres(centres.view), source: source)
            bodies[partition] = made[0]
            bodies += made[1...]
            record(fills, source)
        }
        guard bodies.count > state.bodies.count else { return }
        state.centres = PartitionCentres(centres.view)
        state.setBodies(bodies)
    }

    // MARK: Bodies

    /// Makes the bodies anew that lose or gain vectors; the others stay shared.
    private mutating func update(without gone: [Int: Set<UInt64>], _ source: PartitionSource) throws(VectorIndexError) {
        let assigned = try assign(source, to: PartitionClusters(state.centres.floats))
        let groups = PartitionClusters.groups(assigned, count: state.bodies.count)
        let bodies = state.bodies
        let fills = bodies.indices.filter { gone[$0] != nil || !groups[$0].isEmpty }.map { partition in
            let body = bodies[partition]
            let slots = (0..<body.count).filter { !(gone[partition]?.contains(body.id($0)) ?? false) }
            return PartitionFill(partition: partition, copied: slots, encoded: groups[partition])
        }
        let made = try build(fills, centres: state.centres, source: source)
        var changed = bodies
        for (fill, body) in zip(fills, made) { changed[fill.partition] = body }
        state.setBodies(changed)
        record(fills, source)
    }

    private func build(
        _ fills: [PartitionFill], centres: PartitionCentres, source: PartitionSource
    ) throws(VectorIndexError) -> [PartitionBody] {
        let counts = fills.map { $0.copied.count + $0.encoded.count }
        let memory = PartitionMemory(counts, layout: state.layout)
        let bodies = counts.map { memory.body($0) }
        let stretch = 512
        for start in stride(from: 0, to: fills.count, by: stretch) {
            try check(.encoding, start, of: fills.count)
            let (old, count) = (state.bodies, min(stretch, fills.count - start))
            parallelFor(count, grain: 4) { block in
                for place in block {
                    let fill = fills[start + place]
                    let body = bodies[start + place]
                    // By their ids, so that of equal vectors the first ones are found.
                    let ids = fill.copied.map { old[fill.partition].id($0) } + fill.encoded.map(source.id)
                    var targets = [Int](repeating: 0, count: ids.count)
                    for (target, item) in ids.indices.sorted(by: { ids[$0] < ids[$1] }).enumerated() {
                        targets[item] = target
                    }
                    for (item, slot) in fill.copied.enumerated() {
                        body.copy(slot, of: old[fill.partition], to: targets[item])
                    }
                    source.encode(
                        fill.encoded, into: body, at: targets[fill.copied.count...], partition: fill.partition, centres)
                }
            }
        }
        return bodies
    }

    private mutating func record(_ fills: [PartitionFill], _ source: PartitionSource) {
        for fill in fills {
            for row in fill.encoded { state.table.set(source.id(row), to: UInt32(fill.partition)) }
        }
    }

    /// Brings all bodies into one run of memory where more than half of what they stand in is not used any more.
    private mutating func compact() {
        var memories: [ObjectIdentifier: Int] = [:]
        for body in state.bodies {
            if let memory = body.owner as? PartitionMemory { memories[ObjectIdentifier(memory)] = memory.byteCount }
        }
        let used = state.bodies.reduce(0) { $0 + ($1.owner is PartitionMemory ? state.layout.size($1.count) : 0) }
        guard memories.count > 1, memories.values.reduce(0, +) > 2 * used else { return }
        let memory = PartitionMemory(state.bodies.map(\.count), layout: state.layout)
        state.setBodies(
            state.bodies.map { body in
                let copy = memory.body(body.count)
                copy.base.update(from: body.base, count: state.layout.size(body.count))
                return copy
            })
    }
}

/// What a new body consists of: slots of the one before, and rows of a source.
struct PartitionFill {
    let partition: Int
    let copied: [Int]
    let encoded: [Int]
}

/// Vectors that get codes: some that a state has, then new ones.
struct PartitionSource {
    private let state: PartitionState
    private let old: [(partition: Int, slot: Int)]
    private let ids: [UInt64]
    private let vectors: Matrix<Float>

    var count: Int { old.count + ids.count }

    init(_ state: PartitionState, ids: [UInt64], vectors: Matrix<Float>) {
        (self.state, old, self.ids, self.vectors) = (state, [], ids, vectors)
    }

    /// All that a state has but some, and new ones.
    init(_ state: PartitionState, without gone: [Int: Set<UInt64>], ids: [UInt64], vectors: Matrix<Float>) {
        (self.state, self.ids, self.vectors) = (state, ids, vectors)
        old = state.bodies.indices.flatMap { partition in
            let body = state.bodies[partition]
            return (0..<body.count).filter { !(gone[partition]?.contains(body.id($0)) ?? false) }.map {
                (partition, $0)
            }
        }
    }

    /// What one partition has.
    init(_ state: PartitionState, partition: Int) {
        (self.state, ids, vectors) = (state, [], Matrix<Float>(rows: 0, columns: state.dimension))
        old = (0..<state.bodies[partition].count).map { (partition, $0) }
    }

    func id(_ row: Int) -> UInt64 {
        row < old.count ? state.bodies[old[row].partition].id(old[row].slot) : ids[row - old.count]
    }

    /// Rows in the space, `[N, width]`.
    func placed(_ rows: [Int]) -> Matrix<Float> {
        var placed = Matrix<Float>(uninitializedRows: rows.count, columns: state.layout.codes.width)
        let stride = placed.stride
        placed.withUnsafeMutablePointer { base in
            nonisolated(unsafe) let base = base
            parallelFor(rows.count, grain: 64) { block in
                state.scratches.use(partitions: 1, limit: 1) { scratch in
                    for place in block { _ = self.place(rows[place], into: base + place * stride, scratch.numbers) }
                }
            }
        }
        return placed
    }

    private func place(
        _ row: Int, into vector: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>
    ) -> Float {
        if row < old.count {
            return state.placed(old[row].slot, of: old[row].partition, into: vector, scratch: scratch)
        }
        return vectors.withUnsafePointer { state.place($0 + (row - old.count) * vectors.stride, into: vector) }
    }

    /// Writes rows into slots of a body.
    func encode(
        _ rows: [Int], into body: PartitionBody, at slots: ArraySlice<Int>, partition: Int, _ centres: PartitionCentres
    ) {
        let width = state.layout.codes.width
        guard !rows.isEmpty else { return }
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 3 * width) { room in
            guard let centre = room.baseAddress else { return }
            let (difference, numbers) = (centre + width, centre + 2 * width)
            centres.widen(partition, into: centre)
            state.scratches.use(partitions: 1, limit: 1) { scratch in
                for (row, slot) in zip(rows, slots) {
                    let addend = self.place(row, into: scratch.vector, scratch.numbers)
                    PartitionKernels.subtract(centre, from: scratch.vector, count: width, into: difference)
                    state.layout.codes.put(
                        difference, centre: centre, addend: addend, into: body.base, count: body.count,
                        slot: slot, scratch: numbers)
                    keep(row, scratch.vector, in: body.vector(slot))
                    body.setID(id(row), of: slot)
                }
            }
        }
    }

    private func keep(_ row: Int, _ placed: UnsafePointer<Float>, in kept: UnsafeMutableRawPointer) {
        switch state.settings.vectors {
        case .none: break
        case .float16:
            PartitionKernels.half(
                placed, count: state.layout.codes.width, into: kept)
        case .float32:
            if row < old.count {
                kept.copyMemory(
                    from: state.bodies[old[row].partition].vector(old[row].slot),
                    byteCount: state.layout.vectorSize)
                return
            }
            let numbers = kept.assumingMemoryBound(to: Float.self)
            vectors.withUnsafePointer {
                numbers.update(from: $0 + (row - old.count) * vectors.stride, count: state.dimension)
            }
            (numbers + state.dimension).update(
                repeating: 0, count: state.layout.vectorSize / 4 - state.dimension)
        }
    }
}
