internal import VectorMath

/// Writes a graph's parts in their order.
struct GraphFileWriter {
    private let state: GraphState
    private let tag: [UInt8]
    private let layout: GraphFileLayout

    init(_ state: GraphState, tag: [UInt8]) {
        self.state = state
        self.tag = tag
        let twinCount = state.twins.values.reduce(0) { $0 + $1.count }
        let settings = state.settings
        guard
            let layout = GraphFileLayout(
                GraphFileLayout.Numbers(
                    metric: state.metric, dimension: state.dimension, degree: settings.degree,
                    profile: settings.profile, keepsVectors: settings.keepsVectors, tagSize: tag.count,
                    vertexEnd: state.vertexEnd, idCount: state.count, twinCount: twinCount,
                    entryCount: state.entryVertices.count))
        else { preconditionFailure("a graph's tag has at most \(IndexFileLayout.maximumTagSize) bytes") }
        self.layout = layout
    }

    func write(to path: String, force: Bool) throws(VectorIndexError) {
        var file = try PagedFileWriter(path: path, force: force)
        func begin(_ part: Range<Int>, _ file: inout PagedFileWriter) throws(VectorIndexError) {
            try file.fill(part.lowerBound - file.position)
        }
        let facts = GraphFacts(state)
        try file.append(layout.header)
        try begin(layout.tag, &file)
        try file.append(tag)
        try begin(layout.facts, &file)
        try file.append(facts.bytes)
        try begin(layout.points, &file)
        try file.append(facts.pointBytes)
        try begin(layout.centre, &file)
        let centre = state.space?.centre ?? [Float](repeating: 0, count: layout.centre.count / 4)
        try file.append(numbers: centre.map(\.bitPattern.littleEndian))
        try begin(layout.signs, &file)
        try file.append(state.space?.rotation.signs ?? [UInt8](repeating: 0, count: layout.signs.count))
        try begin(layout.entries, &file)
        try file.append(numbers: state.entryVertices.map(\.littleEndian))
        try begin(layout.entryCodes, &file)
        if !layout.entryCodes.isEmpty { try file.append(state.entries.row(0)) }
        try begin(layout.live, &file)
        var live = state.live
        live += [UInt32](repeating: 0, count: max(0, layout.live.count / 4 - live.count))
        try file.append(numbers: live.prefix(layout.live.count / 4).map(\.littleEndian))
        try begin(layout.ids, &file)
        try append(state.ids, &file)
        try begin(layout.twins, &file)
        for (vertex, ids) in state.twins.sorted(by: { $0.key < $1.key }) {
            for id in ids { try file.append(numbers: [UInt64(vertex).littleEndian, id.littleEndian]) }
        }
        try begin(layout.tableIDs, &file)
        let ids = state.table.ids
        try file.append(numbers: ids.map(\.littleEndian))
        try begin(layout.tableVertices, &file)
        try file.append(numbers: ids.map { (state.table[$0] ?? 0).littleEndian })
        try begin(layout.rows, &file)
        try append(state.rows, &file)
        try begin(layout.vectors, &file)
        if let vectors = state.vectors { try append(vectors, &file) }
        try file.fill(layout.pagesOffset - file.position)
        try file.finish(pagesOffset: layout.pagesOffset)
    }

    /// Appends the rows of vertices; those not in use are 0, so that equal graphs are equal bytes.
    private func append(_ rows: RowStore, _ file: inout PagedFileWriter) throws(VectorIndexError) {
        for vertex in 0..<state.vertexEnd {
            if state.isLive(UInt32(vertex)) {
                try file.append(UnsafeRawBufferPointer(start: rows.row(vertex), count: rows.rowSize))
            } else {
                try file.fill(rows.rowSize)
            }
        }
    }
}
