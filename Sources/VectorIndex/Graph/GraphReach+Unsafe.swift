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
    /// Links that were made so that a search finds what they lead to: parent and vertex in one number.
    private var madeLinks: Set<UInt64> = []

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

    /// Half of the narrowest beam that is calibrated: what so narrow a walk finds, others find whatever rounding does to their query.
    private static let lookingBeam = 5
    /// How often vertices that lost a link to others are looked for.
    private static let passes = 8

    /// Links what is not reached from the nearest vertices that are.
    ///
    /// A link takes the place of one that no other vertex was reached by, so that nothing else is lost.
    func linkAll(_ state: inout GraphState, beam: Int) {
        for vertex in unreached(state) where !isReached(vertex) {
            guard let parent = link(vertex, in: &state, beam: beam) else { continue }
            let start = filled
            mark(vertex, from: parent)
            walk(state, from: start)
        }
    }

    private func link(_ vertex: UInt32, in state: inout GraphState, beam: Int) -> UInt32? {
        var width = max(beam, 2 * state.layout.degree)
        while true {
            let near = nearReached(vertex, state, beam: width)
            for parent in near {
                if replaceLink(of: parent, by: vertex, in: &state) != nil { return parent }
            }
            // All links of all these are needed: wider.
            guard near.count < filled, width < 2 * vertexEnd else { return nil }
            width *= 2
        }
    }

    /// Links vertices that the narrowest walk towards them does not find, from where that walk ended: a path to each is not enough where
    /// searches do not take it. A vertex that loses a link to one of them is looked for in turn; a link that was made here is not taken
    /// back.
    ///
    /// - Parameter doubtful: In use, ascending.
    func linkUnfound(_ doubtful: [UInt32], in state: inout GraphState) {
        var doubtful = doubtful
        for _ in 0..<Self.passes where !doubtful.isEmpty {
            let (current, asked) = (state, doubtful)
            let ends = parallelMap(asked.count, grain: 16) { place in
                let near = self.nearReached(asked[place], current, beam: Self.lookingBeam, once: false)
                return near.contains(asked[place]) ? [] : near
            }
            var displaced = Set<UInt32>()
            for (vertex, near) in zip(asked, ends) {
                for parent in near {
                    guard let replacement = replaceLink(of: parent, by: vertex, in: &state) else { continue }
                    if let other = replacement.displaced { displaced.insert(other) }
                    madeLinks.insert(Self.link(parent, vertex))
                    break
                }
            }
            doubtful = displaced.sorted()
        }
    }

    /// What a walk towards a vertex meets, nearest first; all of it is reached.
    private func nearReached(_ vertex: UInt32, _ state: GraphState, beam: Int, once: Bool = true) -> [UInt32] {
        state.scratches.use(vertexCount: vertexEnd, beam: beam) { scratch in
            state.withRows { rows in
                rows.vector(vertex, into: scratch.vector)
                let count = rows.search(
                    scratch.query(), beam: beam, once: once, room: scratch.room, visited: scratch.visited,
                    popped: scratch.popped,
                    limit: GraphScratch.limit(beam: beam))
                let sorted = scratch.sort(scratch.popped, count: count)
                return (0..<sorted).map { scratch.popped[$0].vertex }
            }
        }
    }

    private static func link(_ parent: UInt32, _ vertex: UInt32) -> UInt64 { UInt64(parent) << 32 | UInt64(vertex) }

    /// A link that was made, and the neighbour that made room for it.
    private struct Replacement {
        var displaced: UInt32?
    }

    /// Puts a vertex into a free slot of another's list, or in place of the farthest neighbour that was not reached from here; nil
    /// where there is none.
    private func replaceLink(of parent: UInt32, by vertex: UInt32, in state: inout GraphState) -> Replacement? {
        let degree = state.layout.degree
        guard parent != vertex else { return nil }
        state.rows.makeWritable(CollectionOfOne(parent))
        return state.scratches.use(vertexCount: vertexEnd, beam: degree) { scratch in
            state.withRows { rows in
                let entries = scratch.popped
                rows.vector(parent, into: scratch.vector)
                var count = scratch.sort(entries, count: scratch.append(neighboursOf: parent, in: rows, count: 0))
                var replacement = Replacement()
                if count == degree {
                    let place = (0..<count).last {
                        let other = entries[$0].vertex
                        return parents[Int(other)] != parent && !madeLinks.contains(Self.link(parent, other))
                    }
                    guard let place else { return nil }
                    replacement.displaced = entries[place].vertex
                    entries[place] = GraphEntry(distance: 0, vertex: vertex)
                } else {
                    entries[count] = GraphEntry(distance: 0, vertex: vertex)
                    count += 1
                }
                rows.link(parent, to: entries, count: count)
                return replacement
            }
        }
    }
}
