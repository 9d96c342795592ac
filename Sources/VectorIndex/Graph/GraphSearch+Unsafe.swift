internal import VectorMath

/// One search of a graph: a placed query on some scratch memory.
struct GraphSearch {
    let state: GraphState
    let scratch: GraphScratch
    /// `[D]`, prepared as the index's own vectors.
    let query: UnsafePointer<Float>
    private let placed: GraphQuery

    /// - Parameter beam: What the scratch memory was prepared for at least.
    init(_ query: UnsafePointer<Float>, state: GraphState, space: GraphSpace, scratch: GraphScratch) {
        self.state = state
        self.scratch = scratch
        self.query = query
        let square = space.placeQuery(query, into: scratch.vector)
        placed = GraphQuery(
            rotated: scratch.vector, lengthSquare: square, width: scratch.width, tables: scratch.tables)
    }

    /// Of a beam that is hardly wider than as many as are wanted, places for vertices that stand in it twice are missed.
    private static let manyWanted = 64

    /// Expands vertices, at least so many where there are, into `scratch.popped`.
    func expand(beam: Int, atLeast wanted: Int) throws(VectorIndexError) -> Int {
        if wanted > Self.manyWanted, beam < 2 * wanted { return try expand(beam: beam, once: true) }
        let count = try expand(beam: beam, once: false)
        return count >= min(wanted, state.vertexCount) ? count : try expand(beam: beam, once: true)
    }

    /// A walk that comes to a row of a file that was not checked yet begins anew when it is.
    private func expand(beam: Int, once: Bool) throws(VectorIndexError) -> Int {
        while true {
            var unchecked: UInt32 = 0
            let count = state.withRows {
                $0.search(
                    placed, beam: beam, once: once, room: scratch.room, visited: scratch.visited,
                    popped: scratch.popped, limit: GraphScratch.limit(beam: beam), unchecked: &unchecked)
            }
            guard let file = state.file, count == nil else { return count ?? 0 }
            try file.check(row: unchecked)
        }
    }

    /// Of the expanded vertices, moves those with an id among the candidates to the front; returns how many.
    func filter(_ count: Int, among candidates: CandidateSet) throws(VectorIndexError) -> Int {
        var kept = 0
        for index in 0..<count {
            let entry = scratch.popped[index]
            try state.file?.check(id: entry.vertex)
            let isIn =
                candidates.contains(state.id(entry.vertex))
                || state.twins[entry.vertex]?.contains { candidates.contains($0) } ?? false
            if isIn {
                scratch.popped[kept] = entry
                kept += 1
            }
        }
        return kept
    }

    /// The nearest of the expanded vertices, into `scratch.best`.
    func best(_ count: Int, limit: Int) -> Int {
        GraphRows.best(scratch.popped, count: count, limit: limit, into: scratch.best)
    }

    /// The most vertices that one call compares.
    static let tile = 256

    /// The nearest of the first vertices of `scratch.best` and of these others, into `scratch.best`.
    func best(_ count: Int, and vertices: ArraySlice<UInt32>, limit: Int) -> Int {
        let entries = scratch.popped
        precondition(vertices.count <= Self.tile && count <= limit, "\(count) and \(vertices.count) vertices")
        entries.update(from: scratch.best, count: count)
        for (place, vertex) in vertices.enumerated() {
            entries[count + place] = GraphEntry(distance: 0, vertex: vertex)
        }
        state.withRows { $0.measure(scratch.vector, entries + count, count: vertices.count) }
        return best(count + vertices.count, limit: limit)
    }

    /// Turns the first vertices of `scratch.best` into results: exact where vectors are kept, else from the rows.
    func neighbours(
        _ count: Int, space: GraphSpace, k: Int, allowed: CandidateSet?
    ) throws(VectorIndexError) -> [Neighbour] {
        if let file = state.file {
            for index in 0..<count {
                try file.check(id: scratch.best[index].vertex)
                if state.vectors != nil { try file.check(vector: scratch.best[index].vertex) }
            }
        }
        var entries: [TopNeighbours.Entry] = []
        entries.reserveCapacity(count)
        if state.metric.largerIsNearer, state.vectors == nil {
            // The placed query is not needed any more.
            let added = space.uncentre(scratch.vector, query: query)
            state.withRows { $0.dots(scratch.vector, scratch.best, count: count, into: scratch.numbers) }
            let unit = Double(space.scale) * Double(space.scale)
            for index in 0..<count {
                append((Double(scratch.numbers[index]) + added) / unit, index, allowed, to: &entries)
            }
        } else if let vectors = state.vectors {
            for index in 0..<count {
                if index + 2 < count {
                    CodeKernels.prefetch(
                        vectors.row(Int(scratch.best[index + 2].vertex)), byteCount: 4 * state.dimension)
                }
                let vector = vectors.row(Int(scratch.best[index].vertex)).assumingMemoryBound(to: Float.self)
                let score =
                    state.metric.largerIsNearer
                    ? Distance.dot(query, vector, count: state.dimension)
                    : -Distance.squaredL2(query, vector, count: state.dimension)
                append(Double(score), index, allowed, to: &entries)
            }
        } else {
            let unit = Double(space.scale) * Double(space.scale)
            for index in 0..<count {
                append(-Double(scratch.best[index].distance) / unit, index, allowed, to: &entries)
            }
        }
        entries.sort { $0.precedes($1) }
        return entries.prefix(k).map {
            Neighbour(id: $0.id, score: state.metric.largerIsNearer ? $0.key : 0 - $0.key)
        }
    }

    private func append(
        _ key: Double, _ index: Int, _ allowed: CandidateSet?, to entries: inout [TopNeighbours.Entry]
    ) {
        let (vertex, key) = (scratch.best[index].vertex, Float(key))
        guard !state.twins.isEmpty, let twins = state.twins[vertex] else {
            entries.append(TopNeighbours.Entry(key: key, id: state.id(vertex)))
            return
        }
        for id in [state.id(vertex)] + twins where allowed?.contains(id) ?? true {
            entries.append(TopNeighbours.Entry(key: key, id: id))
        }
    }
}
