internal import VectorMath

/// The memory of one search at a time.
final class GraphScratch: @unchecked Sendable {
    let width: Int
    /// A placed query or vector.
    let vector: UnsafeMutablePointer<Float>
    let tables: UnsafeMutablePointer<UInt8>
    private(set) var visited: UnsafeMutablePointer<UInt32>
    /// Room for the beam.
    private(set) var room: UnsafeMutablePointer<UInt64>
    private(set) var popped: UnsafeMutablePointer<GraphEntry>
    /// Room for as many entries as `popped`.
    private(set) var best: UnsafeMutablePointer<GraphEntry>
    private(set) var numbers: UnsafeMutablePointer<Float>
    private var vertexCount = 0
    private var beam = 0

    /// A search ends after it expanded so many vertices.
    static func limit(beam: Int) -> Int { 4 * beam + 256 }

    init(width: Int) {
        self.width = width
        vector = Self.lines(width)
        tables = Self.lines(4 * width)
        (visited, room, popped) = (.allocate(capacity: 1), .allocate(capacity: 1), .allocate(capacity: 1))
        (best, numbers) = (.allocate(capacity: 1), .allocate(capacity: 1))
    }

    /// Memory whose vectors of 64 bytes lie in one cache line each.
    private static func lines<Element: BitwiseCopyable>(_ count: Int) -> UnsafeMutablePointer<Element> {
        UnsafeMutableRawPointer.allocate(byteCount: count * MemoryLayout<Element>.stride, alignment: 64)
            .bindMemory(to: Element.self, capacity: count)
    }

    /// Makes room for searches of that beam in a graph of so many vertices.
    func prepare(vertexCount: Int, beam: Int) {
        if vertexCount > self.vertexCount {
            self.vertexCount = max(vertexCount, 2 * self.vertexCount)
            visited.deallocate()
            visited = .allocate(capacity: self.vertexCount / 32 + 1)
            visited.initialize(repeating: 0, count: self.vertexCount / 32 + 1)
        }
        if beam > self.beam {
            self.beam = beam
            room.deallocate()
            popped.deallocate()
            best.deallocate()
            numbers.deallocate()
            let limit = Self.limit(beam: beam)
            (room, popped, best) = (
                Self.lines(GraphRows.room(beam: beam)), .allocate(capacity: limit), .allocate(capacity: limit)
            )
            numbers = .allocate(capacity: limit + width)
        }
    }

    /// `vector` as a query.
    func query() -> GraphQuery {
        GraphQuery(
            rotated: vector, lengthSquare: Float(CodeKernels.norms(vector, count: width).squares), width: width,
            tables: tables)
    }

    /// Sorts entries by distance; each vertex stays once.
    func sort(_ entries: UnsafeMutablePointer<GraphEntry>, count: Int) -> Int {
        GraphRows.sort(entries, count: count, visited: visited)
    }

    /// Appends the neighbours of a vertex to `popped`, with their distances from `vector`; returns how many are there then.
    func append(neighboursOf vertex: UInt32, in rows: GraphRows, count: Int) -> Int {
        let entries = popped + count
        let own = withUnsafeTemporaryAllocation(of: UInt32.self, capacity: rows.layout.degree) { neighbours in
            guard let base = neighbours.baseAddress else { return 0 }
            let own = rows.neighbours(vertex, into: base)
            for index in 0..<own { entries[index] = GraphEntry(distance: 0, vertex: base[index]) }
            return own
        }
        rows.measure(vector, entries, count: own)
        return count + own
    }

    deinit {
        vector.deallocate()
        tables.deallocate()
        visited.deallocate()
        room.deallocate()
        popped.deallocate()
        best.deallocate()
        numbers.deallocate()
    }
}

/// Scratch memory that waits for the next search: about one for each thread that searched at once.
final class GraphScratchPool: Sendable {
    private let width: Int
    private let waiting = Guarded<[GraphScratch]>([])

    init(width: Int) { self.width = width }

    func use<R, Failure: Error>(
        vertexCount: Int, beam: Int, _ body: (GraphScratch) throws(Failure) -> R
    ) throws(Failure) -> R {
        let scratch = take(vertexCount: vertexCount, beam: beam)
        defer { waiting.withLock { $0.append(scratch) } }
        return try body(scratch)
    }

    /// Lends memory for several searches at once.
    func use<R, Failure: Error>(
        _ count: Int, vertexCount: Int, beam: Int, _ body: ([GraphScratch]) throws(Failure) -> R
    ) throws(Failure) -> R {
        let scratches = (0..<count).map { _ in take(vertexCount: vertexCount, beam: beam) }
        defer { waiting.withLock { $0 += scratches } }
        return try body(scratches)
    }

    private func take(vertexCount: Int, beam: Int) -> GraphScratch {
        let scratch = waiting.withLock { $0.popLast() } ?? GraphScratch(width: width)
        scratch.prepare(vertexCount: vertexCount, beam: beam)
        return scratch
    }
}
