internal import VectorMath

/// Which vertices a breadth-first walk from the entries reaches, and what links those that it does not.
final class GraphReach {
    private let queue: UnsafeMutablePointer<UInt32>
    private let reached: UnsafeMutablePointer<UInt32>
    /// Where each vertex was reached from; an entry from nowhere.
    private let parents: UnsafeMutablePointer<UInt32>
    private var filled = 0
    private let vertexEnd: Int
    private static let nowhere = UInt32.max

    init(_ state: GraphState) {
        vertexEnd = state.vertexEnd
        queue = .allocate(capacity: max(1, vertexEnd))
        reached = .allocate(capacity: vertexEnd / 32 + 1)
        reached.initialize(repeating: 0, count: vertexEnd / 32 + 1)
        parents = .allocate(capacity: max(1, vertexEnd))
        parents.initialize(repeating: Self.nowhere, count: vertexEnd)
        for vertex in state.entryVertices where !isReached(vertex) { mark(vertex, from: Self.nowhere) }
        walk(state, from: 0)
    }

    deinit {
        queue.deallocate()
        reached.deallocate()
        parents.deallocate()
    }

    private func isReached(_ vertex: UInt32) -> Bool { reached[Int(vertex) >> 5] >> (vertex & 31) & 1 == 1 }

    private func mark(_ vertex: UInt32, from parent: UInt32) {
        reached[Int(vertex) >> 5] |= 1 << (vertex & 31)
        parents[Int(vertex)] = parent
        queue[filled] = vertex
        filled += 1
    }

    private func walk(_ state: GraphState, from start: Int) {
        filled = state.withRows {
            $0.reach(queue, done: start, filled: filled, reached: reached, parents: parents)
        }
    }

    /// The vertices in use that are not reached, ascending.
    func unreached(_ state: GraphState) -> [UInt32] {
        (0..<UInt32(vertexEnd)).filter { !isReached($0) && state.isLive($0) }
    }

    /// Links what is not reached from the nearest vertices that are, and returns how many links that took.
    ///
    /// A link takes the place of one that no other vertex was reached by, so that nothing else is lost.
    func linkAll(_ state: inout GraphState, beam: Int) -> Int {
        var links = 0
        for vertex in unreached(state) where !isReached(vertex) {
            guard let parent = link(vertex, in: &state, beam: beam) else { continue }
            let start = filled
            mark(vertex, from: parent)
            walk(state, from: start)
            links += 1
        }
        return links
    }

    private func link(_ vertex: UInt32, in state: inout GraphState, beam: Int) -> UInt32? {
        var width = max(beam, 2 * state.layout.degree)
        while true {
            let near = nearReached(vertex, state, beam: width)
            for parent in near {
                if replaceLink(of: parent, by: vertex, in: &state) { return parent }
            }
            // All links of all these are needed: wider.
            guard near.count < filled, width < 2 * vertexEnd else { return nil }
            width *= 2
        }
    }

    /// What a walk towards a vertex meets, nearest first; all of it is reached.
    private func nearReached(_ vertex: UInt32, _ state: GraphState, beam: Int) -> [UInt32] {
        state.scratches.use(vertexCount: vertexEnd, beam: beam) { scratch in
            state.withRows { rows in
                rows.vector(vertex, into: scratch.vector)
                let query = GraphQuery(
                    rotated: scratch.vector,
                    lengthSquare: Float(CodeKernels.norms(scratch.vector, count: scratch.width).squares),
                    width: scratch.width, tables: scratch.tables)
                let count = rows.search(
                    query, beam: beam, once: true, room: scratch.room, visited: scratch.visited, popped: scratch.popped,
                    limit: GraphScratch.limit(beam: beam))
                let sorted = GraphRows.sort(scratch.popped, count: count)
                return (0..<sorted).map { scratch.popped[$0].vertex }
            }
        }
    }

    /// Puts a vertex into a free slot of another's list, or in place of the farthest neighbour that was not reached from here.
    private func replaceLink(of parent: UInt32, by vertex: UInt32, in state: inout GraphState) -> Bool {
        let degree = state.layout.degree
        guard parent != vertex else { return false }
        state.rows.makeWritable(CollectionOfOne(parent))
        return state.scratches.use(vertexCount: vertexEnd, beam: degree) { scratch in
            state.withRows { rows in
                withUnsafeTemporaryAllocation(of: UInt32.self, capacity: degree) { neighbours in
                    guard let base = neighbours.baseAddress else { return false }
                    let entries = scratch.popped
                    var count = rows.neighbours(parent, into: base)
                    for index in 0..<count { entries[index] = GraphEntry(distance: 0, vertex: base[index]) }
                    rows.vector(parent, into: scratch.vector)
                    rows.measure(scratch.vector, entries, count: count)
                    count = GraphRows.sort(entries, count: count)
                    if count == degree {
                        guard let place = (0..<count).last(where: { parents[Int(entries[$0].vertex)] != parent })
                        else { return false }
                        entries[place] = GraphEntry(distance: 0, vertex: vertex)
                    } else {
                        entries[count] = GraphEntry(distance: 0, vertex: vertex)
                        count += 1
                    }
                    withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * rows.layout.width) { vectors in
                        guard let room = vectors.baseAddress else { return }
                        rows.link(parent, to: entries, count: count, scratch: room)
                    }
                    return true
                }
            }
        }
    }
}
