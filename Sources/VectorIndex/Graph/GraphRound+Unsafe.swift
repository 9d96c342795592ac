internal import VectorMath

/// A round of choosing neighbours: each vertex's are planned against the graph as it is, on all cores, and then all are written, with
/// edges back. What comes out depends on the round's vertices and the graph alone, never on the number of threads.
struct GraphRound {
    /// Vertices that one thread plans or writes at a time.
    private static let grain = 16
    /// More candidates than that are not looked at: the nearest of them.
    private static let mostCandidates = 128
    /// In a graph of fewer vertices each is compared with all others.
    static let fewest = 512

    let beam: Int

    /// Chooses neighbours for vertices whose vectors are in their rows, and links them.
    ///
    /// - Parameter others: Where the round compares with all vertices: those.
    func run(_ vertices: [UInt32], comparing others: [UInt32]?, in state: inout GraphState) {
        let lists = plan(vertices, comparing: others, in: state)
        let edges = ReverseEdges(lists, vertexEnd: state.vertexEnd)
        state.rows.makeWritable(edges.targets)
        write(lists, edges, in: state)
    }

    private func plan(_ vertices: [UInt32], comparing others: [UInt32]?, in state: GraphState) -> GraphLists {
        let lists = GraphLists(vertices, degree: state.layout.degree)
        state.withRows { rows in
            nonisolated(unsafe) let rows = rows
            parallelFor(vertices.count, grain: Self.grain) { block in
                let room = max(beam, others?.count ?? 0, state.layout.degree)
                state.scratches.use(vertexCount: state.vertexEnd, beam: room) { scratch in
                    for place in block {
                        lists.counts[place] = Int32(
                            choose(
                                vertices[place], comparing: others, rows, scratch,
                                into: lists.entries + place * lists.degree))
                    }
                }
            }
        }
        return lists
    }

    /// Chooses the neighbours of one vertex among what a walk towards it expands, and those that it has.
    private func choose(
        _ vertex: UInt32, comparing others: [UInt32]?, _ rows: GraphRows, _ scratch: GraphScratch,
        into kept: UnsafeMutablePointer<GraphEntry>
    ) -> Int {
        let candidates = scratch.popped
        rows.vector(vertex, into: scratch.vector)
        var count = 0
        if let others {
            for other in others where other != vertex {
                candidates[count] = GraphEntry(distance: 0, vertex: other)
                count += 1
            }
            rows.measure(scratch.vector, candidates, count: count)
        } else {
            let query = GraphQuery(
                rotated: scratch.vector,
                lengthSquare: Float(CodeKernels.norms(scratch.vector, count: scratch.width).squares),
                width: scratch.width, tables: scratch.tables)
            count = rows.search(
                query, beam: beam, once: false, room: scratch.room, visited: scratch.visited, popped: candidates,
                limit: GraphScratch.limit(beam: beam) - rows.layout.degree)
            count = add(neighboursOf: vertex, rows, scratch, to: candidates, count: count)
            count = without(vertex, candidates, count: count)
        }
        count = min(GraphRows.sort(candidates, count: count), Self.mostCandidates)
        return rows.prune(candidates, count: count, into: kept, scratch: scratch.numbers)
    }

    private func without(_ vertex: UInt32, _ entries: UnsafeMutablePointer<GraphEntry>, count: Int) -> Int {
        var kept = 0
        for index in 0..<count where entries[index].vertex != vertex {
            entries[kept] = entries[index]
            kept += 1
        }
        return kept
    }

    /// Appends the present neighbours of a vertex, whose vector is `scratch.vector`, with their distances.
    private func add(
        neighboursOf vertex: UInt32, _ rows: GraphRows, _ scratch: GraphScratch,
        to entries: UnsafeMutablePointer<GraphEntry>, count: Int
    ) -> Int {
        let own = withUnsafeTemporaryAllocation(of: UInt32.self, capacity: rows.layout.degree) { neighbours in
            guard let base = neighbours.baseAddress else { return 0 }
            let own = rows.neighbours(vertex, into: base)
            for index in 0..<own { entries[count + index] = GraphEntry(distance: 0, vertex: base[index]) }
            return own
        }
        rows.measure(scratch.vector, entries + count, count: own)
        return count + own
    }

