internal import VectorMath

/// One search of partitions: a placed query on some scratch memory.
struct PartitionSearch {
    let state: PartitionState
    let scratch: PartitionScratch
    let space: GraphSpace
    /// `[D]`, prepared as the index's own vectors.
    let query: UnsafePointer<Float>
    private let placed: ExtendedQuery

    /// How many deviations a one-bit estimate may be above the K-th distance before its vector is left out.
    static let deviations: Float = 2

    init(_ query: UnsafePointer<Float>, state: PartitionState, space: GraphSpace, scratch: PartitionScratch) {
        (self.query, self.state, self.space, self.scratch) = (query, state, space, scratch)
        let square = space.placeQuery(query, into: scratch.vector)
        placed = ExtendedQuery(
            rotated: scratch.vector, lengthSquare: square, width: scratch.width, tables: scratch.tables,
            bytes: scratch.bytes)
    }

    /// Ranks the nearest partitions; returns how many there are.
    func rank(_ wanted: Int) -> Int {
        state.withRows { $0.rank(placed, wanted: wanted, estimates: scratch.estimates, order: scratch.order) }
    }

    /// Leaves only these partitions, ascending, in a ranking of all.
    func keep(_ partitions: [Int], of count: Int) -> Int {
        var isKept = [Bool](repeating: false, count: state.bodies.count)
        for partition in partitions { isKept[partition] = true }
        var kept = 0
        for index in 0..<count where isKept[Int(scratch.order[index].partition)] {
            scratch.order[kept] = scratch.order[index]
            kept += 1
        }
        return kept
    }

    /// Makes sure that the ranked partitions may be read.
    func check(_ count: Int) throws(VectorIndexError) {
        guard let file = state.file else { return }
        for index in 0..<count { try file.check(partition: Int(scratch.order[index].partition)) }
    }

    /// The nearest vectors of the ranked partitions, into `scratch.best`; returns how many.
    func scan(_ count: Int, k: Int, limit: Int, masks: [UnsafePointer<UInt32>?]?) -> Int {
        for index in 0..<count { scratch.bases[Int(scratch.order[index].partition)] = scratch.order[index].distance }
        return state.withRows { rows in
            func scan(_ eligible: UnsafePointer<UnsafePointer<UInt32>?>?) -> Int {
                rows.scan(
                    placed, probes: scratch.order, count: count, eligible: eligible, deviations: Self.deviations,
                    k: k, limit: limit, best: scratch.best)
            }
            guard let masks else { return scan(nil) }
            return masks.withUnsafeBufferPointer { scan($0.baseAddress) }
        }
    }

    /// Turns the first vectors of `scratch.best` into results: by their kept vectors, or by their whole codes.
    func neighbours(_ count: Int, k: Int) -> [Neighbour] {
        var entries: [TopNeighbours.Entry] = []
        entries.reserveCapacity(count)
        switch state.settings.vectors {
        case .none: scoreCodes(count, into: &entries)
        case .float16: scoreHalves(count, into: &entries)
        case .float32: scoreVectors(count, into: &entries)
        }
        entries.sort { $0.precedes($1) }
        return entries.prefix(k).map {
            Neighbour(id: $0.id, score: state.metric.largerIsNearer ? $0.key : 0 - $0.key)
        }
    }

    private func body(_ index: Int) -> PartitionBody { state.bodies[Int(scratch.best[index].partition)] }

    private func append(_ key: Double, _ index: Int, to entries: inout [TopNeighbours.Entry]) {
        entries.append(
            TopNeighbours.Entry(key: Float(key), id: body(index).id(Int(scratch.best[index].slot))))
    }

    private var unit: Double { Double(space.scale) * Double(space.scale) }

    private func scoreCodes(_ count: Int, into entries: inout [TopNeighbours.Entry]) {
        let square = CodeKernels.norms(query, count: state.dimension).squares
        let whole = square + (state.metric == .cosine ? 1 : space.largestSquare)
        state.withRows { rows in
            for index in 0..<count {
                let entry = scratch.best[index]
                let distance =
                    Double(
                        rows.estimate(
                            placed, entry, base: scratch.bases[Int(entry.partition)], scratch: scratch.numbers)) / unit
                append(state.metric == .squaredL2 ? -max(0, distance) : (whole - distance) / 2, index, to: &entries)
            }
        }
    }

    private func scoreHalves(_ count: Int, into entries: inout [TopNeighbours.Entry]) {
        prefetch(0..<min(3, count))
        // The placed query is not needed any more.
        let added = state.metric.largerIsNearer ? space.uncentre(scratch.vector, query: query) : 0
        for index in 0..<count {
            if index + 3 < count { prefetch(index + 3..<index + 4) }
            let vector = UnsafeRawPointer(body(index).vector(Int(scratch.best[index].slot)))
            let key =
                state.metric.largerIsNearer
                ? Double(PartitionKernels.dot(scratch.vector, half: vector, width: scratch.width)) + added
                : -Double(PartitionKernels.squaredL2(scratch.vector, half: vector, width: scratch.width))
            append(key / unit, index, to: &entries)
        }
    }

    private func scoreVectors(_ count: Int, into entries: inout [TopNeighbours.Entry]) {
        prefetch(0..<min(3, count))
        for index in 0..<count {
            if index + 3 < count { prefetch(index + 3..<index + 4) }
            let vector = UnsafePointer(
                body(index).vector(Int(scratch.best[index].slot)).assumingMemoryBound(to: Float.self))
            let key =
                state.metric.largerIsNearer
                ? Distance.dot(query, vector, count: state.dimension)
                : -Distance.squaredL2(query, vector, count: state.dimension)
            append(Double(key), index, to: &entries)
        }
    }

    private func prefetch(_ range: Range<Int>) {
        for index in range {
            CodeKernels.prefetch(
                body(index).vector(Int(scratch.best[index].slot)), byteCount: state.layout.vectorSize)
        }
    }
}
