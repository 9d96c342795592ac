internal import CAttuneKernels

/// A vertex of a neighbour graph and its distance, or an estimate of it.
package struct GraphEntry: Equatable, Sendable {
    package var distance: Float
    package var vertex: UInt32

    package init(distance: Float, vertex: UInt32) {
        (self.distance, self.vertex) = (distance, vertex)
    }
}

/// How a graph's rows lie in memory; the layout of a row stands in `attune_graph.h`.
package struct GraphRowLayout: Equatable, Sendable {
    /// What a row keeps of its vector.
    package enum Form: Sendable {
        /// Half precision.
        case float16
        /// A byte a coordinate, with a step and a lowest value a row.
        case bytes
    }

    /// Coordinates, a multiple of 64.
    package let width: Int
    /// Slots for neighbours, a multiple of 32.
    package let degree: Int
    package let form: Form
    /// Whether a row has a number that is added to its distances.
    package let hasAddends: Bool

    package init(width: Int, degree: Int, form: Form, hasAddends: Bool) {
        precondition(width > 0 && width % Int(ATTUNE_CODE_UNIT) == 0, "rows of \(width) coordinates")
        precondition(degree > 0 && degree % Int(ATTUNE_GRAPH_BLOCK) == 0, "\(degree) neighbours a vertex")
        (self.width, self.degree, self.form, self.hasAddends) = (width, degree, form, hasAddends)
    }

    package static let blockCount = Int(ATTUNE_GRAPH_BLOCK)

    /// The bytes of 32 neighbours: codes, factors, vertex numbers.
    package var listSize: Int { attune_graph_list_size(width) }
    /// The bytes of the vector, after which the neighbours stand.
    package var vectorSize: Int { form == .float16 ? 2 * width : width }
    /// The bytes of a row, a multiple of 64.
    package var rowSize: Int { extra + (hasExtra ? 64 : 0) }
    /// The bytes of the three floats, where a row has them: they stand at its last 64 bytes.
    package var extraSize: Int { hasExtra ? 12 : 0 }
    private var hasExtra: Bool { form == .bytes || hasAddends }
    private var listCount: Int { degree / Self.blockCount }
    private var extra: Int { vectorSize + listCount * listSize }

    fileprivate func graph(
        blocks: UnsafePointer<UnsafeMutablePointer<UInt8>>, shift: Int, capacity: Int, entries: UnsafePointer<UInt8>?,
        entryBlocks: Int, checked: UnsafeRawPointer?, offset: Int
    ) -> attune_graph {
        attune_graph(
            blocks: blocks, shift: UInt32(shift), capacity: UInt32(capacity), row_size: rowSize, width: width,
            lists: vectorSize, list_count: listCount, extra: hasExtra ? extra : 0,
            form: form == .float16 ? attune_graph_form_f16 : attune_graph_form_u8, entries: entries,
            entry_blocks: entryBlocks, checked: checked?.assumingMemoryBound(to: UInt64.self), offset: offset)
    }
}

/// A query as the codes of a graph are read with it; it points into memory of its maker.
package struct GraphQuery {
    fileprivate let query: attune_graph_query

    /// Makes the tables of a rotated query `[width]` in room for 4 · width bytes.
    package init(
        rotated vector: UnsafePointer<Float>, lengthSquare: Float, width: Int, tables: UnsafeMutablePointer<UInt8>
    ) {
        var (step, offset): (Float, Float) = (0, 0)
        attune_graph_tables(Kernels.current.table, vector, width, tables, &step, &offset)
        query = attune_graph_query(
            vector: vector, tables: tables, step: step, offset: offset, length_square: lengthSquare)
    }
}

