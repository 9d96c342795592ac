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

    /// Chooses neighbours for vertices whose vectors are in their rows, and links them. Returns the vertices that lost a link to others.
    ///
    /// - Parameter others: Where the round compares with all vertices: those.
    func run(_ vertices: [UInt32], comparing others: [UInt32]?, in state: inout GraphState) -> Set<UInt32> {
        let lists = plan(vertices, comparing: others, in: state)
        let edges = ReverseEdges(lists, vertexEnd: state.vertexEnd)
        state.rows.makeWritable(edges.targets)
        return write(lists, edges, in: state)
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
            count = rows.search(
                scratch.query(), beam: beam, once: false, room: scratch.room, visited: scratch.visited,
                popped: candidates,
                limit: GraphScratch.limit(beam: beam) - rows.layout.degree)
            count = scratch.append(neighboursOf: vertex, in: rows, count: count)
            count = without(vertex, candidates, count: count)
        }
        count = min(scratch.sort(candidates, count: count), Self.mostCandidates)
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

    private func write(_ lists: GraphLists, _ edges: ReverseEdges, in state: GraphState) -> Set<UInt32> {
        var places = [Int32](repeating: -1, count: state.vertexEnd)
        for (place, vertex) in lists.vertices.enumerated() { places[Int(vertex)] = Int32(place) }
        let positions = places
        let dropped = state.withRows { rows in
            nonisolated(unsafe) let rows = rows
            return parallelMap(edges.targets.count, grain: Self.grain) { index in
                let target = edges.targets[index]
                let sources = edges.sources(of: target)
                return state.scratches.use(
                    vertexCount: state.vertexEnd, beam: sources.count + lists.degree
                ) { scratch in
                    let own = positions[Int(target)] < 0 ? nil : lists.list(Int(positions[Int(target)]))
                    return write(target, own: own, sources: sources, rows, scratch)
                }
            }
        }
        return dropped.reduce(into: []) { $0.formUnion($1) }
    }

    /// Writes the neighbours of one vertex: those that were chosen for it, or that it has, and of those that chose it what leads into
    /// other directions. Returns the neighbours that it had and has no more.
    private func write(
        _ target: UInt32, own: UnsafeBufferPointer<GraphEntry>?, sources: ArraySlice<GraphEntry>, _ rows: GraphRows,
        _ scratch: GraphScratch
    ) -> [UInt32] {
        let entries = scratch.popped
        var count = 0
        if let own {
            for entry in own {
                entries[count] = entry
                count += 1
            }
        } else {
            rows.vector(target, into: scratch.vector)
            count = scratch.append(neighboursOf: target, in: rows, count: 0)
        }
        for entry in sources {
            entries[count] = entry
            count += 1
        }
        count = min(scratch.sort(entries, count: count), Self.mostCandidates)
        let kept = rows.prune(entries, count: count, into: scratch.best, scratch: scratch.numbers)
        return link(target, to: scratch.best, count: kept, rows)
    }

    /// Gives a vertex new neighbours; returns those that it had and has no more.
    private func link(
        _ vertex: UInt32, to entries: UnsafeMutablePointer<GraphEntry>, count: Int, _ rows: GraphRows
    ) -> [UInt32] {
        withUnsafeTemporaryAllocation(of: UInt32.self, capacity: rows.layout.degree) { list in
            guard let before = list.baseAddress else { return [] }
            let had = rows.neighbours(vertex, into: before)
            rows.link(vertex, to: entries, count: count)
            return (0..<had).map { before[$0] }.filter { neighbour in
                !(0..<count).contains { entries[$0].vertex == neighbour }
            }
        }
    }

    /// Chooses new neighbours for vertices that lost some, from what is left and what the lost ones led to. Returns the vertices that
    /// lost a link to others.
    ///
    /// - Parameter candidates: For each vertex, none twice and none itself.
    func relink(_ vertices: [UInt32], candidates: [[UInt32]], in state: inout GraphState) -> Set<UInt32> {
        state.rows.makeWritable(vertices)
        let lists = GraphLists(vertices, degree: state.layout.degree)
        let dropped = state.withRows { rows in
            nonisolated(unsafe) let rows = rows
            func each<R: Sendable>(_ body: (Int, GraphScratch) -> R) -> [R] {
                withoutActuallyEscaping(body) { body in
                    nonisolated(unsafe) let body = body
                    return parallelMap(vertices.count, grain: Self.grain) { place in
                        state.scratches.use(
                            vertexCount: state.vertexEnd, beam: max(candidates[place].count, lists.degree)
                        ) { body(place, $0) }
                    }
                }
            }
            _ = each { place, scratch in
                let entries = scratch.popped
                for (index, vertex) in candidates[place].enumerated() {
                    entries[index] = GraphEntry(distance: 0, vertex: vertex)
                }
                rows.vector(vertices[place], into: scratch.vector)
                rows.measure(scratch.vector, entries, count: candidates[place].count)
                let count = min(scratch.sort(entries, count: candidates[place].count), Self.mostCandidates)
                lists.counts[place] = Int32(
                    rows.prune(
                        entries, count: count, into: lists.entries + place * lists.degree, scratch: scratch.numbers))
            }
            return each { place, _ in
                link(vertices[place], to: lists.entries + place * lists.degree, count: Int(lists.counts[place]), rows)
            }
        }
        return dropped.reduce(into: []) { $0.formUnion($1) }
    }
}
