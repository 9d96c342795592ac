internal import VectorMath

/// Neighbours that were chosen for some vertices, before they are written: `degree` slots for each, and how many are used.
final class GraphLists: @unchecked Sendable {
    let vertices: [UInt32]
    let degree: Int
    let entries: UnsafeMutablePointer<GraphEntry>
    let counts: UnsafeMutablePointer<Int32>

    init(_ vertices: [UInt32], degree: Int) {
        self.vertices = vertices
        self.degree = degree
        entries = .allocate(capacity: max(1, vertices.count * degree))
        counts = .allocate(capacity: max(1, vertices.count))
        counts.initialize(repeating: 0, count: vertices.count)
    }

    deinit {
        entries.deallocate()
        counts.deallocate()
    }

    /// The chosen neighbours of the vertex at a place.
    func list(_ place: Int) -> UnsafeBufferPointer<GraphEntry> {
        UnsafeBufferPointer(start: entries + place * degree, count: Int(counts[place]))
    }
}

/// The edges of lists turned round: for each vertex that a list names, who names it.
struct ReverseEdges {
    /// The vertices that are named, or whose lists these are, ascending.
    let targets: [UInt32]
    private let starts: [Int32]
    private let sources: [GraphEntry]

    init(_ lists: GraphLists, vertexEnd: Int) {
        var starts = [Int32](repeating: 0, count: vertexEnd + 1)
        var isTarget = [Bool](repeating: false, count: vertexEnd)
        for (place, vertex) in lists.vertices.enumerated() {
            isTarget[Int(vertex)] = true
            for entry in lists.list(place) { starts[Int(entry.vertex) + 1] += 1 }
        }
        for vertex in 0..<vertexEnd {
            if starts[vertex + 1] > 0 { isTarget[vertex] = true }
            starts[vertex + 1] += starts[vertex]
        }
        var next = starts
        sources = [GraphEntry](unsafeUninitializedCapacity: Int(starts[vertexEnd])) { sources, count in
            for (place, vertex) in lists.vertices.enumerated() {
                for entry in lists.list(place) {
                    sources[Int(next[Int(entry.vertex)])] = GraphEntry(distance: entry.distance, vertex: vertex)
                    next[Int(entry.vertex)] += 1
                }
            }
            count = Int(starts[vertexEnd])
        }
        self.starts = starts
        targets = (0..<UInt32(vertexEnd)).filter { isTarget[Int($0)] }
    }

    /// Who names a vertex, and at what distance, in the order of the lists.
    func sources(of vertex: UInt32) -> ArraySlice<GraphEntry> {
        sources[Int(starts[Int(vertex)])..<Int(starts[Int(vertex) + 1])]
    }
}