/// The rows of a graph: runs of them in memory that somebody else owns.
package struct GraphRows {
    private let graph: attune_graph
    package let layout: GraphRowLayout
    private var table: UnsafePointer<attune_kernels> { Kernels.current.table }

    /// - Parameters:
    ///   - checked: Of rows in a file, a bit for each of its pages, 1 where it may be read; nil where all may.
    ///   - offset: Where in that file the rows begin.
    package init(
        layout: GraphRowLayout, blocks: UnsafePointer<UnsafeMutablePointer<UInt8>>, shift: Int, capacity: Int,
        entries: UnsafePointer<UInt8>?, entryBlocks: Int, checked: UnsafeRawPointer? = nil, offset: Int = 0
    ) {
        self.layout = layout
        graph = layout.graph(
            blocks: blocks, shift: shift, capacity: capacity, entries: entries, entryBlocks: entryBlocks,
            checked: checked, offset: offset)
    }

    // MARK: Searching

    /// The numbers that a search's beam takes.
    package static func room(beam: Int) -> Int { beam + 15 }

    /// Expands the nearest known vertex until the `beam` nearest known ones are expanded.
    ///
    /// - Parameters:
    ///   - once: Whether a vertex stands in the beam once, by its first estimate.
    ///   - room: Room for ``room(beam:)`` numbers.
    ///   - visited: A bit for each vertex, all 0, and 0 again when this returns.
    ///   - popped: Gets the expanded vertices with exact distances; the search ends when its `limit` are there.
    ///   - unchecked: Where the search came to a row that may not be read yet, gets that vertex.
    /// - Returns: How many were expanded; nil where the search ended at such a row.
    package func search(
        _ query: GraphQuery, beam: Int, once: Bool, room: UnsafeMutablePointer<UInt64>,
        visited: UnsafeMutablePointer<UInt32>, popped: UnsafeMutablePointer<GraphEntry>, limit: Int,
        unchecked: inout UInt32
    ) -> Int? {
        let count = withGraph { graph in
            withUnsafeMutablePointer(to: &unchecked) { unchecked in
                var query = query.query
                var scratch = attune_graph_scratch(
                    beam: room, visited: visited, popped: Self.c(popped), capacity: limit, unchecked: unchecked)
                return attune_graph_search(table, graph, &query, beam, once ? 1 : 0, &scratch)
            }
        }
        return count == -1 ? nil : count
    }

    /// The same of rows in memory, all of which may be read.
    package func search(
        _ query: GraphQuery, beam: Int, once: Bool, room: UnsafeMutablePointer<UInt64>,
        visited: UnsafeMutablePointer<UInt32>, popped: UnsafeMutablePointer<GraphEntry>, limit: Int
    ) -> Int {
        var unchecked: UInt32 = 0
        let count = search(
            query, beam: beam, once: once, room: room, visited: visited, popped: popped, limit: limit,
            unchecked: &unchecked)
        guard let count else { preconditionFailure("a search of rows that were not checked") }
        return count
    }

    /// The nearest `limit` of some entries, in order.
    package static func best(
        _ entries: UnsafePointer<GraphEntry>, count: Int, limit: Int, into best: UnsafeMutablePointer<GraphEntry>
    ) -> Int {
        attune_graph_best(c(entries), count, limit, c(best))
    }

    /// Sorts entries by distance, ties by the lower number; each vertex stays once.
    ///
    /// - Parameter visited: A bit for each vertex, all 0.
    package static func sort(
        _ entries: UnsafeMutablePointer<GraphEntry>, count: Int, visited: UnsafeMutablePointer<UInt32>
    ) -> Int {
        attune_graph_sort(c(entries), count, visited)
    }

    /// Fills in the distances of entries to a rotated query.
    package func measure(_ query: UnsafePointer<Float>, _ entries: UnsafeMutablePointer<GraphEntry>, count: Int) {
        withGraph { attune_graph_measure(table, $0, query, Self.c(entries), count) }
    }

    /// The inner products of a rotated query with vertices' vectors.
    package func dots(
        _ query: UnsafePointer<Float>, _ entries: UnsafePointer<GraphEntry>, count: Int,
        into dots: UnsafeMutablePointer<Float>
    ) {
        withGraph { attune_graph_dots(table, $0, query, Self.c(entries), count, dots) }
    }

    // MARK: Rows

    /// Writes a row: the vector `[width]`, what is added to its distances, no neighbours.
    package func setVector(_ vertex: UInt32, _ vector: UnsafePointer<Float>, addend: Float) {
        withGraph { attune_graph_set_vector(table, $0, vertex, vector, addend) }
    }

    /// A row's vector as it was kept.
    package func vector(_ vertex: UInt32, into vector: UnsafeMutablePointer<Float>) {
        withGraph { attune_graph_vector(table, $0, vertex, vector) }
    }

    /// Writes the numbers of a vertex's neighbours into room for `degree`, and returns how many they are.
    package func neighbours(_ vertex: UInt32, into neighbours: UnsafeMutablePointer<UInt32>) -> Int {
        withGraph { attune_graph_neighbours($0, vertex, neighbours) }
    }

    /// Chooses at most `degree` of sorted candidates that lead into different directions.
    ///
    /// - Parameter scratch: Room for 2·`count` + width.
    package func prune(
        _ candidates: UnsafePointer<GraphEntry>, count: Int, into kept: UnsafeMutablePointer<GraphEntry>,
        scratch: UnsafeMutablePointer<Float>
    ) -> Int {
        withGraph { attune_graph_prune(table, $0, Self.c(candidates), count, layout.degree, Self.c(kept), scratch) }
    }

    /// Makes vertices the neighbours of one.
    package func link(_ vertex: UInt32, to neighbours: UnsafePointer<GraphEntry>, count: Int) {
        precondition(count <= layout.degree, "\(count) neighbours in \(layout.degree) slots")
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * layout.width) { scratch in
            guard let scratch = scratch.baseAddress else { return }
            withGraph { attune_graph_link(table, $0, vertex, Self.c(neighbours), count, scratch) }
        }
    }

    /// Blocks of entry vertices: what a search begins with.
    package func entryBlocks(of vertices: [UInt32]) -> Matrix<UInt8> {
        let blocks = (vertices.count + GraphRowLayout.blockCount - 1) / GraphRowLayout.blockCount
        var matrix = Matrix<UInt8>(rows: 1, columns: blocks * layout.listSize)
        var scratch = Matrix<Float>(uninitializedRows: 2, columns: layout.width)
        matrix.withUnsafeMutablePointer { matrix in
            scratch.withUnsafeMutablePointer { scratch in
                withGraph { attune_graph_make_entries(table, $0, vertices, vertices.count, matrix, scratch) }
            }
        }
        return matrix
    }

    /// Goes breadth first from `queue[done..<filled]` on and returns the new `filled`.
    package func reach(
        _ queue: UnsafeMutablePointer<UInt32>, done: Int, filled: Int, reached: UnsafeMutablePointer<UInt32>,
        parents: UnsafeMutablePointer<UInt32>
    ) -> Int {
        withGraph { attune_graph_reach($0, queue, done, filled, reached, parents) }
    }

    private func withGraph<R>(_ body: (UnsafePointer<attune_graph>) -> R) -> R {
        withUnsafePointer(to: graph, body)
    }

    // The C struct has the same two members.
    private static func c(_ entries: UnsafeMutablePointer<GraphEntry>) -> UnsafeMutablePointer<attune_graph_entry> {
        UnsafeMutableRawPointer(entries).assumingMemoryBound(to: attune_graph_entry.self)
    }

    private static func c(_ entries: UnsafePointer<GraphEntry>) -> UnsafePointer<attune_graph_entry> {
        UnsafeRawPointer(entries).assumingMemoryBound(to: attune_graph_entry.self)
    }
}

extension RandomRotation {
    /// Undoes ``apply(_:)``.
    package func undo(_ vector: UnsafeMutablePointer<Float>) {
        attune_graph_unrotate(signs, vector, width)
    }
}