    private func write(_ lists: GraphLists, _ edges: ReverseEdges, in state: GraphState) {
        var places = [Int32](repeating: -1, count: state.vertexEnd)
        for (place, vertex) in lists.vertices.enumerated() { places[Int(vertex)] = Int32(place) }
        state.withRows { rows in
            nonisolated(unsafe) let rows = rows
            parallelFor(edges.targets.count, grain: Self.grain) { block in
                for index in block {
                    let target = edges.targets[index]
                    let sources = edges.sources(of: target)
                    state.scratches.use(vertexCount: state.vertexEnd, beam: sources.count + lists.degree) { scratch in
                        let own = places[Int(target)] < 0 ? nil : lists.list(Int(places[Int(target)]))
                        write(target, own: own, sources: sources, rows, scratch)
                    }
                }
            }
        }
    }

    /// Writes the neighbours of one vertex: those that were chosen for it, or that it has, and of those that chose it what leads into
    /// other directions.
    private func write(
        _ target: UInt32, own: UnsafeBufferPointer<GraphEntry>?, sources: ArraySlice<GraphEntry>, _ rows: GraphRows,
        _ scratch: GraphScratch
    ) {
        let entries = scratch.popped
        var count = 0
        if let own {
            for entry in own {
                entries[count] = entry
                count += 1
            }
        } else {
            rows.vector(target, into: scratch.vector)
            count = add(neighboursOf: target, rows, scratch, to: entries, count: 0)
        }
        for entry in sources {
            entries[count] = entry
            count += 1
        }
        count = min(GraphRows.sort(entries, count: count), Self.mostCandidates)
        let kept = rows.prune(entries, count: count, into: scratch.best, scratch: scratch.numbers)
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * rows.layout.width) { vectors in
            guard let base = vectors.baseAddress else { return }
            rows.link(target, to: scratch.best, count: kept, scratch: base)
        }
    }

    /// Chooses new neighbours for vertices that lost some, from what is left and what the lost ones led to.
    ///
    /// - Parameter candidates: For each vertex, none twice and none itself.
    func relink(_ vertices: [UInt32], candidates: [[UInt32]], in state: inout GraphState) {
        state.rows.makeWritable(vertices)
        let lists = GraphLists(vertices, degree: state.layout.degree)
        state.withRows { rows in
            nonisolated(unsafe) let rows = rows
            func each(_ body: (Int, GraphScratch) -> Void) {
                withoutActuallyEscaping(body) { body in
                    nonisolated(unsafe) let body = body
                    parallelFor(vertices.count, grain: Self.grain) { block in
                        for place in block {
                            state.scratches.use(
                                vertexCount: state.vertexEnd, beam: max(candidates[place].count, lists.degree)
                            ) { body(place, $0) }
                        }
                    }
                }
            }
            each { place, scratch in
                let entries = scratch.popped
                for (index, vertex) in candidates[place].enumerated() {
                    entries[index] = GraphEntry(distance: 0, vertex: vertex)
                }
                rows.vector(vertices[place], into: scratch.vector)
                rows.measure(scratch.vector, entries, count: candidates[place].count)
                let count = min(GraphRows.sort(entries, count: candidates[place].count), Self.mostCandidates)
                lists.counts[place] = Int32(
                    rows.prune(
                        entries, count: count, into: lists.entries + place * lists.degree, scratch: scratch.numbers))
            }
            each { place, scratch in
                withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * rows.layout.width) { vectors in
                    guard let base = vectors.baseAddress, let list = lists.list(place).baseAddress else { return }
                    rows.link(vertices[place], to: list, count: lists.list(place).count, scratch: base)
                }
            }
        }
    }
}
