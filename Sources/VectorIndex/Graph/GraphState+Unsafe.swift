internal import VectorMath

/// What a graph consists of at one moment: a value whose copies share what neither has changed.
struct GraphState: Sendable {
    let metric: Metric
    let dimension: Int
    let settings: GraphSettings
    let buildBeam: Int
    let layout: GraphRowLayout
    let scratches: GraphScratchPool

    /// Fixed by the first vectors; nil before there are any.
    var space: GraphSpace?
    /// Rows as C reads them.
    var rows: RowStore
    /// The vectors `[D]` in float32, where they are kept.
    var vectors: RowStore?
    /// One id of each vertex.
    var ids: RowStore
    /// Further ids of vertices whose vectors are equal, ascending.
    var twins: [UInt32: [UInt64]] = [:]
    var table = VertexTable()
    /// A bit for each vertex that is in use.
    var live: [UInt32] = []
    /// Vertices have numbers below it.
    var vertexEnd = 0
    /// How many of them are in use.
    var vertexCount = 0
    /// What a search begins with.
    var entryVertices: [UInt32] = []
    var entries = Matrix<UInt8>(rows: 0, columns: 0)
    var calibration: RecallCalibration?
    /// Where rows, vectors and ids are those of a file that was not read yet: check them before they are read.
    var file: GraphFile?

    init(metric: Metric, dimension: Int, settings: GraphSettings) {
        self.metric = metric
        self.dimension = dimension
        buildBeam = settings.buildBeam(dimension: dimension)
        var settings = settings
        settings.buildBeam = buildBeam
        self.settings = settings
        layout = GraphSpace.layout(dimension: dimension, metric: metric, settings: settings)
        scratches = GraphScratchPool(width: layout.width)
        rows = RowStore(rowSize: layout.rowSize)
        vectors = settings.keepsVectors ? RowStore(rowSize: RowStore.vectorSize(dimension: dimension)) : nil
        ids = RowStore(rowSize: 8)
    }

    /// How many ids there are.
    var count: Int { table.count }

    func isLive(_ vertex: UInt32) -> Bool { live[Int(vertex) >> 5] >> (vertex & 31) & 1 == 1 }

    /// Lends the rows; they are valid during the call.
    func withRows<R>(_ body: (GraphRows) -> R) -> R {
        withExtendedLifetime((rows, entries)) {
            entries.withUnsafePointer { entries in
                body(
                    GraphRows(
                        layout: layout, blocks: rows.bases, shift: rows.shift, capacity: vertexEnd, entries: entries,
                        entryBlocks: entryVertices.isEmpty ? 0 : self.entries.columns / layout.listSize,
                        checked: file?.checkedWords, offset: file?.layout.rows.lowerBound ?? 0))
            }
        }
    }

    func id(_ vertex: UInt32) -> UInt64 { ids.row(Int(vertex)).load(as: UInt64.self) }

    /// All ids of a vertex.
    func allIDs(_ vertex: UInt32) -> [UInt64] { [id(vertex)] + (twins[vertex] ?? []) }

    /// The kept vector of a vertex.
    func keptVector(_ vertex: UInt32) -> UnsafePointer<Float>? {
        vectors.map { UnsafePointer($0.row(Int(vertex)).assumingMemoryBound(to: Float.self)) }
    }

    /// A vector as the graph has it, `[D]`.
    func vector(_ vertex: UInt32) -> [Float] {
        if let kept = keptVector(vertex) { return Array(UnsafeBufferPointer(start: kept, count: dimension)) }
        guard let space else { preconditionFailure("a vertex without a space") }
        return scratches.use(vertexCount: vertexEnd, beam: 1) { scratch in
            withRows { $0.vector(vertex, into: scratch.vector) }
            return space.restore(scratch.vector)
        }
    }

    /// The neighbours of a vertex.
    func neighbours(_ vertex: UInt32) -> [UInt32] {
        [UInt32](unsafeUninitializedCapacity: layout.degree) { list, count in
            guard let base = list.baseAddress else { return }
            count = withRows { $0.neighbours(vertex, into: base) }
        }
    }
}
