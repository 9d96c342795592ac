internal import VectorMath

/// Writes the parts of an index of partitions in their order.
struct PartitionFileWriter {
    private let state: PartitionState
    private let tag: [UInt8]
    private let layout: PartitionFileLayout

    init(_ state: PartitionState, tag: [UInt8]) {
        self.state = state
        self.tag = tag
        guard
            let layout = PartitionFileLayout(
                PartitionFileLayout.Numbers(
                    metric: state.metric, dimension: state.dimension, bits: state.settings.bits,
                    vectors: state.settings.vectors, tagSize: tag.count, partitionCount: state.bodies.count,
                    idCount: state.count, bodySize: state.bodies.reduce(0) { $0 + state.layout.size($1.count) }))
        else { preconditionFailure("an index's tag has at most \(IndexFileLayout.maximumTagSize) bytes") }
        self.layout = layout
    }

    func write(to path: String, force: Bool) throws(VectorIndexError) {
        var file = try PagedFileWriter(path: path, force: force)
        func begin(_ part: Range<Int>, _ file: inout PagedFileWriter) throws(VectorIndexError) {
            try file.fill(part.lowerBound - file.position)
        }
        let facts = PartitionFacts(state)
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
        try begin(layout.centres, &file)
        for row in 0..<state.centres.count { try file.append(numbers: state.centres.halves.row(row)) }
        try begin(layout.lengths, &file)
        try file.append(numbers: state.centres.lengths.map(\.bitPattern.littleEndian))
        try begin(layout.roots, &file)
        if !layout.roots.isEmpty { try file.append(state.centres.roots.row(0)) }
        try begin(layout.sizes, &file)
        try file.append(numbers: state.bodies.map { UInt32($0.count).littleEndian })
        try begin(layout.tableIDs, &file)
        let ids = state.table.ids
        try file.append(numbers: ids.map(\.littleEndian))
        try begin(layout.tablePartitions, &file)
        try file.append(numbers: ids.map { (state.table[$0] ?? 0).littleEndian })
        try begin(layout.bodies, &file)
        for body in state.bodies {
            try file.append(UnsafeRawBufferPointer(start: body.base, count: state.layout.size(body.count)))
        }
        try file.fill(layout.pagesOffset - file.position)
        try file.finish(pagesOffset: layout.pagesOffset)
    }
}
